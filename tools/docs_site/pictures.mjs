// SPDX-License-Identifier: Apache-2.0
// Pictures of pages of a running server: node pictures.mjs URL FOLDER PATH=NAME... With LEOFLOW_ADMIN_PASSWORD, and
// LEOFLOW_DOCS_UI: a folder whose node_modules has playwright-core.
import { createRequire } from "node:module";

const [base, folder, ...wanted] = process.argv.slice(2);
const modules = createRequire(process.env.LEOFLOW_DOCS_UI + "/package.json");
const { chromium } = modules("playwright-core");

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const page = await browser.newPage({
  viewport: { width: 1180, height: 640 },
  colorScheme: "light",
  reducedMotion: "reduce",
});
page.setDefaultTimeout(120_000);
await page.goto(base + "/");
await page.getByLabel("User name").fill("admin");
await page.getByRole("textbox", { name: "Password" }).fill(process.env.LEOFLOW_ADMIN_PASSWORD);
await page.getByRole("button", { name: "Sign in" }).click();
await page.locator("#main h1").first().waitFor();
for (const each of wanted) {
  const at = each.lastIndexOf("=");
  await page.goto(base + each.slice(0, at));
  await page.locator("#main h1").first().waitFor();
  await page.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(1500); // a graph that settles; the event stream is never idle
  await page.screenshot({ path: `${folder}/${each.slice(at + 1)}.png` });
}
await browser.close();
