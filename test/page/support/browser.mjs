// SPDX-License-Identifier: Apache-2.0
// Chromium, and a page in it that notes what must not happen: console errors, exceptions, answers
// that are not 2xx.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import { kBuild, kPassword, kRoot, until } from "./server.mjs";

export const kWide = { width: 1440, height: 900 };
export const kPhone = { width: 390, height: 844 };
export const kShots = join(kBuild, "page-shots");
const kWait = 60_000; // only what fails waits this long; a busy machine is slow

/** node_modules of the page as it was built, or as a developer has it. */
function packages() {
  const found = [join(kBuild, "ui"), join(kRoot, "ui")].find((folder) =>
    existsSync(join(folder, "node_modules/playwright-core")),
  );
  if (!found) throw new Error("playwright-core is missing; hint: build the page, or npm ci in ui/");
  return createRequire(join(found, "package.json"));
}

const kRequire = packages();
export const kAxe = readFileSync(kRequire.resolve("axe-core/axe.min.js"), "utf8");

/** Chromium with a profile of its own; says why when it does not start. */
export async function launch() {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath))
    throw new Error(`${executablePath} is missing; hint: run tools/setup, or set CHROMIUM`);
  const { chromium } = kRequire("playwright-core");
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Signs in by request: the cookies of a user, which contexts start with. */
async function cookiesOf(browser, server, { username, password }) {
  const context = await browser.newContext();
  try {
    const answer = await context.request.post(`${server.url}/auth/login`, {
      data: { username, password },
      headers: { "X-Leoflow-Request": "1" },
    });
    if (!answer.ok()) throw new Error(`signing in answered ${answer.status()}`);
    return await context.storageState();
  } finally {
    await context.close();
  }
}

const kAdmin = { username: "admin", password: kPassword };

const kFiles = (url) => !/^\/(api|auth|openapi|docs|metrics)/.test(url.pathname);
const kTypes = {
  js: "text/javascript",
  css: "text/css",
  svg: "image/svg+xml",
  woff2: "font/woff2",
};

/** Answers with the files of PAGE_DIST instead of those in the server: no need to link it anew. */
function fromDist(route) {
  const path = join(process.env.PAGE_DIST, new URL(route.request().url()).pathname);
  const name = extname(path) ? path : join(process.env.PAGE_DIST, "index.html");
  // Of a page that came by a redirect, which is not asked for here: the server's own.
  if (!existsSync(name)) return route.continue();
  const contentType = kTypes[extname(name).slice(1)] ?? "text/html";
  return route.fulfill({ body: readFileSync(name), contentType });
}

/** Opens contexts of signed-in users on one server. */
export class Visitor {
  constructor(browser, server) {
    this.browser = browser;
    this.server = server;
    this.cookies = new Map();
    this.contexts = [];
  }

  /** A page of somebody; null is nobody. */
  async page({
    user = kAdmin,
    viewport = kWide,
    scheme = "light",
    zone = "Europe/Berlin",
    server = this.server,
  } = {}) {
    if (user && !this.cookies.has(user.username))
      this.cookies.set(user.username, cookiesOf(this.browser, server, user));
    const context = await this.browser.newContext({
      baseURL: server.url,
      viewport,
      colorScheme: scheme,
      timezoneId: zone,
      reducedMotion: "reduce",
      acceptDownloads: true,
      ...(user ? { storageState: await this.cookies.get(user.username) } : {}),
    });
    this.contexts.push(context);
    if (process.env.PAGE_DIST) await context.route(kFiles, fromDist);
    context.setDefaultTimeout(kWait);
    return watch(await context.newPage());
  }

  async close() {
    for (const context of this.contexts.splice(0)) await context.close().catch(() => undefined);
  }
}

/** Adds to a page what it must not have done, and how many requests are under way. */
function watch(page) {
  page.problems = [];
  page.allowed = [];
  page.underWay = new Set();
  const note = (text) => {
    if (!page.allowed.some((pattern) => pattern.test(text))) page.problems.push(text);
  };
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()))
      note(`console: ${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => note(`exception: ${error.stack ?? error.message}`));
  page.on("response", (response) => {
    const status = response.status();
    if (status >= 400 || (status >= 300 && status !== 304))
      note(`answer: ${status} ${response.request().method()} ${response.url()}`);
  });
  page.on("request", (request) => page.underWay.add(request));
  page.on("requestfinished", (request) => page.underWay.delete(request));
  page.on("requestfailed", (request) => page.underWay.delete(request));
  /** What this test provokes on purpose. */
  page.allow = (...patterns) => page.allowed.push(...patterns);
  return page;
}

const kStreams = /\/events$|[?&]follow=true/;

/** Waits until nothing loads, moves or is about to. */
export async function settled(page) {
  await page.locator("#main h1").first().waitFor({ state: "attached" });
  await until("a page at rest", async () => {
    if ([...page.underWay].some((request) => !kStreams.test(request.url()))) return false;
    return page.evaluate(() => {
      const moving = document
        .getAnimations()
        .some((each) => each.effect?.getComputedTiming().iterations !== Infinity);
      const loading = document.querySelector("[aria-busy=true]") !== null;
      return !moving && !loading && document.fonts.status === "loaded";
    });
  });
  await page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
  );
}

/** Serious and critical findings of axe-core as texts: of everything, or of "shape" or "colour". */
export async function findings(page, part = "everything") {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(kAxe);
  return page.evaluate(async (which) => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];
    const result = await window.axe.run(document, {
      resultTypes: ["violations"],
      runOnly:
        which === "colour"
          ? { type: "rule", values: ["color-contrast"] }
          : { type: "tag", values: tags },
      rules: which === "shape" ? { "color-contrast": { enabled: false } } : {},
    });
    return result.violations
      .filter((each) => ["serious", "critical"].includes(each.impact))
      .flatMap(({ id, nodes }) =>
        nodes.slice(0, 4).map(({ html, failureSummary }) => {
          const why = failureSummary.split("\n").slice(1, 2).join(" ").trim();
          return `${id} x${nodes.length}: ${html.slice(0, 200)} (${why})`;
        }),
      );
  }, part);
}
