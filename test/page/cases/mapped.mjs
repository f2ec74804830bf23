// SPDX-License-Identifier: Apache-2.0
// Mapped tasks: the list of instances, the way between them, graph, grid, timeline, actions on one.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findings, kPhone, settled } from "../support/browser.mjs";
import { until } from "../support/server.mjs";
import { equal, ok, test } from "../support/tests.mjs";

const kRun = "/dags/mapped/runs/r1";
const table = (page) => page.getByRole("table", { name: "Task instances" });
const row = (page, text) => table(page).getByRole("row").filter({ hasText: text });
const bar = (page) => page.getByRole("navigation", { name: "Instances of the task" });
const address = (page) => {
  const { pathname, search } = new URL(page.url());
  return pathname + search;
};

/** Tries of the instances of a task, by map index. */
async function triesOf(server, run, task) {
  const path = `/api/v2/dags/mapped/dagRuns/${run}/taskInstances?task_id=${task}&limit=100`;
  return (await server.get(path)).task_instances.map((each) => each.try_number);
}

/** Starts a run whose source waits, and whose last part does. */
async function waiting(server, run) {
  const [file, last] = ["file", "last"].map((name) => join(server.folder, `${name}-${run}`));
  await server.trigger("mapped", run, { file, last });
  return { openSource: () => writeFileSync(file, ""), openLast: () => writeFileSync(last, "") };
}

test("mapped: a list of instances, filtered and searched", async ({ server, page }) => {
  await server.ran("mapped");
  await page.goto(kRun);
  await row(page, "visit [oslo]").getByText("Failed").waitFor();
  await row(page, "work").getByText("×24").waitFor();
  equal(await row(page, "work").count(), 1, "lines of a task with very many");
  await page.getByText("8 tasks, 37 instances").waitFor();
  await row(page, "work").getByRole("link", { name: "work" }).click();
  await page.getByRole("heading", { level: 1, name: /^work/ }).getByText("×24").waitFor();
  await page.getByText("24 of 24 done").waitFor();
  await page.goto(`${kRun}/tasks/visit`);
  await row(page, "lima").waitFor();
  await page.getByRole("search").getByRole("link", { name: "Failed" }).click();
  await row(page, "lima").waitFor({ state: "detached" });
  equal(address(page), `${kRun}/tasks/visit?state=failed`, "the address");
  await row(page, "oslo").getByText("ValueError: no train goes there").waitFor();
  await page.getByText("1 of 3 instances").waitFor();
  await page.getByRole("search").getByRole("link", { name: "Failed" }).click();
  await page.getByRole("textbox", { name: "Find instances" }).fill("2");
  await row(page, "oslo").waitFor({ state: "detached" });
  await row(page, "lima").click();
  await page.getByRole("log").getByText("in lima").waitFor();
  equal(address(page), `${kRun}/tasks/visit?map=2`, "the instance's address");
  await page.getByRole("navigation", { name: "Where you are" }).getByText("visit").click();
  await row(page, "rome").waitFor();
});

