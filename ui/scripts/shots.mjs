// SPDX-License-Identifier: Apache-2.0
// Takes a picture of each page, wide and phone, light and dark, and fails on console errors,
// answers other than 2xx or serious accessibility findings.
// Usage: node scripts/shots.mjs URL OUTPUT [FILTER]  (LEOFLOW_USER, LEOFLOW_PASSWORD; pages are
// found through the API, so that the server only needs some runs)
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [base, out, filter = ""] = process.argv.slice(2);
if (!base || !out) {
  process.stderr.write("usage: shots.mjs URL OUTPUT [FILTER]\n");
  process.exit(2);
}
const user = process.env.LEOFLOW_USER ?? "admin";
const password = process.env.LEOFLOW_PASSWORD ?? "admin";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
mkdirSync(out, { recursive: true });

async function json(path, token, init = {}) {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  const answer = await fetch(base + path, { ...init, headers });
  return answer.json();
}

const enc = encodeURIComponent;

/** The addresses to look at: the richest DAG, run and task there are. */
async function places() {
  const body = JSON.stringify({ username: user, password });
  const { access_token: token } = await json("/auth/token", "", { method: "POST", body });
  const dagId = process.env.SHOT_DAG ?? "orders_pipeline";
  const { dag_runs: runs } = await json(
    `/api/v2/dags/${dagId}/dagRuns?limit=20&order_by=-run_after`,
    token,
  );
  const run = runs.find((each) => each.state === "failed") ?? runs[0];
  const runPath = `/dags/${dagId}/runs/${enc(run.dag_run_id)}`;
  const { task_instances: tasks } = await json(
    `/api/v2${runPath.replace("/runs/", "/dagRuns/")}/taskInstances`,
    token,
  );
  const task = tasks.find((each) => each.try_number > 1) ?? tasks[0];
  const taskPath = `${runPath}/tasks/${task.task_id}`;
  const tabs = (path, names) => names.map((name) => [`${path}/${name}`, name]);
  return [
    ["/", "home"],
    ["/dags", "dags"],
    ["/dags?view=failing", "dags-failing"],
    ["/dags?q=nothing-like-this", "dags-none"],
    ["/runs", "runs"],
    ["/import-errors", "import-errors"],
    ["/menu", "menu"],
    [`/dags/${dagId}`, "dag-grid"],
    ...tabs(`/dags/${dagId}`, [
      "graph",
      "gantt",
      "durations",
      "runs",
      "tasks",
      "code",
      "details",
    ]).map(([path, name]) => [path, `dag-${name}`]),
    [runPath, "run"],
    ...tabs(runPath, ["graph", "gantt", "details", "compare"]).map(([path, name]) => [
      path,
      `run-${name}`,
    ]),
    [taskPath, "task"],
    ...tabs(taskPath, ["xcom", "rendered", "tries", "details"]).map(([path, name]) => [
      path,
      `task-${name}`,
    ]),
    ...[
      "connections",
      "variables",
      "pools",
      "staging",
      "environments",
      "users",
      "tokens",
      "audit",
      "configuration",
      "about",
    ].map((name) => [`/admin/${name}`, `admin-${name}`]),
  ].filter(([, name]) => name.includes(filter));
}

const sizes = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
const schemes = (process.env.SHOT_SCHEMES ?? "light,dark").split(",");
const problems = [];
const kMayRefuse = "/api/v2/config"; // 403 unless the server is told to show it

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
});

async function signIn(page) {
  await page.goto(base + "/");
  await page.getByLabel("User name").fill(user);
  await page.getByRole("textbox", { name: "Password" }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("main").waitFor();
}

async function look(page, path, name) {
  await page.goto(base + path);
  await page.locator("#main h1").first().waitFor({ timeout: 8000 });
  await page.waitForFunction(() => !document.querySelector("[aria-busy=true]"), null, {
    timeout: 8000,
  });
  await page.waitForTimeout(350);
  await page.screenshot({ path: `${out}/${name}.png` });
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa"] }),
  );
  for (const each of found.violations.filter((v) => ["serious", "critical"].includes(v.impact)))
    problems.push(
      `${name}: ${each.id} x${each.nodes.length}: ${each.nodes[0].html.slice(0, 160)} ${each.nodes[0].failureSummary.split("\n")[1] ?? ""}`,
    );
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth > window.innerWidth + 1,
  );
  if (overflow) problems.push(`${name}: wider than the window`);
}

for (const [size, viewport] of Object.entries(sizes)) {
  if (process.env.SHOT_SIZE && process.env.SHOT_SIZE !== size) continue;
  for (const scheme of schemes) {
    const context = await browser.newContext({ viewport, colorScheme: scheme });
    const page = await context.newPage();
    let where = "login";
    let watching = false;
    page.on("console", (message) => {
      const expected = message.location().url.endsWith(kMayRefuse);
      if (watching && !expected && ["error", "warning"].includes(message.type()))
        problems.push(`${where}: console: ${message.text()}`);
    });
    page.on("pageerror", (error) => problems.push(`${where}: ${error.message}`));
    page.on("response", (response) => {
      if (watching && response.status() >= 400 && !response.url().endsWith(kMayRefuse))
        problems.push(`${where}: ${response.status()} ${response.url()}`);
    });
    await page.goto(base + "/");
    await page.getByLabel("User name").waitFor();
    await page.screenshot({ path: `${out}/login-${size}-${scheme}.png` });
    await signIn(page);
    watching = true;
    for (const [path, name] of await places()) {
      where = `${name}-${size}-${scheme}`;
      await look(page, path, where).catch((error) => problems.push(`${where}: ${error.message}`));
    }
    await context.close();
  }
}
await browser.close();
for (const problem of problems) process.stderr.write(problem + "\n");
process.stdout.write(`${problems.length} problems\n`);
process.exit(problems.length ? 1 : 0);
