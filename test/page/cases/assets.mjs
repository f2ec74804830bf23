// SPDX-License-Identifier: Apache-2.0
// Assets: the list, one asset, telling of an update, and what a run is there for.
import { withAssets } from "../support/assets.mjs";
import { until } from "../support/server.mjs";
import { ok, test } from "../support/tests.mjs";

test("assets: found, materialized, told of, and shown at the run they start", async ({
  server,
  page,
}) => {
  await withAssets(server, "shop", async () => {
    await page.goto("/assets?q=shop_");
    const list = page.getByRole("table", { name: "Assets" });
    const row = (name) => list.getByRole("row").filter({ hasText: name });
    await row("shop_raw").getByRole("link", { name: "shop_make" }).waitFor();
    await row("shop_rates").getByText("never").waitFor();
    await row("shop_raw").getByRole("link", { name: "shop_raw" }).click();
    await page.getByText("It was not updated yet").waitFor();
    await page.getByText("s3://shop/raw").waitFor();
    await page.getByRole("button", { name: "Materialize" }).click();
    await page.getByText("asset_materialization__").first().waitFor();

    await page.goto("/assets?q=shop_rates");
    await row("shop_rates").getByRole("link", { name: "shop_rates" }).click();
    ok(!(await page.getByRole("button", { name: "Materialize" }).isVisible()), "no task makes it");
    await until("the event of the task", async () => {
      const found = await server.get("/api/v2/assets/events?name_pattern=shop_raw");
      return found.total_entries > 0;
    });
    await page.getByRole("button", { name: "Create event" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Extra").fill("[1]");
    await dialog.getByText("It has to be an object").waitFor();
    await dialog.getByLabel("Extra").fill('{"day": "today"}');
    await dialog.getByRole("button", { name: "Save" }).click();
    const events = page.getByRole("table", { name: "Asset events" });
    await events.getByText('{"day":"today","from_rest_api":true}').waitFor();
    await events.getByRole("link", { name: "shop_use" }).click();
    await page
      .getByRole("navigation", { name: "Views of the run" })
      .getByRole("link", { name: "Details" })
      .click();
    await page.getByText("Asset events that started it").waitFor();
    await events.getByText('{"rows":12}').waitFor();
    await events.getByRole("link", { name: "shop_rates" }).waitFor();
  });
});

test("assets: a DAG names what it waits for", async ({ server, page }) => {
  await withAssets(server, "mart", async () => {
    await page.goto("/dags/mart_use/details");
    await page.getByText("Triggered by assets").first().waitFor();
    const main = page.getByRole("main");
    await main.getByRole("link", { name: "mart_rates" }).first().click();
    await page.getByRole("heading", { name: "mart_rates" }).waitFor();
  });
});