test("mapped: from one instance to others, in the same view", async ({ server, page }) => {
  await server.ran("mapped");
  await page.goto(`${kRun}/tasks/visit?map=1`);
  await page.getByRole("heading", { level: 1, name: /visit\s*\[oslo\]/ }).waitFor();
  await bar(page).getByText("2 of 3").waitFor();
  await page.getByRole("log").getByText("in oslo").waitFor();
  await page.getByRole("link", { name: "XCom" }).click();
  await bar(page).getByRole("button", { name: "Next instance: lima" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("main").getByText("return_value").waitFor();
  await page.getByRole("main").getByText("lima").last().waitFor();
  equal(address(page), `${kRun}/tasks/visit/xcom?map=2`, "the address");
  const next = bar(page).getByRole("button", { name: "Next instance" });
  equal(await next.getAttribute("aria-disabled"), "true", "at the end");
  ok(await next.evaluate((e) => e === document.activeElement), "the focus stays");
  await bar(page).getByRole("combobox", { name: "Instance" }).click();
  await page.keyboard.type("rom");
  await page.getByRole("option", { name: /rome/ }).click();
  await bar(page).getByText("1 of 3").waitFor();
  await page.getByRole("heading", { level: 1, name: /\[rome\]/ }).waitFor();
  await page.goto(`${kRun}/tasks/visit?map=0&find=in`);
  await bar(page).getByRole("button", { name: "Next instance: oslo" }).click();
  await page.getByRole("log").getByText("oslo").first().waitFor();
  equal(address(page), `${kRun}/tasks/visit?find=in&map=1`, "what is looked for stays");
  await bar(page).getByRole("link", { name: "Success" }).click();
  await row(page, "rome").waitFor();
  equal(await row(page, "oslo").count(), 0, "failed ones among the successful");
});

test("mapped: why, and what is next to it, name few", async ({ server, page }) => {
  await server.ran("mapped");
  await page.goto(`${kRun}/tasks/publish`);
  const main = page.getByRole("main");
  await main.getByRole("link", { name: /visit \[oslo\]/ }).waitFor();
  await page.goto(`${kRun}/tasks/total/details`);
  const link = main.getByRole("link", { name: /work: 24 of 24 success/ });
  await link.waitFor();
  await link.click();
  await page.waitForURL(/tasks\/work\?state=success$/);
  await page.goto(`${kRun}/tasks/handle.check/details?map=1`);
  await main.getByRole("link", { name: /handle\.load \[1\]/ }).waitFor();
  equal(await main.getByRole("link", { name: /handle\.load \[/ }).count(), 1, "its own index only");
  await page.goto(`${kRun}/tasks/nothing`);
  await main.getByText(/^It was skipped/).waitFor();
  await page.goto(`${kRun}/logs?q=train`);
  await main
    .getByRole("link", { name: /^visit \[oslo\]/ })
    .first()
    .waitFor();
});

test("mapped: the graph says how many, and leads to their list", async ({ server, page }) => {
  await server.ran("mapped");
  await page.addInitScript(() => delete window.showSaveFilePicker);
  await page.goto(`${kRun}/graph`);
  const main = page.getByRole("main");
  const node = (name) => main.getByRole("link", { name });
  await node(/^visit ?×3/).waitFor();
  await node(/^work ?×24/).waitFor();
  const group = main.getByRole("button", { name: /^handle ?×3/ });
  await group.waitFor();
  await page.getByRole("button", { name: "Save as a picture" }).click();
  const saved = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "SVG" }).click();
  const svg = readFileSync(await (await saved).path(), "utf8");
  for (const text of ["×24", "handle ×3"]) ok(svg.includes(text), `${text} in the picture`);
  await group.click();
  await main.getByText("2 tasks ×3").waitFor();
  await node(/^visit/).click();
  await row(page, "oslo").waitFor();
  server.write(
    "unrun_mapped/dag.py",
    readFileSync(join(server.workspace, "mapped/dag.py"), "utf8").replace(
      'DAG("mapped"',
      'DAG("unrun_mapped"',
    ),
  );
  await server.dag("unrun_mapped");
  await page.goto("/dags/unrun_mapped/graph");
  await main.getByText("mapped", { exact: true }).nth(3).waitFor();
  equal(await main.getByText("mapped", { exact: true }).count(), 4, "tasks and groups that are mapped");
  await page.goto("/dags/unrun_mapped/tasks");
  await page.getByRole("row").filter({ hasText: "visit" }).getByText("mapped").waitFor();
  server.remove("unrun_mapped");
});

test("mapped: a cell of the grid stands for its instances", async ({ server, page }) => {
  await server.ran("mapped");
  await page.goto("/dags/mapped");
  const cell = (name) => page.getByRole("gridcell", { name }).first();
  await cell(/^visit: Failed.*, 3 instances: 1 failed, 2 success/).waitFor();
  equal(await cell(/^visit/).getAttribute("data-many"), "true", "marked as several");
  equal(await cell(/^parts/).getAttribute("data-many"), null, "a mark of a single one");
  await page
    .getByRole("grid")
    .getByRole("button", { name: /^handle/ })
    .click();
  await cell(/^handle: Success.*, 6 instances: 6 success/).waitFor();
  await cell(/^visit/).click();
  await row(page, "oslo").waitFor();
  equal(address(page), `${kRun}/tasks/visit`, "the address");
});

test("mapped: many lanes of the timeline are one until it is opened", async ({ server, page }) => {
  await server.ran("mapped");
  await page.goto(`${kRun}/gantt`);
  const lanes = page.getByRole("list", { name: "Timeline of the run" });
  const fold = lanes.getByRole("button", { name: /work ?×24/ });
  await fold.waitFor();
  await lanes.getByRole("link", { name: "visit [oslo]" }).waitFor();
  equal(await lanes.getByRole("link", { name: /^work/ }).count(), 0, "lanes of its instances");
  await fold.click();
  await lanes.getByRole("link", { name: "work [0]" }).waitFor();
  equal(new URL(page.url()).searchParams.get("open"), "work", "open in the address");
  await fold.click();
  await lanes.getByRole("link", { name: "work [0]" }).waitFor({ state: "detached" });
});

test("mapped: one instance is cleared and noted on, all are cleared", async ({ server, page }) => {
  await server.ran("mapped", "cleared");
  await page.goto("/dags/mapped/runs/cleared/tasks/visit?map=1");
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Clear visit [oslo]" });
  await dialog.getByText("This touches 2 task instances:").waitFor();
  await dialog.getByText("And downstream").click();
  await dialog.getByText("This touches 1 task instance:").waitFor();
  await dialog.getByText("visit [oslo]", { exact: true }).last().waitFor();
  await dialog.getByRole("button", { name: "Clear 1" }).click();
  await until(
    "its second try",
    async () => (await triesOf(server, "cleared", "visit")).join() === "1,2,1",
  );
  await server.finished("mapped", "cleared");
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Add a note" }).click();
  await page.getByRole("textbox", { name: "Note" }).fill("by ship, then");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("#main").getByText("by ship, then").waitFor();
  await bar(page).getByRole("link", { name: "All instances" }).click();
  await table(page).getByRole("checkbox", { name: "Choose visit [rome]" }).click();
  await table(page).getByRole("checkbox", { name: "Choose visit [lima]" }).click();
  const asked = page.waitForRequest(/taskInstances\/bulk$/);
  await page.getByRole("button", { name: "Mark skipped…" }).click();
  const named = (await asked).postDataJSON().task_instances;
  equal(
    named.map((each) => `${each.task_id} ${each.map_index}`),
    ["visit 0", "visit 2"],
    "what is marked",
  );
  await page
    .getByRole("dialog")
    .getByText(/^This touches/)
    .waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  await page.getByRole("dialog").getByText("This touches 4 task instances:").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Clear 4" }).click();
  await until(
    "all of them again",
    async () => (await triesOf(server, "cleared", "visit")).join() === "2,3,2",
  );
});

test("mapped: a page turns into the list when its task becomes many", async ({
  server,
  page,
  visitor,
}) => {
  const gate = await waiting(server, "grows");
  await server.taskIs("mapped", "grows", "parts", "running");
  await page.goto("/dags/mapped/runs/grows/tasks/work");
  const main = page.getByRole("main");
  await main.getByText(/waits for (parts|its upstream)/).waitFor();
  const graph = await visitor.page();
  await graph.goto("/dags/mapped/runs/grows/graph");
  await graph.getByRole("link", { name: /work ?mapped/ }).waitFor();
  gate.openSource();
  await page.getByRole("heading", { level: 1, name: /^work/ }).getByText("×24").waitFor();
  await page.getByText("23 of 24 done").waitFor();
  await row(page, "Running").waitFor();
  await graph.getByRole("link", { name: /work ?×24 ?23 of 24 done/ }).waitFor();
  const one = await visitor.page();
  await one.goto("/dags/mapped/runs/grows/tasks/work?map=23");
  await one.getByRole("heading", { level: 1 }).getByText("Running").waitFor();
  gate.openLast();
  await page.getByText("24 of 24 done").waitFor();
  await one.getByRole("heading", { level: 1 }).getByText("Success").waitFor();
  await graph.locator('a[data-state="success"]').filter({ hasText: "work" }).waitFor();
});

test("mapped: on a phone, by everybody", async ({ server, visitor }) => {
  await server.ran("mapped");
  const page = await visitor.page({ viewport: kPhone, user: await server.user("vera", "Viewer") });
  const problems = [];
  for (const path of ["visit", "visit?map=1", "work", "publish"]) {
    await page.goto(`${kRun}/tasks/${path}`);
    await settled(page);
    problems.push(...(await findings(page)).map((finding) => `${path}: ${finding}`));
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (over > 1) problems.push(`${path}: ${over} px wider than the window`);
  }
  equal(problems, [], "problems");
  equal(await page.getByRole("checkbox").count(), 0, "boxes for who may only look");
});
