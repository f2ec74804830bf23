// SPDX-License-Identifier: Apache-2.0
// One DAG: grid, graph, gantt, durations, runs, tasks, code, details, audit.
import { readFileSync } from "node:fs";
import { settled } from "../support/browser.mjs";
import { kOrdersHour, until } from "../support/server.mjs";
import { equal, ok, test } from "../support/tests.mjs";

test("dag: the grid shows runs by tasks, groups fold, cells lead to task instances", async ({
  server,
  page,
}) => {
  await server.story();
  await page.goto("/dags/orders");
  const grid = page.getByRole("grid");
  await grid
    .getByRole("gridcell", { name: /^archive: Skipped/ })
    .first()
    .waitFor();
  await grid
    .getByRole("gridcell", { name: /^check: Success.*try 2/ })
    .first()
    .waitFor();
  const rows = () => grid.getByRole("rowheader").allTextContents();
  ok(
    (await rows()).some((name) => name.includes("sums")),
    "members of groups are shown",
  );
  await grid.getByRole("button", { name: /^verify/ }).click();
  await until("folded", async () => !(await rows()).some((name) => name.includes("sums")));
  equal(new URL(page.url()).searchParams.get("fold"), "load.verify", "fold in the address");
  await page.reload();
  await settled(page);
  ok(!(await rows()).some((name) => name.includes("sums")), "still folded after a reload");
  await grid
    .getByRole("gridcell", { name: /^check: Success/ })
    .last()
    .click();
  await page.getByRole("log").waitFor();
  ok(page.url().includes("/tasks/check"), "the task instance's page");
});

test("dag: a grid of many tasks exists only where one looks", async ({ server, page }) => {
  await server.story();
  await page.goto("/dags/many");
  const grid = page.getByRole("grid");
  await grid.getByRole("rowheader", { name: "start" }).waitFor();
  equal(await grid.getAttribute("aria-rowcount"), "210", "rows there are");
  const rows = grid.getByRole("rowheader");
  ok((await rows.count()) < 90, `${await rows.count()} rows in the document`);
  await grid.evaluate((area) => area.scrollTo(0, area.scrollHeight));
  await grid.getByRole("rowheader").filter({ hasText: "step_24" }).first().waitFor();
  await grid.evaluate((area) => area.scrollTo(0, 0));
  await grid.getByRole("button", { name: /^part_0/ }).click();
  await until("fewer rows", async () => (await grid.getAttribute("aria-rowcount")) === "185");
});

test("dag: the graph shows states and rules, turns, and is saved as a picture", async ({
  server,
  page,
}) => {
  await server.story();
  await page.goto("/dags/orders/graph");
  await page
    .getByRole("link", { name: /archive/ })
    .first()
    .waitFor();
  await page.getByText("all_done").waitFor();
  const group = (expanded) => page.getByRole("button", { name: /^load/, expanded });
  await group(true).click();
  await group(false).getByText("3 tasks").waitFor();
  equal(new URL(page.url()).searchParams.get("fold"), "load", "what is folded, in the address");
  await group(false).click();
  await page.getByRole("link", { name: /^write/ }).waitFor();
  await page.locator("label", { hasText: "Down" }).click();
  await until("down in the address", () => new URL(page.url()).searchParams.get("dir") === "down");
  for (const [kind, start] of [
    ["SVG", "<svg"],
    ["PNG", "\u0089PNG"],
  ]) {
    await page.getByRole("button", { name: "Save as a picture" }).click();
    const waiting = page.waitForEvent("download");
    await page.getByRole("menuitem", { name: kind }).click();
    const file = await waiting;
    equal(file.suggestedFilename(), `orders.${kind.toLowerCase()}`, "name of the file");
    const content = readFileSync(await file.path(), "latin1");
    ok(content.startsWith(start), `${kind} begins with ${content.slice(0, 8)}`);
    ok(content.length > 2000, `${kind} of ${content.length} bytes`);
  }
  await page.getByRole("link", { name: /check/ }).first().click();
  await page.getByRole("log").waitFor();
});

