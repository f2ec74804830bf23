// SPDX-License-Identifier: Apache-2.0
// Without a mouse: palette, shortcuts, order of focus, dialogs, grid.
import { settled } from "../support/browser.mjs";
import { until } from "../support/server.mjs";
import { equal, ok, test } from "../support/tests.mjs";

const focused = (page) =>
  page.evaluate(() => {
    const at = document.activeElement;
    return at?.getAttribute("aria-label") ?? at?.textContent?.trim() ?? "";
  });

test("keyboard: the palette finds pages, DAGs and actions", async ({ server, page }) => {
  await server.story();
  await page.goto("/");
  await settled(page);
  await page.keyboard.press("Control+k");
  const field = page.getByRole("combobox", { name: "Search and commands" });
  await field.waitFor();
  await page.keyboard.type("audit");
  await page.getByRole("option", { name: /Audit log/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Audit log", level: 1 }).waitFor();
  await page.keyboard.press("Control+k");
  await field.waitFor();
  await page.keyboard.type("orders");
  await page
    .getByRole("option", { name: /^orders/ })
    .first()
    .waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/dags\/orders$/);
  await page.keyboard.press("Control+k");
  await field.waitFor();
  await page.keyboard.type("trigger quiet");
  await page.keyboard.press("Control+k");
  await field.waitFor({ state: "detached" });
  await page.keyboard.press("Control+k");
  await field.waitFor();
  await page.keyboard.type("quiet");
  const trigger = page.getByRole("option", { name: "Trigger quiet" });
  await trigger.waitFor();
  while ((await trigger.getAttribute("aria-selected")) !== "true")
    await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByText("Trigger quiet").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
});

test("keyboard: shortcuts lead everywhere and the help lists them", async ({ page }) => {
  await page.goto("/");
  await settled(page);
  for (const [keys, heading] of [
    ["gd", "DAGs"],
    ["gr", "Runs"],
    ["gc", "Connections"],
    ["gp", "Pools"],
    ["ga", "Audit log"],
    ["ge", "Import errors"],
  ]) {
    for (const key of keys) await page.keyboard.press(key);
    await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
  }
  await page.keyboard.press("?");
  await page.getByRole("dialog").getByText("Keyboard shortcuts").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.keyboard.press("g");
  await page.keyboard.press("d");
  await page.getByRole("heading", { name: "DAGs", level: 1 }).waitFor();
  await page.keyboard.press("/");
  await until("the filter has focus", async () => (await focused(page)) === "Find DAGs by name");
  await page.keyboard.press("Escape");
});

test("keyboard: triggering without a mouse; the dialog keeps the focus and gives it back", async ({
  server,
  page,
}) => {
  await server.dag("quiet");
  await page.goto("/dags/quiet");
  await settled(page);
  await page.keyboard.press("t");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Trigger", exact: true }).waitFor();
  for (let n = 0; n < 12; n += 1) {
    await page.keyboard.press("Tab");
    ok(
      await page.evaluate(() => document.activeElement?.closest("[role=dialog]") !== null),
      "focus left the dialog",
    );
  }
  await dialog.getByRole("button", { name: "Trigger", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/runs\/manual__/);
  const clear = page.getByRole("button", { name: "Clear", exact: true });
  await clear.focus();
  await page.keyboard.press("Enter");
  await dialog.waitFor();
  await page.keyboard.press("Escape");
  await until("focus is back", async () => (await focused(page)) === "Clear");
});

test("keyboard: everything on the DAGs page is reached in order and visible", async ({
  server,
  page,
}) => {
  await server.dag("quiet");
  await page.goto("/dags?q=quiet");
  await page.getByRole("link", { name: "quiet", exact: true }).waitFor();
  const seen = [];
  await page.evaluate(() => document.body.focus());
  for (let n = 0; n < 60; n += 1) {
    await page.keyboard.press("Tab");
    const name = await focused(page);
    seen.push(name);
    const outline = await page.evaluate(() => {
      const at = document.activeElement;
      if (!at || at === document.body) return "none";
      const shown = [at, ...at.querySelectorAll("*"), at.parentElement, at.nextElementSibling];
      return shown.some((each) => {
        if (!each) return false;
        const style = getComputedStyle(each);
        return (
          style.outlineStyle !== "none" || style.boxShadow !== "none" || at.tagName === "INPUT"
        );
      });
    });
    ok(outline, `the focus on ${name} is not visible`);
    if (name === "Trigger quiet") break;
  }
  const at = (name) => seen.indexOf(name);
  ok(at("Home") >= 0 && at("Home") < at("Find DAGs by name"), `order: ${seen.join(" > ")}`);
  ok(at("Find DAGs by name") < at("quiet"), "the filter before the rows");
  ok(at("quiet") < at("Trigger quiet"), "the name before the actions");
});

test("keyboard: the grid is walked with the arrow keys", async ({ server, page }) => {
  await server.story();
  await page.goto("/dags/orders");
  await page.getByRole("gridcell").first().waitFor();
  await page.getByRole("grid").focus();
  await page.keyboard.press("ArrowDown");
  const first = await focused(page);
  ok(/: /.test(first), `a cell has focus, not ${first}`);
  await page.keyboard.press("ArrowDown");
  await until("another cell", async () => (await focused(page)) !== first);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/tasks\//);
});

test("keyboard: a skip link leads past the navigation", async ({ page }) => {
  await page.goto("/runs");
  await settled(page);
  await page.keyboard.press("Tab");
  equal(await focused(page), "Skip to the content", "the first stop");
  await page.keyboard.press("Enter");
  equal(await page.evaluate(() => document.activeElement?.id), "main", "focus");
});
