// SPDX-License-Identifier: Apache-2.0
// Several at once: cells of the grid and rows of lists are chosen, then cleared, marked, noted on.
import { findings, settled } from "../support/browser.mjs";
import { until } from "../support/server.mjs";
import { equal, ok, test } from "../support/tests.mjs";

const tasksOf = async (server, dagId, runId) => {
  const path = `/api/v2/dags/${dagId}/dagRuns/${runId}/taskInstances?limit=100`;
  return new Map((await server.get(path)).task_instances.map((task) => [task.task_id, task]));
};

/** A project of its own with so many runs, all of which ended. */
async function pairs(server, dagId, runs, body = "pass") {
  server.write(
    `${dagId}/dag.py`,
    `from airflow.sdk import DAG, TaskGroup, task
with DAG("${dagId}", schedule=None):
    @task
    def work():
        ${body}
    first = work.override(task_id="first")()
    with TaskGroup("part") as part:
        work.override(task_id="left")()
        work.override(task_id="right")()
    first >> part
`,
  );
  await server.dag(dagId);
  for (const run of runs) await server.ran(dagId, run);
}

const cell = (page, row, run) =>
  page
    .getByRole("grid")
    .getByRole("gridcell", { name: new RegExp(`^${row}:`) })
    .nth(run);
const bar = (page) => page.getByRole("group", { name: "Chosen task instances" });

