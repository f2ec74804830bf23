// SPDX-License-Identifier: Apache-2.0
// Every state of a view has an address that leads back to it.
import { settled } from "../support/browser.mjs";
import { equal, ok, test } from "../support/tests.mjs";

/** Address, and what must be true on the page that it opens. */
const kLinks = {
  "/dags?view=failing&order=-dag_id": async (page) => {
    ok(await page.getByRole("radio", { name: "Failing" }).isChecked(), "the view");
    equal(
      await page.locator("[aria-sort]").first().getAttribute("aria-sort"),
      "descending",
      "the order",
    );
  },
  "/dags?tag=shop": (page) => page.getByRole("link", { name: "broken_load" }).waitFor(),
  "/runs?state=failed&type=manual": async (page) => {
    ok(await page.getByRole("radio", { name: "Failed" }).isChecked(), "the state");
    ok(await page.getByRole("radio", { name: "Manual" }).isChecked(), "the type");
  },
  "/dags/orders?runs=50&fold=load": async (page) => {
    ok(await page.getByRole("radio", { name: "50 runs" }).isChecked(), "how many runs");
    await page.getByRole("button", { name: /^load/, expanded: false }).waitFor();
  },
  "/dags/orders/graph?run=r1&dir=down": async (page) => {
    ok(await page.getByRole("radio", { name: "Down" }).isChecked(), "the direction");
    const link = page.getByRole("link", { name: /check/ }).first();
    ok((await link.getAttribute("href")).includes("/runs/r1/"), "the run");
  },
  "/dags/orders/durations?runs=100": async (page) =>
    ok(await page.getByRole("radio", { name: "100 runs" }).isChecked(), "how many runs"),
  "/dags/orders/runs/r2/compare?with=r1": (page) => page.getByText("The other run").waitFor(),
  "/dags/orders/runs/r1/tasks/check?try=1": (page) =>
    page.getByRole("log", { name: "Log of try 1" }).waitFor(),
  "/dags/orders/runs/r1/tasks/extract?find=page&only=1&level=info&source=log": async (page) => {
    equal(
      await page.getByRole("textbox", { name: "Find in the log" }).inputValue(),
      "page",
      "what is searched for",
    );
    await page.getByText("1 of 40", { exact: true }).waitFor();
  },
  "/admin/staging?state=deleted": async (page) =>
    ok(await page.getByRole("radio", { name: "Freed" }).isChecked(), "the state"),
  "/admin/audit?who=admin&what=trigger": async (page) =>
    equal(await page.getByRole("textbox", { name: "Who" }).inputValue(), "admin", "who"),
};

test("links: every state of a view opens from its address", async ({ server, page }) => {
  await server.story();
  for (const [address, check] of Object.entries(kLinks)) {
    await page.goto(address);
    await settled(page);
    try {
      await check(page);
    } catch (error) {
      throw new Error(`${address}: ${error.message}`);
    }
    const { pathname, search } = new URL(page.url());
    equal(pathname + search, address, "address after loading");
  }
});

test("links: back and forward go through tabs and filters as one came", async ({
  server,
  page,
}) => {
  await server.story();
  await page.goto("/dags");
  await page.getByRole("link", { name: "orders", exact: true }).click();
  await page.getByRole("link", { name: "Graph" }).click();
  await page.getByRole("link", { name: "Code" }).click();
  await page.getByText("AirflowSkipException").first().waitFor();
  await page.goBack();
  await page.waitForURL(/\/graph$/);
  await page.goBack();
  await page.goBack();
  await page.getByRole("heading", { name: "DAGs", level: 1 }).waitFor();
  await page.goForward();
  await page.getByRole("grid").waitFor();
});
