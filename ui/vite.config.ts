// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath, URL } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = process.env["LEOFLOW_SERVER"] ?? "http://127.0.0.1:8080";

const proxy = Object.fromEntries(
  ["/api", "/auth", "/openapi.json", "/metrics"].map((path) => [path, { target: server }]),
);

export default defineConfig({
  plugins: [react()],
  base: "/",
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: "es2022",
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    rollupOptions: {
      input: ["index.html", "docs/index.html"].map((page) =>
        fileURLToPath(new URL(page, import.meta.url)),
      ),
    },
    chunkSizeWarningLimit: 700,
  },
  server: { proxy },
  preview: {
    proxy,
    // What the server will send, so that a breach shows before it is embedded.
    headers: {
      "Content-Security-Policy":
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
    },
  },
});
