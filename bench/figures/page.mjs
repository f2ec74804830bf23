#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// How quickly the page paints, and whether its largest grid scrolls without dropped frames:
// Chromium against a real server with real runs. Prints the figures with their targets.
//   bench/figures/page.mjs [TASKS [RUNS]]     (1000 tasks, 100 runs; LEOFLOW_BUILD names the build)
import { launch, settled, Visitor } from "../../test/page/support/browser.mjs";
import { Server, until } from "../../test/page/support/server.mjs";

const kTasks = Number(process.argv[2] ?? 1000);
const kRuns = Number(process.argv[3] ?? 100);
const kPaintMax = 400; // ms
const kFrame = 1000 / 60;
const kRounds = 9;
const kPath = "/api/v2/dags/large/dagRuns";

const kDag = `from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG("large", schedule=None, max_active_runs=8, max_active_tasks=1000):
    for n in range(${kTasks}):
        EmptyOperator(task_id=f"task_{n:04}")
`;

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

function row(name, value, target, note = "") {
  const met = value <= target ? "ok" : "MISSED";
  process.stdout.write(
    `${name.padEnd(40)} ${value.toFixed(1).padStart(9)}  <= ${target}  ${met}  ${note}\n`,
  );
  return value <= target;
}

async function seed(server) {
  server.write("large/dag.py", kDag);
  await server.dag("large");
  for (let n = 0; n < kRuns; n += 1)
    await server.trigger("large", `r${String(n).padStart(3, "0")}`);
  const count = async () => (await server.get(`${kPath}?state=success&limit=1`)).total_entries;
  await until(`${kRuns} runs`, async () => (await count()) >= kRuns, 600_000);
}

/** Milliseconds to the first contentful paint of a page that was not loaded before. */
async function firstPaint(visitor, path) {
  const page = await visitor.page();
  await page.goto(path);
  await settled(page);
  const paint = await page.evaluate(
    () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity,
  );
  await page.context().close();
  return paint;
}

/** Times between frames while the grid scrolls down and to the left and back. */
function frames(page) {
  return page.evaluate(async () => {
    const area = document.querySelector("[role=grid]");
    const gaps = [];
    let before = performance.now();
    const steps = 240;
    for (let n = 0; n < steps; n += 1) {
      const there = n < steps / 2 ? n / (steps / 2) : 2 - n / (steps / 2);
      area.scrollTo(
        (1 - there) * (area.scrollWidth - area.clientWidth),
        there * Math.min(6000, area.scrollHeight - area.clientHeight),
      );
      const now = await new Promise((done) => requestAnimationFrame(done));
      gaps.push(now - before);
      before = now;
    }
    return gaps.slice(2);
  });
}

const browser = await launch();
const server = await new Server([]).start();
let good = true;
try {
  await seed(server);
  const visitor = new Visitor(browser, server);
  for (const path of ["/", "/dags", "/dags/large"]) {
    const paints = [];
    for (let n = 0; n < kRounds; n += 1) paints.push(await firstPaint(visitor, path));
    good = row(`first contentful paint of ${path}, ms`, median(paints), kPaintMax) && good;
  }
  const page = await visitor.page();
  await page.goto("/dags/large?runs=100");
  await page.getByRole("gridcell").first().waitFor();
  await settled(page);
  await frames(page); // what is loaded by the first pass is not what scrolling costs
  const gaps = await frames(page);
  const dropped = gaps.reduce((sum, gap) => sum + Math.max(0, Math.round(gap / kFrame) - 1), 0);
  const note = `of ${gaps.length}; longest ${Math.max(...gaps).toFixed(1)} ms`;
  good = row(`grid ${kTasks} x ${kRuns}: dropped frames`, dropped, 0, note) && good;
  await visitor.close();
} finally {
  await browser.close();
  server.close();
}
process.exit(good ? 0 : 1);
