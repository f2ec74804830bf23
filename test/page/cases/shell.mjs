// SPDX-License-Identifier: Apache-2.0
// What is around every page: signing in, navigation, appearance, time zone, errors.
import { kPhone, settled } from "../support/browser.mjs";
import { kPassword, until } from "../support/server.mjs";
import { equal, ok, test } from "../support/tests.mjs";

test(
  "shell: signing in leads where one wanted to be, signing out leads away",
  async ({ visitor }) => {
    const page = await visitor.page({ user: null });
    page.allow(/401/);
    await page.goto("/admin/pools");
    await page.getByLabel("User name").fill("admin");
    await page.getByRole("textbox", { name: "Password" }).fill("wrong-password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByRole("textbox", { name: "Password" }).fill(kPassword);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Pools", level: 1 }).waitFor();
    equal(new URL(page.url()).pathname, "/admin/pools", "address");
    await page.reload();
    await page.getByRole("heading", { name: "Pools", level: 1 }).waitFor();
    await page.getByRole("button", { name: "Signed in as admin" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
  },
  { own: true },
);

test("shell: the side bar reaches every page and says where one is", async ({ page }) => {
  await page.goto("/");
  const nav = page.getByRole("navigation", { name: "Pages", exact: true });
  await nav.waitFor();
  const names = await nav
    .getByRole("link")
    .evaluateAll((links) =>
      links.map((link) => link.getAttribute("aria-label")).filter((name) => name !== "Leoflow"),
    );
  ok(names.length >= 14, `only ${names.length} pages: ${names.join(", ")}`);
  for (const name of names) {
    await nav.getByRole("link", { name, exact: true }).click();
    await settled(page);
    const here = await nav.locator("[aria-current=page]").getAttribute("aria-label");
    equal(here, name, "page in the side bar");
    ok((await page.title()).endsWith("Leoflow"), `the title of ${name}`);
  }
});

test("shell: an unknown address says so and leads home", async ({ page }) => {
  await page.goto("/nothing/here");
  await page.getByText("There is no such page").waitFor();
  await page.getByRole("link", { name: "Go home" }).click();
  await page.locator("#main h1").first().waitFor({ state: "attached" });
  equal(new URL(page.url()).pathname, "/", "address");
});

test("shell: a DAG, run or task that is not there says so", async ({ server, page }) => {
  await server.ran("quiet");
  page.allow(/404/);
  for (const path of ["/dags/nope", "/dags/quiet/runs/nope", "/dags/quiet/runs/r1/tasks/nope"]) {
    await page.goto(path);
    await page.getByRole("alert").getByText("Not found").first().waitFor();
  }
});

test("shell: dark and light are remembered", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("button", { name: /^Appearance/ }).click();
  await page.getByRole("menuitemradio", { name: "Dark" }).click();
  const scheme = () =>
    page.evaluate(() => document.documentElement.getAttribute("data-mantine-color-scheme"));
  equal(await scheme(), "dark", "scheme");
  await page.reload();
  await settled(page);
  equal(await scheme(), "dark", "scheme after a reload");
});

test("shell: times follow the chosen zone", async ({ server, page }) => {
  await server.ran("quiet");
  await page.goto("/dags/quiet/runs/r1/details");
  await settled(page);
  const started = page.locator("dt", { hasText: /^Started$/ }).locator("+ dd time");
  const iso = await started.getAttribute("datetime");
  const clock = (zone) =>
    new Date(iso).toLocaleTimeString("en-GB", { timeZone: zone, hour12: false });
  ok((await started.textContent()).includes(clock("Europe/Berlin")), "the browser's zone");
  await page.getByRole("button", { name: /^Time zone/ }).click();
  await page.getByRole("menuitemradio", { name: /UTC/ }).first().click();
  await started.getByText(clock("UTC")).waitFor();
  await page.reload();
  await started.getByText(clock("UTC")).waitFor();
});

test(
  "shell: at phone width the pages are at the thumb",
  async ({ visitor }) => {
    const page = await visitor.page({ viewport: kPhone });
    await page.goto("/");
    const bottom = page.getByRole("navigation", { name: "Pages, short" });
    await bottom.getByRole("button", { name: "DAGs" }).click();
    await page.getByRole("heading", { name: "DAGs", level: 1 }).waitFor();
    await bottom.getByRole("button", { name: "More" }).click();
    await page.getByRole("link", { name: "Pools" }).click();
    await page.getByRole("heading", { name: "Pools", level: 1 }).waitFor();
    await bottom.getByRole("button", { name: "Search" }).click();
    await page.getByRole("combobox", { name: "Search and commands" }).waitFor();
  },
  { own: true },
);

test("shell: a hint is shown for the pointer and for the keyboard, one at a time", async ({
  server,
  page,
}) => {
  await server.story();
  await page.goto("/dags");
  const hints = page.getByRole("tooltip");
  const start = page.getByRole("button", { name: "Trigger orders" });
  await start.hover();
  await hints.getByText("Trigger", { exact: true }).waitFor();
  const described = await start.getAttribute("aria-describedby");
  equal(await page.locator(`[id="${described}"]`).textContent(), "Trigger", "description");
  await page.getByRole("button", { name: "Trigger quiet" }).hover();
  await until("it has moved", async () => (await start.getAttribute("aria-describedby")) === null);
  equal(await hints.count(), 1, "hints");
  await page.keyboard.press("Escape");
  await hints.waitFor({ state: "detached" });
  await page.mouse.move(0, 0);
  await start.focus();
  await page.keyboard.press("Shift+Tab");
  await hints.getByText("Active", { exact: true }).waitFor();
  await page.keyboard.press("Tab");
  await hints.getByText("Trigger", { exact: true }).waitFor();
  await page.goto("/dags/orders/runs/r1");
  await page.getByText("Started").locator("..").locator("time").hover();
  await hints.getByText("UTC").waitFor();
});
