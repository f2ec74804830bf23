// SPDX-License-Identifier: Apache-2.0
// The list of DAGs, and starting runs from it.
import { settled } from "../support/browser.mjs";
import { until } from "../support/server.mjs";
import { equal, ok, test } from "../support/tests.mjs";

const rowsOf = (page) => page.getByRole("table", { name: "DAGs" }).locator("[role=rowgroup] > *");

test("dags: found as one types, and the address says so", async ({ server, page }) => {
  await server.story();
  await page.goto("/dags");
  await settled(page);
  ok((await rowsOf(page).count()) >= 7, "all DAGs are listed");
  await page.getByRole("textbox", { name: "Find DAGs by name" }).fill("ord");
  await page.getByText("1 DAG match").waitFor();
  equal(new URL(page.url()).searchParams.get("q"), "ord", "search in the address");
  await page.reload();
  await page.getByText("1 DAG match").waitFor();
  await page.getByRole("button", { name: "Empty the field" }).click();
  await until("all again", async () => (await rowsOf(page).count()) >= 7);
});

test("dags: views, tags and owners filter", async ({ server, page }) => {
  await server.story();
  await page.goto("/dags");
  await settled(page);
  await page.locator("label", { hasText: "Failing" }).click();
  await page.getByRole("link", { name: "broken_load" }).waitFor();
  const quiet = page.getByRole("link", { name: "quiet", exact: true });
  await until("only failing ones", async () => (await quiet.count()) === 0);
  await page.locator("label", { hasText: /^All$/ }).click();
  await page.getByRole("row").getByRole("link", { name: "shop" }).first().click();
  await until("two of the tag", async () => (await rowsOf(page).count()) === 2);
  await page.goto("/dags?owner=sales");
  await until("one of the owner", async () => (await rowsOf(page).count()) === 1);
  await page.getByRole("button", { name: "Any owner" }).click();
  await until("all again", async () => (await rowsOf(page).count()) >= 7);
  await page.goto("/dags?q=nothing-like-this");
  await page.getByRole("button", { name: "Show all" }).click();
  await until("all again", async () => (await rowsOf(page).count()) >= 7);
});

test("dags: the runs of all rows come with one request, new ones by themselves", async ({
  server,
  page,
}) => {
  await server.story();
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.goto("/dags");
  await settled(page);
  equal(asked.filter((path) => /dagRuns/.test(path)).length, 1, "requests for runs");
  const quiet = rowsOf(page).filter({
    has: page.getByRole("link", { name: "quiet", exact: true }),
  });
  const bars = quiet.getByRole("group", { name: /^Last \d+ runs$/ }).getByRole("link", {
    includeHidden: true,
  });
  const before = await bars.count();
  await server.trigger("quiet", "seen");
  await until("one bar more", async () => (await bars.count()) === before + 1);
  await quiet.getByRole("cell").nth(2).getByLabel("Success").waitFor();
});

test("dags: ordered by a column", async ({ server, page }) => {
  await server.story();
  await page.goto("/dags");
  await settled(page);
  const first = () => rowsOf(page).first().getByRole("link").first().textContent();
  equal(await first(), "broken_load", "first by name");
  await page.getByRole("columnheader").getByRole("button", { name: /DAG/ }).click();
  await until("the other way around", async () => (await first()) === "quiet");
  equal(new URL(page.url()).searchParams.get("order"), "-dag_id", "order in the address");
});

test("dags: a favourite stays on top", async ({ server, page }) => {
  await server.story();
  await page.goto("/dags");
  await settled(page);
  const star = page.getByRole("button", { name: "Favourite quiet" });
  await star.click();
  await until("the favourite on top", async () =>
    (await rowsOf(page).first().textContent()).includes("quiet"),
  );
  await page.reload();
  await settled(page);
  equal(await star.getAttribute("aria-pressed"), "true", "the star after a reload");
  await page.locator("label", { hasText: "Favourites" }).click();
  await until("only it", async () => (await rowsOf(page).count()) === 1);
  await star.click();
  await page.getByText("No favourites here").waitFor();
});

test("dags: paused and resumed, with a way back", async ({ server, page }) => {
  await server.dag("long_log");
  const paused = async () => (await server.get("/api/v2/dags/long_log")).is_paused;
  await page.goto("/dags?q=long_log");
  const active = page.getByRole("switch", { name: "long_log is active" });
  await active.waitFor();
  await active.click({ force: true });
  await until("paused", paused);
  await page.getByRole("button", { name: "Undo" }).click();
  await until("active again", async () => !(await paused()));
  await until("the switch is on", () => active.isChecked());
});

test("dags: triggered from the list, the new run opens", async ({ server, page }) => {
  await server.dag("quiet");
  await page.goto("/dags?q=quiet");
  await page.getByRole("button", { name: "Trigger quiet" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Trigger", exact: true }).click();
  await page.getByText("Success", { exact: true }).first().waitFor();
  ok(/\/dags\/quiet\/runs\/manual__/.test(page.url()), `the run's page, not ${page.url()}`);
});
