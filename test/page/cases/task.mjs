// SPDX-License-Identifier: Apache-2.0
// One task instance: log, XComs, templates, tries, why, actions.
import { readFileSync } from "node:fs";
import { until } from "../support/server.mjs";
import { equal, ok, test } from "../support/tests.mjs";

const kExtract = "/dags/orders/runs/r1/tasks/extract";

test("task: a log with levels, sources, colours, times and wrap", async ({ server, page }) => {
  await server.story();
  await page.goto(kExtract);
  const log = page.getByRole("log");
  await log.getByText("2 orders have no customer").waitFor();
  await log.getByText("reading 1000 orders of 2026-01-31").waitFor();
  const green = await log
    .getByText("green", { exact: true })
    .evaluate((e) => getComputedStyle(e).color);
  const plain = await log.getByText("reading 1000").evaluate((e) => getComputedStyle(e).color);
  ok(green !== plain, "terminal colours are shown");
  await page.getByRole("combobox", { name: "Level", exact: true }).click();
  await page.getByRole("option", { name: "Warnings and errors" }).click();
  await log.getByText("reading 1000").waitFor({ state: "detached" });
  await log.getByText("2 orders have no customer").waitFor();
  await page.goto(`${kExtract}?source=stderr`);
  await log.getByText("to stderr").waitFor();
  equal(await log.getByText("reading 1000").count(), 0, "lines of stdout");
  for (const name of ["Times", "Wrap lines (w)"]) {
    const toggle = page.getByRole("button", { name });
    const before = await toggle.getAttribute("aria-pressed");
    await toggle.click();
    await until(
      `${name} changes`,
      async () => (await toggle.getAttribute("aria-pressed")) !== before,
    );
  }
});

test("task: a log is searched and downloaded", async ({ server, page }) => {
  await server.story();
  await page.addInitScript(() => delete window.showSaveFilePicker);
  await page.goto(kExtract);
  const log = page.getByRole("log");
  await log.getByText("page 1 of 40").waitFor();
  await page.getByRole("textbox", { name: "Find in the log" }).fill("of 40");
  await page.getByText("1 of 40", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Next match" }).click();
  await page.getByText("2 of 40", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Only matching lines" }).click();
  await until("only those", async () => (await log.getByText("reading 1000").count()) === 0);
  const { searchParams } = new URL(page.url());
  equal([searchParams.get("find"), searchParams.get("only")], ["of 40", "1"], "address");
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download" }).click();
  const text = readFileSync(await (await waiting).path(), "utf8");
  ok(text.includes("page 40 of 40"), "the whole log is in the file");
});

test("task: a long log opens at once and is found in", async ({ server, page }) => {
  await server.ran("long_log");
  await page.goto("/dags/long_log/runs/r1/tasks/chatter?find=needle");
  const log = page.getByRole("log");
  await log.getByText("line 15000 of a long story").waitFor();
  ok((await log.locator("[data-index]").count()) < 200, "only lines in sight exist");
});

test("task: a live log follows", async ({ server, page }) => {
  const gate = await server.gate("followed");
  await server.taskIs("gate", "followed", "hold", "running");
  await page.goto("/dags/gate/runs/followed/tasks/hold");
  const log = page.getByRole("log");
  await log.getByText("waiting at the gate").waitFor();
  const lines = Array.from({ length: 200 }, (_, n) => `said ${n}`);
  gate.say(lines);
  await log.getByText("said 199").waitFor();
  const atEnd = () =>
    log.evaluate((area) => area.scrollHeight - area.scrollTop - area.clientHeight < 60);
  await until("the end is in sight", atEnd);
  await page.getByRole("button", { name: /^Follow the end/ }).click();
  await log.evaluate((area) => area.scrollTo(0, 0));
  gate.open();
  await page.getByText("End of log").waitFor();
  ok(!(await atEnd()), "without follow it stays where one reads");
});

test("task: XComs of every shape as trees", async ({ server, page }) => {
  await server.story();
  await page.goto(`${kExtract}/xcom`);
  await page.getByText("return_value").waitFor();
  const main = page.getByRole("main");
  await main.getByText("ratio", { exact: true }).waitFor();
  await main.getByText("0.25").waitFor();
  await main.getByText(/more characters/).click();
  await main.getByRole("button", { name: /nested/ }).waitFor();
  await page.goto("/dags/orders/runs/r1/tasks/check/xcom");
  await main.getByText("some words").waitFor();
  await main.getByRole("button", { name: "200 more" }).click();
  await main.getByText("299", { exact: true }).last().waitFor();
});

test("task: templates as they were filled in", async ({ server, page }) => {
  await server.story();
  await page.goto("/dags/orders/runs/r1/tasks/load.write/rendered");
  await page.getByText("echo day 2026-01-31 run r1").waitFor();
  await page.getByText("bash_command").waitFor();
});

test("task: each try has its log, each attempt its times", async ({ server, page }) => {
  await server.story();
  await page.goto("/dags/orders/runs/r1/tasks/check?try=1");
  await page.getByRole("log").getByText("the warehouse was busy").first().waitFor();
  await page.goto("/dags/orders/runs/r1/tasks/check/tries");
  await page.getByText(/Try 1/).first().waitFor();
  await page.getByText(/Try 2/).first().waitFor();
});

test("task: why it is in its state", async ({ server, page }) => {
  await server.story();
  await page.goto("/dags/broken_load/runs/r1/tasks/publish");
  const main = page.getByRole("main");
  await main.getByText(/load/).first().waitFor();
  await main.getByText("Upstream failed").first().waitFor();
  await page.goto("/dags/broken_load/runs/r1/tasks/load");
  await main
    .getByText(/Connection refused/)
    .first()
    .waitFor();
});

test("task: marked with what is downstream, and noted", async ({ server, page }) => {
  await server.ran("broken_load", "marked");
  await page.goto("/dags/broken_load/runs/marked/tasks/load");
  await page.getByRole("button", { name: "Mark as…" }).click();
  await page.getByRole("menuitem", { name: "Success" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("This touches 1 task instance:").waitFor();
  await dialog.getByText("And downstream").click();
  await dialog.getByText("This touches 2 task instances:").waitFor();
  await dialog.getByRole("button", { name: "Mark as success" }).click();
  await page.getByText("Marked load as success").waitFor();
  await server.taskIs("broken_load", "marked", "publish", "success");
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Add a note" }).click();
  await page.getByRole("textbox", { name: "Note" }).fill("done by hand");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("#main").getByText("done by hand").waitFor();
});

test("task: cleared with what is downstream", async ({ server, page }) => {
  await server.ran("broken_load", "cleared");
  await page.goto("/dags/broken_load/runs/cleared/tasks/load");
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("This touches 2 task instances:").waitFor();
  await dialog.getByText("And downstream").click();
  await dialog.getByText("This touches 1 task instance:").waitFor();
  await dialog.getByRole("button", { name: "Clear 1" }).click();
  const path = "/api/v2/dags/broken_load/dagRuns/cleared/taskInstances/load";
  await until("a second try", async () => (await server.get(path)).try_number === 2);
});
