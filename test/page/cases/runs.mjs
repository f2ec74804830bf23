// SPDX-License-Identifier: Apache-2.0
// Lists of runs, one run and everything one can do with it.
import { settled } from "../support/browser.mjs";
import { until } from "../support/server.mjs";
import { equal, ok, test } from "../support/tests.mjs";

const kTabs = "Views of the run";

test("runs: of every DAG, filtered by state, type and name", async ({ server, page }) => {
  await server.story();
  await page.goto("/runs");
  const table = page.getByRole("table", { name: "Runs" });
  // Other tests run it too.
  await table.getByRole("link", { name: "broken_load" }).first().waitFor();
  await page.locator("label", { hasText: "Failed" }).click();
  await until("only failed ones", async () => {
    const states = await table
      .locator("[data-state]")
      .evaluateAll((all) => all.map((each) => each.dataset.state));
    return states.length > 0 && states.every((state) => state === "failed");
  });
  await page.goto("/runs?q=r3");
  await table.getByRole("link", { name: "r3" }).waitFor();
  await page.goto("/runs?q=nothing-like-this");
  await page.getByText("No run matches").waitFor();
});

test("run: figures, account of its time, task table", async ({ server, page }) => {
  await server.story();
  await page.goto("/dags/orders/runs/r1");
  await page
    .getByText(/^0:0\d\.\d{3}$/)
    .first()
    .waitFor();
  await page.getByText("Orchestration overhead").waitFor();
  const table = page.getByRole("table", { name: "Task instances" });
  const row = (name) => table.getByRole("row").filter({ hasText: name }).first();
  await row("archive").getByText("Skipped").waitFor();
  await row("archive").getByText("nothing to archive today").waitFor();
  await row("check").getByText("Success").waitFor();
  await page.goto("/dags/broken_load/runs/r1");
  await row("publish").getByText("Upstream failed").waitFor();
  await row("load").getByText("Connection refused").waitFor();
});

test("run: graph, timeline, details with its staging volume, compare", async ({ server, page }) => {
  await server.story();
  await page.goto("/dags/orders/runs/r2");
  const tab = (name) =>
    page.getByRole("navigation", { name: kTabs }).getByRole("link", { name }).click();
  await tab("Graph");
  await page
    .getByRole("link", { name: /archive/ })
    .first()
    .waitFor();
  await tab("Timeline");
  await page.getByRole("list", { name: "Timeline of the run" }).getByText("extract").waitFor();
  await tab("Details");
  await page.getByText("the run succeeded (run_succeeded)").waitFor();
  await tab("Compare");
  await page.getByRole("table", { name: "Tasks of both runs" }).getByText("load.write").waitFor();
  await page.goto("/dags/orders/runs/r2/compare?with=r1");
  await page.getByText("The other run").waitFor();
  ok(page.url().includes("with=r1"), "the other run in the address");
});

test("run: triggered again with the same configuration", async ({ server, page }) => {
  await server.ran("forms", "conf1", { name: "ada", times: 5 });
  await page.goto("/dags/forms/runs/conf1");
  await page.getByRole("button", { name: "Trigger again" }).click();
  const dialog = page.getByRole("dialog");
  equal(await dialog.getByLabel("Your name").inputValue(), "ada", "the run's own conf");
  await dialog.getByRole("button", { name: "More options" }).click();
  await dialog.getByLabel("Run id").fill("conf2");
  await dialog.getByRole("button", { name: "Trigger", exact: true }).click();
  await page.waitForURL(/runs\/conf2/);
  const { conf } = await server.get("/api/v2/dags/forms/dagRuns/conf2");
  equal([conf.name, conf.times], ["ada", 5], "conf of the new run");
});

test("run: the form of a trigger knows each kind of param", async ({ server, page }) => {
  await server.dag("forms");
  await page.goto("/dags/forms");
  await page.getByRole("button", { name: "Trigger", exact: true }).click();
  const dialog = page.getByRole("dialog");
  const go = dialog.getByRole("button", { name: "Trigger", exact: true });
  await dialog.getByLabel("Your name").fill("x");
  await until("too short a name holds it back", () => go.isDisabled());
  await dialog.getByLabel("Your name").fill("grace");
  await dialog.getByLabel("times").fill("7");
  await dialog.getByLabel("ratio").fill("0.75");
  await dialog.getByRole("switch").click({ force: true });
  await dialog.getByLabel(/^colour/).click();
  await page.getByRole("option", { name: "blue" }).click();
  await dialog.getByLabel("day").fill("2026-03-04");
  await dialog.getByRole("button", { name: "As JSON" }).click();
  const json = dialog.getByLabel("Configuration");
  const shown = JSON.parse(await json.inputValue());
  equal(shown.name, "grace", "what the form has, as JSON");
  await json.fill("{ not json");
  await until("broken JSON holds it back", () => go.isDisabled());
  await json.fill(JSON.stringify({ ...shown, options: { deep: [1, 2] } }));
  await dialog.getByRole("button", { name: "More options" }).click();
  await dialog.getByLabel("Run id").fill("formed");
  await go.click();
  await page.waitForURL(/runs\/formed/);
  const { conf } = await server.get("/api/v2/dags/forms/dagRuns/formed");
  equal(conf.times, 7, "times");
  equal(conf.ratio, 0.75, "ratio");
  equal(conf.loud, false, "loud");
  equal(conf.colour, "blue", "colour");
  equal(conf.day, "2026-03-04", "day");
  equal(conf.options, { deep: [1, 2] }, "options");
});