test("dag: the gantt of a chosen run", async ({ server, page }) => {
  await server.story();
  await page.goto("/dags/orders/gantt?run=r1");
  const list = page.getByRole("list", { name: "Timeline of the run" });
  await list.getByText("load.write").waitFor();
  ok((await list.getByRole("listitem").count()) >= 5, "a lane for each task that ran");
  await page.getByText("Orchestration overhead").waitFor();
  ok((await list.locator('[title^="Waits for retry"]').count()) >= 1, "the pause before a retry");
});

test("dag: durations over time lead to runs", async ({ server, page }) => {
  await server.story();
  await page.goto("/dags/orders/durations");
  await page.getByRole("img", { name: "Duration of runs over time" }).waitFor();
  await page.getByRole("img", { name: "Duration of the slowest tasks over time" }).waitFor();
  await page.locator("label", { hasText: "25 runs" }).click();
  await until("in the address", () => new URL(page.url()).searchParams.get("runs") === "25");
  await settled(page);
  await page.locator(".u-over").first().click();
  await page.getByRole("navigation", { name: "Views of the run" }).waitFor();
});

test("dag: runs, tasks, details and audit have what they are for", async ({ server, page }) => {
  await server.story();
  await page.goto("/dags/orders");
  await settled(page);
  const tabs = page.getByRole("navigation", { name: "Views of the DAG" });
  await tabs.getByRole("link", { name: "Runs" }).click();
  await page.getByRole("table", { name: "Runs" }).getByRole("link", { name: "r2" }).waitFor();
  await tabs.getByRole("link", { name: "Tasks" }).click();
  const tasks = page.getByRole("table", { name: "Tasks" });
  await tasks.getByText("all_done").waitFor();
  await tasks.getByText("2 every 50 ms").waitFor();
  await tabs.getByRole("link", { name: "Details" }).click();
  await page.getByRole("heading", { name: "Orders", exact: true }).waitFor();
  await page.getByText(`Every day at ${String(kOrdersHour).padStart(2, "0")}:00`).first().waitFor();
  await page.getByText("<script>alert(1)</script>").waitFor();
  await tabs.getByRole("link", { name: "Audit" }).click();
  await page.getByRole("table", { name: "Audit log" }).getByText("trigger").first().waitFor();
});

test("dag: code of each version, and what changed between two", async ({ server, page }) => {
  const source = (value) =>
    [
      "from airflow.sdk import DAG, task",
      'with DAG("changing", schedule=None):',
      "    @task",
      "    def work():",
      `        return "${value}"`,
      "    work()",
      "",
    ].join("\n");
  const versions = async () =>
    (await server.get("/api/v2/dags/changing/dagVersions")).dag_versions.length;
  server.write("changing/dag.py", source("first"));
  await server.dag("changing");
  await server.ran("changing", "before");
  server.write("changing/dag.py", source("second"));
  await until("the second version", async () => (await versions()) === 2);
  await page.goto("/dags/changing/code");
  await page.getByText('"second"').waitFor();
  await page.getByRole("combobox", { name: "Version", exact: true }).click();
  await page.getByRole("option", { name: /^1 / }).click();
  await page.getByText('"first"').waitFor();
  equal(new URL(page.url()).searchParams.get("version"), "1", "version in the address");
  await page.goto("/dags/changing/code?version=2&against=1");
  const diff = page.getByRole("region", { name: "Difference" });
  await diff.getByText('return "second"').waitFor();
  await diff.getByText('return "first"').waitFor();
  server.remove("changing");
});

test("dag: its file is compiled again, its history deleted", async ({ server, page }) => {
  const text = 'from airflow.sdk import DAG, task\nwith DAG("leaving", schedule=None):\n';
  server.write("leaving/dag.py", `${text}    @task\n    def work(): pass\n    work()\n`);
  await server.ran("leaving");
  await page.goto("/dags/leaving");
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Compile its file again" }).click();
  await page.getByText("Its file is being compiled again").waitFor();
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: /Delete its history/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  equal((await server.get("/api/v2/dags/leaving/dagRuns")).total_entries, 1, "runs after Cancel");
  server.remove("leaving");
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: /Delete its history/ }).click();
  page.allow(/404/);
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { name: "DAGs", level: 1 }).waitFor();
  await until("no run of it", async () => {
    const { dag_runs: runs } = await server.get("/api/v2/dags/~/dagRuns?limit=100");
    return runs.every((run) => run.dag_id !== "leaving");
  });
});
