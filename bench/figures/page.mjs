#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// What a browser shows of a server, and when. bench/figures/page.py starts the server; this prints
// one JSON object per figure.
//   page.mjs URL all|dags ROUNDS
import { gzipSync } from "node:zlib";
import { launch, settled, Visitor } from "../../test/page/support/browser.mjs";

const [url, what, kRounds] = [process.argv[2], process.argv[3], Number(process.argv[4] ?? 9)];
const kAdmin = { username: "admin", password: "admin" };
const kFrame = 1000 / 60;
const kSteps = 240; // frames of one pass: two seconds there, two back

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

function say(kind, figure, value, unit, note = "") {
  process.stdout.write(`${JSON.stringify({ kind, figure, value, unit, note })}\n`);
}

/**
 * Milliseconds to the first and to the largest contentful paint of a page of which nothing was
 * loaded before: its frame, and what one came for.
 */
async function paintTimes(visitor, path) {
  const page = await visitor.page({ user: kAdmin });
  await page.goto("/leoflow.svg"); // an open tab: starting its process is not ours
  await page.goto(path);
  await settled(page);
  const times = await page.evaluate(async () => {
    const first = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity;
    const entries = await new Promise((done) =>
      new PerformanceObserver((list) => done(list.getEntries())).observe({
        type: "largest-contentful-paint",
        buffered: true,
      }),
    );
    return [first, entries.at(-1).startTime];
  });
  await page.context().close();
  return times;
}

async function paints(visitor, paths) {
  for (const path of paths) {
    const times = [];
    for (let n = 0; n < kRounds + 1; n += 1) times.push(await paintTimes(visitor, path));
    const later = times.slice(1); // the first one warms the server
    for (const [kind, name, which] of [
      ["paint", "first", 0],
      ["information", "largest", 1],
    ]) {
      const values = later.map((each) => each[which]);
      const note = `longest ${Math.max(...values).toFixed(0)}`;
      say(kind, `${name} contentful paint of ${path}`, median(values), "ms", note);
    }
  }
}

/** Scripts and styles that the first page needs, compressed. */
async function entry() {
  const page = await (await fetch(url)).text();
  const files = [...page.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g)].map(([, file]) => file);
  let sum = gzipSync(page).length;
  for (const file of new Set(files))
    sum += gzipSync(Buffer.from(await (await fetch(new URL(file, url))).arrayBuffer())).length;
  say("entry", "first load, gzip", sum / 1000, "kB", `${new Set(files).size} files`);
}

/** Times between frames while an area scrolls to (x, y) and back. */
function frames(page, selector, x, y) {
  return page.evaluate(
    async ({ selector, x, y, steps }) => {
      const area = document.querySelector(selector);
      const right = Math.min(x, area.scrollWidth - area.clientWidth);
      const down = Math.min(y, area.scrollHeight - area.clientHeight);
      const gaps = [];
      let before = await new Promise((done) => requestAnimationFrame(done));
      for (let n = 0; n <= steps; n += 1) {
        const there = n < steps / 2 ? n / (steps / 2) : 2 - n / (steps / 2);
        area.scrollTo((1 - there) * right, there * down);
        const now = await new Promise((done) => requestAnimationFrame(done));
        gaps.push(now - before);
        before = now;
      }
      return gaps;
    },
    { selector, x, y, steps: kSteps },
  );
}

const lost = (gaps) =>
  gaps.reduce((sum, gap) => sum + Math.max(0, Math.round(gap / kFrame) - 1), 0);

async function scroll(page, figure, selector, x, y) {
  const first = await frames(page, selector, x, y);
  await settled(page);
  const passes = [];
  for (let n = 0; n < 3; n += 1) passes.push(await frames(page, selector, x, y));
  const gaps = passes.sort((a, b) => lost(a) - lost(b))[1];
  const note = `of ${gaps.length}; longest ${Math.max(...gaps).toFixed(1)} ms`;
  say("dropped", `${figure}: dropped frames`, lost(gaps), "", note);
  const firstNote = `of ${first.length}; longest ${Math.max(...first).toFixed(1)} ms; rows are loaded meanwhile`;
  say("information", `${figure}, first pass`, lost(first), "", firstNote);
}