test("run: clear shows what it touches, then the tasks run again", async ({ server, page }) => {
  await server.ran("quiet", "cleared");
  await page.goto("/dags/quiet/runs/cleared");
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("This touches 1 task instance:").waitFor();
  await dialog.getByText("Only failed").click();
  await dialog.getByText("Nothing would be cleared").waitFor();
  ok(await dialog.getByRole("button", { name: /^Clear/ }).isDisabled(), "nothing to clear");
  await dialog.getByText("Only failed").click();
  await dialog.getByRole("button", { name: "Clear 1" }).click();
  await page.getByText("Cleared 1 task instance").waitFor();
  await until("a second try", async () => {
    const task = await server.get("/api/v2/dags/quiet/dagRuns/cleared/taskInstances/work");
    return task.try_number === 2 && task.state === "success";
  });
});

test("run: several tasks chosen and cleared together", async ({ server, page }) => {
  await server.ran("broken_load", "chosen");
  await page.goto("/dags/broken_load/runs/chosen");
  await page.getByRole("checkbox", { name: "Choose load" }).click();
  await page.getByRole("checkbox", { name: "Choose publish" }).click();
  await page.getByText("2 chosen").waitFor();
  await page.getByRole("button", { name: "Clear…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("This touches 2 task instances:").waitFor();
  await dialog.getByRole("button", { name: "Clear 2" }).click();
  await until("load tried again", async () => {
    const task = await server.get("/api/v2/dags/broken_load/dagRuns/chosen/taskInstances/load");
    return task.try_number === 2;
  });
});

test("run: several tasks chosen and marked together", async ({ server, page }) => {
  await server.ran("broken_load", "marked_many");
  await page.goto("/dags/broken_load/runs/marked_many");
  await page.getByRole("checkbox", { name: "Choose all tasks" }).click();
  await page.getByText("3 chosen").waitFor();
  await page.getByRole("button", { name: "Mark success…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("This touches 2 task instances:").waitFor();
  await dialog.getByRole("button", { name: "Mark 2 as success" }).click();
  await page.getByText("Marked 2 task instances as success").waitFor();
  for (const task of ["load", "publish"])
    await server.taskIs("broken_load", "marked_many", task, "success");
  const row = page.getByRole("table", { name: "Task instances" }).getByRole("row");
  await row.filter({ hasText: "publish" }).getByText("Success", { exact: true }).waitFor();
});

test("run: marked, which ends what runs", async ({ server, page }) => {
  const gate = await server.gate("marked");
  await server.taskIs("gate", "marked", "hold", "running");
  await page.goto("/dags/gate/runs/marked");
  await page.getByRole("button", { name: "Mark as…" }).click();
  await page.getByRole("menuitem", { name: /^Failed/ }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(/This touches/).waitFor();
  await dialog.getByRole("button", { name: "Mark as failed" }).click();
  await page.getByText("Marked the run as failed").waitFor();
  equal(await server.finished("gate", "marked"), "failed", "state");
  gate.open();
});

test("run: a note is written and shown", async ({ server, page }) => {
  await server.ran("quiet", "noted");
  await page.goto("/dags/quiet/runs/noted");
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Add a note" }).click();
  await page.getByRole("textbox", { name: "Note" }).fill("looked at, fine");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("#main").getByText("looked at, fine").waitFor();
  equal((await server.get("/api/v2/dags/quiet/dagRuns/noted")).note, "looked at, fine", "note");
});

test("run: deleted after a question", async ({ server, page }) => {
  await server.ran("quiet", "deleted");
  await page.goto("/dags/quiet/runs/deleted");
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: /Delete the run/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  page.allow(/404/);
  await page.getByRole("navigation", { name: "Views of the DAG" }).waitFor();
  await settled(page);
  const { dag_runs: runs } = await server.get("/api/v2/dags/quiet/dagRuns");
  ok(!runs.some((run) => run.dag_run_id === "deleted"), "it is gone");
});

test("runs: several chosen, cleared and deleted together", async ({ server, page }) => {
  await Promise.all([server.ran("quiet", "bulk1"), server.ran("quiet", "bulk2")]);
  await page.goto("/dags/quiet/runs?q=bulk");
  for (const run of ["bulk1", "bulk2"])
    await page.getByRole("checkbox", { name: `Choose ${run} of quiet` }).click();
  const bar = page.getByRole("group", { name: "Chosen runs" });
  await bar.getByText("2 chosen").waitFor();
  await bar.getByRole("button", { name: "Clear…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("This touches 2 task instances of 2 runs:").waitFor();
  await dialog.getByRole("button", { name: "Clear 2 runs" }).click();
  await page.getByText("Cleared 2 runs").waitFor();
  for (const run of ["bulk1", "bulk2"])
    await until("a second try", async () => {
      const path = `/api/v2/dags/quiet/dagRuns/${run}/taskInstances/work`;
      const task = await server.get(path);
      return task.try_number === 2 && task.state === "success";
    });
  await page.getByRole("checkbox", { name: "Choose all that are listed" }).click();
  await bar.getByRole("button", { name: "Delete…" }).click();
  await dialog.getByRole("button", { name: "Delete 2 runs" }).click();
  await page.getByText("No run matches").waitFor();
});

test("run: the logs of all its tasks are searched at once", async ({ server, page }) => {
  await server.story();
  await page.goto("/dags/orders/runs/r1/logs");
  await page.getByText("Look through every log of this run").waitFor();
  await page.getByRole("textbox", { name: "Find in all logs" }).fill("warehouse was busy");
  const table = page.getByRole("table", { name: "Lines found" });
  await table.getByRole("link", { name: /check/ }).first().waitFor();
  await page.goto("/dags/orders/runs/r1/logs?level=error");
  await table.getByText("an error line that is only a line").waitFor();
  await page.goto("/dags/orders/runs/r1/logs?q=page%207");
  await table.getByRole("link", { name: "extract" }).first().click();
  await page.getByRole("log").getByText("page 7 of 40").waitFor();
});