test("choose: cells of several runs are cleared after a look at them", async ({ server, page }) => {
  await pairs(server, "choose_clear", ["c1", "c2", "c3"]);
  await page.goto("/dags/choose_clear");
  await cell(page, "part.left", 0).click({ modifiers: ["Shift"] });
  await bar(page).getByText("1 chosen").waitFor();
  await cell(page, "part.right", 1).click({ modifiers: ["Shift"] });
  await bar(page).getByText("4 chosen in 2 runs").waitFor();
  await cell(page, "part.left", 0).click();
  await bar(page).getByText("3 chosen in 2 runs").waitFor();
  const problems = await findings(page);
  equal(problems, [], "findings of axe");
  await bar(page).getByRole("button", { name: "Clear…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("This touches 3 task instances:").waitFor();
  await dialog.getByRole("button", { name: "Clear 3" }).click();
  await page.getByText("Cleared 3 task instances").waitFor();
  await bar(page).waitFor({ state: "detached" });
  const tries = async (run, task) => (await tasksOf(server, "choose_clear", run)).get(task);
  for (const [run, task] of [
    ["c1", "part.right"],
    ["c2", "part.left"],
    ["c2", "part.right"],
  ])
    await until(`${task} of ${run} again`, async () => {
      const { try_number: tried, state } = await tries(run, task);
      return tried === 2 && state === "success";
    });
  equal((await tries("c1", "part.left")).try_number, 1, "what was left out");
  equal((await tries("c3", "part.right")).try_number, 1, "another run");
});

test("choose: a group and a task of all runs are marked and noted on", async ({ server, page }) => {
  await pairs(server, "choose_mark", ["c1", "c2"]);
  await page.goto("/dags/choose_mark");
  await cell(page, "part.left", 1).waitFor();
  await page.getByRole("button", { name: "Choose" }).click();
  await page.getByText(/Press cells, bars of runs/).waitFor();
  await cell(page, "part", 1).click();
  await bar(page).getByText("2 chosen").waitFor();
  equal(await cell(page, "part.left", 1).getAttribute("aria-selected"), "true", "a member");
  await bar(page).getByRole("button", { name: "Mark skipped…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("This touches 2 task instances:").waitFor();
  await dialog.getByRole("button", { name: "Mark 2 as skipped" }).click();
  await page.getByText("Marked 2 task instances as skipped").waitFor();
  for (const task of ["part.left", "part.right"])
    await server.taskIs("choose_mark", "c2", task, "skipped");
  await page.getByRole("gridcell", { name: /^part: Skipped/ }).waitFor();
  equal((await tasksOf(server, "choose_mark", "c1")).get("part.left").state, "success", "c1");

  await page.getByRole("button", { name: "Choose" }).click();
  await page.getByRole("rowheader", { name: "first" }).click();
  await bar(page).getByText("2 chosen in 2 runs").waitFor();
  await bar(page).getByRole("button", { name: "Note…" }).click();
  await dialog.getByText("Note on 2 task instances").waitFor();
  await dialog.getByRole("textbox", { name: "Note" }).fill("seen by two");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "detached" });
  for (const run of ["c1", "c2"])
    equal((await tasksOf(server, "choose_mark", run)).get("first").note, "seen by two", run);
});

test("choose: marks reach what is downstream, and later runs", async ({ server, page }) => {
  await pairs(server, "choose_reach", ["c1", "c2"]);
  await page.goto("/dags/choose_reach");
  await cell(page, "first", 0).waitFor();
  await page.getByRole("button", { name: "Choose" }).click();
  await cell(page, "first", 0).click();
  await bar(page).getByRole("button", { name: "Mark skipped…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("This touches 1 task instance:").waitFor();
  await dialog.getByText("And downstream").click();
  await dialog.getByText("This touches 3 task instances:").waitFor();
  await dialog.getByRole("button", { name: "Mark 3 as skipped" }).click();
  await page.getByText("Marked 3 task instances as skipped").waitFor();
  for (const task of ["first", "part.left", "part.right"])
    await server.taskIs("choose_reach", "c1", task, "skipped");
  equal((await tasksOf(server, "choose_reach", "c2")).get("first").state, "success", "c2");

  const dates = ["2026-01-01", "2026-01-02", "2026-01-03"];
  for (const date of dates) {
    const body = { dag_run_id: date, logical_date: `${date}T00:00:00Z`, conf: {} };
    await server.api("POST", "/api/v2/dags/choose_reach/dagRuns", body);
    await server.finished("choose_reach", date);
  }
  await page.goto("/dags/choose_reach/runs/2026-01-02");
  await page.getByRole("checkbox", { name: "Choose first" }).click();
  await bar(page).getByRole("button", { name: "Mark skipped…" }).click();
  await dialog.getByText("And later runs").click();
  await dialog.getByText("This touches 2 task instances:").waitFor();
  await dialog.getByRole("button", { name: "Mark 2 as skipped" }).click();
  await page.getByText("Marked 2 task instances as skipped").waitFor();
  const states = [];
  for (const date of dates)
    states.push((await tasksOf(server, "choose_reach", date)).get("first").state);
  equal(states, ["success", "skipped", "skipped"], "states by date");
});

test("choose: without a mouse", async ({ server, page }) => {
  await pairs(server, "choose_keys", ["c1", "c2"]);
  await page.goto("/dags/choose_keys");
  await cell(page, "first", 0).focus();
  await page.keyboard.press("Space");
  await bar(page).getByText("1 chosen").waitFor();
  await page.keyboard.press("Shift+ArrowRight");
  await bar(page).getByText("2 chosen in 2 runs").waitFor();
  await page.keyboard.press("Shift+ArrowDown");
  await bar(page).getByText("6 chosen in 2 runs").waitFor();
  await page.keyboard.press("Escape");
  await bar(page).waitFor({ state: "detached" });
  await cell(page, "part.right", 1).focus();
  await page.keyboard.press("Space");
  await bar(page).getByRole("button", { name: "Mark skipped…" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByText("This touches 1 task instance:").waitFor();
  await page.getByRole("button", { name: "Mark 1 as skipped" }).waitFor();
  await page.keyboard.press("Enter");
  await server.taskIs("choose_keys", "c2", "part.right", "skipped");
  // The dialog gives the focus back when it is gone.
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await bar(page).waitFor({ state: "detached" });
  await cell(page, "first", 1).focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/runs\/c2\/tasks\/first/);
});

test("choose: open runs are cancelled from the list, and a note is put on them", async ({
  server,
  page,
}) => {
  const gates = await Promise.all(["stop1", "stop2"].map((run) => server.gate(run)));
  for (const run of ["stop1", "stop2"]) await server.taskIs("gate", run, "hold", "running");
  await page.goto("/dags/gate/runs?q=stop");
  const chosen = page.getByRole("group", { name: "Chosen runs" });
  await page.getByRole("checkbox", { name: "Choose stop1 of gate" }).click();
  await page
    .getByRole("checkbox", { name: "Choose stop2 of gate" })
    .click({ modifiers: ["Shift"] });
  await chosen.getByText("2 chosen").waitFor();
  await chosen.getByRole("button", { name: "Note…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Note on 2 runs").waitFor();
  await dialog.getByRole("textbox", { name: "Note" }).fill("the source is down");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("the source is down").first().waitFor();
  for (const run of ["stop1", "stop2"])
    await page.getByRole("checkbox", { name: `Choose ${run} of gate` }).click();
  await chosen.getByRole("button", { name: "Cancel…" }).click();
  await dialog.getByText("This touches 4 task instances of 2 runs:").waitFor();
  await dialog.getByRole("button", { name: "Keep them running" }).waitFor();
  await dialog.getByRole("button", { name: "Cancel 2 runs" }).click();
  await page.getByText("Cancelled 2 runs").waitFor();
  for (const run of ["stop1", "stop2"]) {
    equal(await server.finished("gate", run), "failed", run);
    const path = `/api/v2/dags/gate/dagRuns/${run}`;
    equal((await server.get(path)).note, "the source is down", "note");
  }
  for (const gate of gates) gate.open();
});

test("choose: a run under way is cancelled on its page", async ({ server, page }) => {
  const gate = await server.gate("cancelled");
  await server.taskIs("gate", "cancelled", "hold", "running");
  await page.goto("/dags/gate/runs/cancelled");
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("This touches 2 task instances:").waitFor();
  await dialog.getByRole("button", { name: "Cancel the run" }).click();
  await page.getByText("Cancelled the run").waitFor();
  equal(await server.finished("gate", "cancelled"), "failed", "state");
  await page.getByRole("button", { name: "Cancel", exact: true }).waitFor({ state: "detached" });
  gate.open();
});

test(
  "choose: who may only look has nothing to choose",
  async ({ server, visitor }) => {
    await server.story();
    const page = await visitor.page({
      user: await server.user("looker", "Viewer"),
    });
    await page.goto("/dags/orders");
    const first = page.getByRole("gridcell").first();
    await first.waitFor();
    await settled(page);
    equal(await page.getByRole("button", { name: "Choose" }).count(), 0, "buttons");
    equal(await first.getAttribute("aria-selected"), null, "selected");
    await first.focus();
    await page.keyboard.press("Space");
    ok((await bar(page).count()) === 0, "nothing is chosen");
  },
  { own: true },
);
