// SPDX-License-Identifier: Apache-2.0
// One task instance: log, XComs, templates, tries, why, actions.
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
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
  const attempts = page.getByRole("table", { name: "Attempts" });
  await attempts.getByText(/^\d+(\.\d)? MiB$/).nth(1).waitFor(); // each took some memory
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
  await dialog.getByRole("button", { name: "Mark 2 as success" }).click();
  await page.getByText("Marked 2 task instances as success").waitFor();
  await server.taskIs("broken_load", "marked", "publish", "success");
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Add a note" }).click();
  await page.getByRole("textbox", { name: "Note" }).fill("done by hand");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("#main").getByText("done by hand").waitFor();
});

test("task: deleted, and made anew by a clear of its run", async ({ server, page }) => {
  await server.ran("broken_load", "deleted");
  await page.goto("/dags/broken_load/runs/deleted/tasks/extract");
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Delete this instance…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("This touches 1 task instance:").waitFor();
  await dialog.getByRole("button", { name: "Delete 1" }).click();
  await page.getByText("Deleted 1 task instance").waitFor();
  const tasks = page.getByRole("table", { name: "Task instances" });
  await tasks.getByRole("row").filter({ hasText: "publish" }).waitFor();
  equal(await tasks.getByRole("row").filter({ hasText: "extract" }).count(), 0, "rows of it");
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  await dialog.getByText("This touches 3 task instances:").waitFor();
  await dialog.getByRole("button", { name: "Clear 3" }).click();
  await server.taskIs("broken_load", "deleted", "extract", "success");
});

test("task: not deleted while its run goes on", async ({ server, page }) => {
  const gate = await server.gate("not_deleted");
  await server.taskIs("gate", "not_deleted", "hold", "running");
  await page.goto("/dags/gate/runs/not_deleted/tasks/hold");
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Delete this instance…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(/the run is not finished/).waitFor();
  equal(await dialog.getByRole("button", { name: "Delete 0" }).isDisabled(), true, "disabled");
  await gate.open();
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

const kBig = 1 << 30;
const kBigLine = 160; // bytes of each
const kNeedle = 4_000_000; // the line that is looked for

/** Writes a log of a gigabyte in place of the one of a try. */
function writeBigLog(server, run) {
  const logs = join(server.home, "logs/dag_id=quiet", `run_id=${run}`);
  const name = readdirSync(logs).find((each) => each.endsWith(".log"));
  const record = (event) =>
    JSON.stringify({
      timestamp: "2026-01-31T05:00:00Z",
      level: "info",
      logger: "task.stdout",
      event,
    });
  const padded = (event) => `${record(event.padEnd(kBigLine - 1 - record("").length))}\n`;
  const file = openSync(join(logs, name), "w");
  const lines = 1 << 16;
  const piece = Buffer.from(Array.from({ length: lines }, (_, n) => padded(`step ${n}`)).join(""));
  const all = Math.floor(kBig / kBigLine);
  for (let done = 0; done < all; done += lines)
    writeSync(file, piece, 0, Math.min(lines, all - done) * kBigLine);
  writeSync(file, padded("the needle"), (kNeedle - 1) * kBigLine);
  writeSync(file, padded("the last line"), (all - 1) * kBigLine);
  closeSync(file);
  return all;
}

/** Bytes of JavaScript objects that are in use, and of answers that were received. */
async function costs(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  const received = await page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter(({ name }) => name.includes("/logs/"))
      .reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0),
  );
  return { usedSize, received };
}

test("task: a log of 1 GB opens at once", async ({ server, page }) => {
  await server.ran("quiet", "big");
  const last = writeBigLog(server, "big");
  const log = page.getByRole("log");
  const shown = (number, text) =>
    log
      .locator("[data-index]")
      .filter({
        has: page.getByRole("link", { name: String(number), exact: true }),
      })
      .filter({ hasText: text })
      .waitFor();
  await page.goto("/dags/quiet/runs/big/tasks/work");
  await shown(1, "step 0");
  await page.getByText("1.0 GiB").waitFor();
  ok((await costs(page)).received < 2e6, "only what is in sight is read");
  await page.getByRole("button", { name: "Follow the end (f)" }).click();
  await shown(last, "the last line");
  await page.getByText("End of log").waitFor();
  await page.getByRole("textbox", { name: "Go to line" }).fill("3,000,001");
  await page.keyboard.press("Enter");
  await shown(3_000_001, `step ${3_000_000 % 65536}`);
  equal(new URL(page.url()).searchParams.get("line"), "3000001", "the address");
  await page.reload();
  await shown(3_000_001, `step ${3_000_000 % 65536}`);
  const rail = page.getByRole("scrollbar", { name: "Place in the log" });
  const box = await rail.boundingBox();
  await page.mouse.click(box.x + 5, box.y + box.height / 2);
  await until("the middle", async () => (await rail.getAttribute("aria-valuenow")) === "50");
  await log.focus();
  await page.keyboard.press("Home");
  await shown(1, "step 0");
  await page.getByRole("textbox", { name: "Find in the log" }).fill("NEEDLE");
  await shown(kNeedle, "the needle");
  await page.getByText("1 of 1", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Only matching lines" }).click();
  await log.getByText("step 0").first().waitFor({ state: "detached" });
  await shown(kNeedle, "the needle");
  const { usedSize, received } = await costs(page);
  ok(usedSize < 60e6, `the page holds ${usedSize} bytes`);
  ok(received < 30e6, `the page received ${received} bytes`);
});
