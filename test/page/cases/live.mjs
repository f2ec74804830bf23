// SPDX-License-Identifier: Apache-2.0
// Changes appear by themselves; a server that dies and comes back is noticed and caught up with.
import { settled } from "../support/browser.mjs";
import { Server, until } from "../support/server.mjs";
import { equal, ok, test } from "../support/tests.mjs";

test("live: states change on an open page without asking again and again", async ({
  server,
  page,
}) => {
  const gate = await server.gate("watched");
  await server.taskIs("gate", "watched", "hold", "running");
  await page.goto("/dags/gate/runs/watched");
  const row = page.getByRole("table", { name: "Task instances" }).getByRole("row");
  await row.filter({ hasText: "hold" }).getByText("Running").waitFor();
  await page.getByRole("button", { name: /^Live/ }).waitFor();
  await settled(page);
  let asked = 0;
  page.on("request", () => (asked += 1));
  gate.open();
  await row.filter({ hasText: "hold" }).getByText("Success").waitFor();
  await row.filter({ hasText: "after" }).getByText("Success").waitFor();
  await page.getByRole("main").locator("h1").getByText("Success").waitFor();
  ok(asked < 20, `${asked} requests`);
});

test("live: a thousand changes are few requests", async ({ server, visitor }) => {
  const runs = [1, 2, 3, 4, 5].map((n) => `burst${n}`);
  for (const run of runs) await server.ran("many", run);
  const paths = ["/dags/many/runs/burst1", "/dags/many", "/runs", "/"];
  const pages = await Promise.all(paths.map(() => visitor.page()));
  for (const [n, page] of pages.entries()) {
    await page.goto(paths[n]);
    await settled(page);
  }
  const asked = pages.map(() => 0);
  for (const [n, page] of pages.entries()) page.on("request", () => (asked[n] += 1));
  const changes = { count: 0 };
  await pages[0].exposeFunction("told", (count) => (changes.count += count));
  await pages[0].evaluate(async () => {
    const answer = await fetch("/api/leoflow/v1/events");
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    (async () => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        window.told(value.split("\nevent: task_instance\n").length - 1);
      }
    })();
  });
  // Clearing the runs changes each of their 201 tasks again.
  for (const run of runs)
    await server.api("POST", "/api/v2/dags/many/clearTaskInstances", {
      dry_run: false,
      dag_run_id: run,
      only_failed: false,
    });
  await until("a thousand changes", () => changes.count >= 1000);
  for (const run of runs) await server.finished("many", run);
  await pages[0].getByRole("main").locator("h1").getByText("Success").waitFor();
  await until(
    "every task is shown as done",
    async () =>
      (await server.get("/api/v2/dags/many/dagRuns/burst1/taskInstances?state=success&limit=1"))
        .total_entries === 201,
  );
  for (const page of pages) await settled(page);
  for (const [n, count] of asked.entries())
    ok(count < 60, `${paths[n]}: ${count} requests for ${changes.count} changes`);
});

test("live: a new run appears in lists, grid and home", async ({ server, visitor, page }) => {
  await server.ran("gate", "older", { file: "/" });
  await page.goto("/dags/gate");
  const grid = page.getByRole("grid");
  await grid.getByRole("columnheader", { name: /older/ }).waitFor();
  const home = await visitor.page();
  await home.goto("/");
  const list = await visitor.page();
  await list.goto("/runs");
  await settled(list);
  await settled(home);
  const gate = await server.gate("appearing");
  await grid.getByRole("columnheader", { name: /appearing/ }).waitFor();
  await home.getByRole("link", { name: /gate/ }).first().waitFor();
  await list.getByRole("link", { name: "appearing" }).waitFor({ state: "attached" });
  gate.open();
  await grid.getByRole("columnheader", { name: /^Success[^]*appearing/ }).waitFor();
});

test("live: a DAG that is saved appears in the list", async ({ server, page }) => {
  await page.goto("/dags?q=fresh");
  await page.getByText("No DAG matches").waitFor();
  const text = 'from airflow.sdk import DAG, task\nwith DAG("fresh_one", schedule=None):\n';
  server.write("fresh/dag.py", `${text}    @task\n    def work(): pass\n    work()\n`);
  await page.getByRole("link", { name: "fresh_one" }).waitFor();
  server.remove("fresh");
});

const kRefused = /ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|Failed to fetch|network error/;

test(
  "live: the server is killed and comes back: the page says so, catches up, and is right",
  async ({ visitor }) => {
    const server = await new Server(["gate", "quiet"]).start();
    visitor.server = server;
    try {
      const page = await visitor.page();
      page.allow(kRefused);
      const gate = await server.gate("survives");
      await server.taskIs("gate", "survives", "hold", "running");
      await page.goto("/dags/gate/runs/survives");
      const row = page.getByRole("table", { name: "Task instances" }).getByRole("row");
      await row.filter({ hasText: "hold" }).getByText("Running").waitFor();
      await page.getByRole("button", { name: /^Live/ }).waitFor();
      const log = await visitor.page();
      log.allow(kRefused);
      await log.goto("/dags/gate/runs/survives/tasks/hold");
      await log.getByRole("log").getByText("waiting at the gate").waitFor();
      await server.kill();
      await page.getByRole("button", { name: /^Offline/ }).waitFor();
      gate.say(["said while the server was away"]);
      gate.open();
      await server.start();
      await page.getByRole("button", { name: /^Live/ }).waitFor();
      await row.filter({ hasText: "hold" }).getByText("Success").waitFor();
      await row.filter({ hasText: "after" }).getByText("Success").waitFor();
      equal(await server.finished("gate", "survives"), "success", "the run");
      await log.getByRole("log").getByText("said while the server was away").waitFor();
      await log.getByText("End of log").waitFor();
      for (const one of [page, log]) equal(one.problems, [], "problems");
      // What happened after the restart is pushed again.
      await page.goto("/dags/quiet");
      await page.getByText("It has not run yet").waitFor();
      await server.ran("quiet");
      await page.getByRole("gridcell", { name: /^work: Success/ }).waitFor();
    } finally {
      server.close();
    }
  },
  { own: true },
);

test(
  "home: without DAGs it says what to do first, and a first DAG takes its place",
  async ({ visitor }) => {
    const server = await new Server([]).start();
    visitor.server = server;
    try {
      const page = await visitor.page();
      await page.goto("/");
      await page.getByText("Your first DAG").waitFor();
      const code = await page.locator("ol pre").first().textContent();
      server.write("first/dag.py", code);
      await page.getByText("Runs in the last 24 hours").waitFor();
      await server.ran("first");
      await until("the run is counted", async () =>
        (await page.getByRole("main").textContent()).includes("hello"),
      );
      equal(page.problems, [], "problems");
    } finally {
      server.close();
    }
  },
  { own: true },
);

test("home: what runs, what failed and why, health", async ({ server, page }) => {
  await server.story();
  await page.goto("/");
  await page.getByText("What failed, and why").waitFor();
  await page
    .getByRole("link", { name: /Connection refused/ })
    .first()
    .waitFor();
  await page.getByText("Flakiest").click();
  await page.getByRole("link", { name: /check.*orders/ }).waitFor();
  await page.getByRole("link", { name: /Failing/ }).click();
  await page.getByRole("link", { name: "broken_load" }).waitFor();
});
