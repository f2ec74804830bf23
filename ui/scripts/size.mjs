// SPDX-License-Identifier: Apache-2.0
// Fails when what the browser must load first is larger than the budget.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const budget = 180 * 1024;
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));
const packed = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;

const first = new Set();
function collect(key) {
  const chunk = manifest[key];
  if (!chunk || first.has(chunk.file)) return;
  first.add(chunk.file);
  for (const style of chunk.css ?? []) first.add(style);
  for (const next of chunk.imports ?? []) collect(next);
}
collect("index.html");

let total = 0;
for (const file of first) {
  const size = packed(file);
  total += size;
  process.stdout.write(`${(size / 1024).toFixed(1).padStart(8)} kB  ${file}\n`);
}
const late = Object.values(manifest)
  .map((chunk) => chunk.file)
  .filter((file) => file.endsWith(".js") && !first.has(file))
  .map((file) => ({ file, size: packed(file) }))
  .sort((a, b) => b.size - a.size)
  .slice(0, 8);
for (const { file, size } of late)
  process.stdout.write(`${(size / 1024).toFixed(1).padStart(8)} kB  ${file} (lazy)\n`);
process.stdout.write(`entry ${(total / 1024).toFixed(1)} kB of ${budget / 1024} kB gzip\n`);
if (total > budget) {
  process.stderr.write("The entry is over its budget: make something lazy.\n");
  process.exit(1);
}
