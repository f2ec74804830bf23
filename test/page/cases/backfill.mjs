// SPDX-License-Identifier: Apache-2.0
// Dates of the past: which they are, how far they have come, ending it.
import { test } from "../support/tests.mjs";

const kDag = [
  "import datetime as dt",
  "from airflow.sdk import DAG, task",
  "start = dt.datetime(2030, 1, 1, tzinfo=dt.timezone.utc)",
  'with DAG("made_up_for", schedule="0 0 * * *", start_date=start):',
  "    @task",
  "    def day():",
  '        print("done")',
  "    day()",
  "",
].join("\n");

test("backfill: shows its dates, runs them and can be cancelled", async ({ server, page }) => {
  server.write("made_up_for/dag.py", kDag);
  await server.dag("made_up_for");
  await server.api("PATCH", "/api/v2/dags/made_up_for", { is_paused: false });
  await page.goto("/dags/made_up_for/backfills");
  await page.getByText("A backfill runs the dates").waitFor();
  const ask = async (from, to) => {
    await page.getByRole("button", { name: "Backfill…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("From").fill(from);
    await dialog.getByLabel("To").fill(to);
    await dialog.getByRole("button", { name: "Show the dates" }).click();
    return dialog;
  };
  const dialog = await ask("2026-01-01", "2026-01-03");
  await dialog.getByRole("status").getByText("3 runs").waitFor();
  await dialog.getByRole("button", { name: "Start 3 runs" }).click();
  await page.getByText("3 success").waitFor();
  await page.getByText(/^completed/).waitFor();

  await server.api("PATCH", "/api/v2/dags/made_up_for", { is_paused: true });
  const second = await ask("2026-01-01", "2026-01-05");
  await second.getByRole("button", { name: "Start 2 runs" }).click();
  await page.getByText("2 queued").waitFor();
  await page.getByRole("button", { name: "Cancel…" }).click();
  await page.getByRole("button", { name: "Cancel the backfill" }).click();
  await page.getByText("2 failed").waitFor();
  await page.getByText(/^cancelled/).waitFor();
  server.remove("made_up_for");
});