/** From the moment a task is marked by request until its cell has changed on the screen. */
async function changes(page) {
  const times = [];
  for (let n = 0; n < kRounds * 2; n += 1) {
    const state = n % 2 ? "success" : "skipped";
    times.push(
      await page.evaluate(async (state) => {
        const cell = document.querySelector("[role=gridcell]");
        const shown = new Promise((done) => {
          const watch = new MutationObserver(() => {
            if (cell.dataset.state !== state) return;
            watch.disconnect();
            requestAnimationFrame(() => done(performance.now()));
          });
          watch.observe(cell, { attributes: true });
        });
        const [, dag, run, task] = cell.href.match(/dags\/([^/]+)\/runs\/([^/]+)\/tasks\/([^/?]+)/);
        const began = performance.now();
        await fetch(`/api/v2/dags/${dag}/dagRuns/${run}/taskInstances/${task}`, {
          method: "PATCH",
          headers: { "Content-Type": "application/json", "X-Leoflow-Request": "1" },
          body: JSON.stringify({ new_state: state }),
        });
        return (await shown) - began;
      }, state),
    );
  }
  const note = `longest ${Math.max(...times).toFixed(0)}; from the request on`;
  say("change", "a changed task is on the screen", median(times), "ms", note);
}

/** From the moment a run is asked for until its row is on the screen. */
async function newRuns(page) {
  const times = [];
  for (let n = 0; n < kRounds; n += 1) {
    times.push(
      await page.evaluate(async () => {
        const name = `seen-${performance.now()}`.replace(".", "-");
        const shown = new Promise((done) => {
          const watch = new MutationObserver(() => {
            if (!document.querySelector(`a[href$="/${name}"]`)) return;
            watch.disconnect();
            requestAnimationFrame(() => done(performance.now()));
          });
          watch.observe(document.body, { childList: true, subtree: true, attributes: true });
        });
        const began = performance.now();
        await fetch("/api/v2/dags/large/dagRuns", {
          method: "POST",
          headers: { "Content-Type": "application/json", "X-Leoflow-Request": "1" },
          body: JSON.stringify({ logical_date: null, dag_run_id: name }),
        });
        const seen = (await shown) - began;
        await new Promise((done) => setTimeout(done, 2000)); // as it comes when one looks
        return seen;
      }),
    );
  }
  const note = `longest ${Math.max(...times).toFixed(0)}; from the request on; its row is loaded`;
  say("information", "a new run of 1,000 tasks is in the list", median(times), "ms", note);
}

async function all(visitor) {
  await entry();
  await paints(visitor, ["/", "/dags", "/runs", "/dags/large", "/dags/large/runs/r000"]);
  const page = await visitor.page({ user: kAdmin });
  await page.goto("/dags/large?runs=100");
  await page.getByRole("gridcell").first().waitFor();
  await settled(page);
  await scroll(page, "grid of 1,000 tasks x 100 runs", "[role=grid]", Infinity, 6000);
  await changes(page);
  await page.goto("/dags/large/runs");
  await settled(page);
  await newRuns(page);
}

async function manyDags(visitor) {
  await paints(visitor, ["/dags"]);
  const page = await visitor.page({ user: kAdmin });
  await page.goto("/dags");
  await settled(page);
  await scroll(page, "list of 5,000 DAGs", "#main", 0, 12_000);
}

const browser = await launch();
const visitor = new Visitor(browser, { url });
try {
  await (what === "dags" ? manyDags(visitor) : all(visitor));
  const problems = visitor.contexts.flatMap((one) => one.pages().flatMap((page) => page.problems));
  if (problems.length > 0) throw new Error(problems.join("\n"));
} finally {
  await visitor.close();
  await browser.close();
}
