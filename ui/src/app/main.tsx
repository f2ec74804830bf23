// SPDX-License-Identifier: Apache-2.0
import "@fontsource-variable/geist";
import "@fontsource-variable/geist-mono";
import "@/styles/mantine.css";
import "@/styles/tokens.css";
import "@/styles/base.css";
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "@/api/error";
import { App } from "./App";
import { preload } from "./Routes";
import { cssVariables, theme } from "./theme";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // Changes are pushed: what is cached stays true until the stream says otherwise.
      staleTime: 5 * 60_000,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      retry: (failures, error) =>
        failures < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500),
    },
  },
});

preload(window.location.pathname);
const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <QueryClientProvider client={client}>
        <App />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
