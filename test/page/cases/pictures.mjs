// SPDX-License-Identifier: Apache-2.0
// Every page, wide and phone, light and dark: a picture, no serious finding of axe, nothing wider
// than the window, no console error, no refused request.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { withAssets } from "../support/assets.mjs";
import { findings, kPhone, kShots, kWide, settled } from "../support/browser.mjs";
import { Server, until } from "../support/server.mjs";
import { ok, test } from "../support/tests.mjs";

const kRun = "/dags/orders/runs/r3";
const kTask = `${kRun}/tasks/check`;

/** Name and address of each view. */
const kViews = {
  home: ["/"],
  dags: ["/dags", "/dags?view=failing", "/dags?q=nothing-like-this"],
  runs: ["/runs", "/runs?state=failed"],
  errors: ["/import-errors", "/menu", "/no/such/page"],
  dag: ["", "/graph", "/gantt", "/durations", "/runs", "/tasks", "/code", "/details", "/audit"].map(
    (tab) => `/dags/orders${tab}`,
  ),
  run: ["", "/graph", "/gantt", "/logs?q=page", "/details", "/compare"].map(
    (tab) => `${kRun}${tab}`,
  ),
  task: ["", "/xcom", "/rendered", "/tries", "/details"].map((tab) => `${kTask}${tab}`),
  mapped: [
    "/dags/mapped",
    "/dags/mapped/tasks",
    "/dags/mapped/runs/r1",
    "/dags/mapped/runs/r1/graph",
    "/dags/mapped/runs/r1/gantt",
    "/dags/mapped/runs/r1/gantt?open=work",
    "/dags/mapped/runs/r1/tasks/visit",
    "/dags/mapped/runs/r1/tasks/visit?map=1",
    "/dags/mapped/runs/r1/tasks/visit?state=nothing",
    "/dags/mapped/runs/r1/tasks/work",
    "/dags/mapped/runs/r1/tasks/total/details",
  ],
  more: [
    "/dags/many/graph",
    "/dags/many",
    "/dags/broken_load/runs/r1",
    "/dags/broken_load/runs/r1/tasks/load",
    "/dags/broken_load/runs/r1/tasks/publish",
    "/dags/orders/runs/r3/tasks/extract/xcom",
  ],
  secrets: ["connections", "variables", "pools", "staging"].map((page) => `/admin/${page}`),
  people: ["users", "tokens", "audit"].map((page) => `/admin/${page}`),
  system: ["environments", "agents", "configuration", "about"].map((page) => `/admin/${page}`),
};

const kName = (path) => (path === "/" ? "home" : path.slice(1).replace(/\W+/g, "-"));

async function look(page, name, problems, part) {
  await settled(page);
  await page.screenshot({ path: join(kShots, `${name}.png`) });
  for (const finding of await findings(page, part)) problems.push(`${name}: ${finding}`);
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (wider > 1) problems.push(`${name}: ${wider} px wider than the window`);
  const cut = await page.evaluate(() =>
    [...document.querySelectorAll("[role=table] [role=row]")]
      .filter((row) => row.scrollWidth > row.clientWidth + 1)
      .map((row) => `${row.scrollWidth} px of a row of ${row.clientWidth}: ${row.textContent}`),
  );
  if (cut.length > 0) problems.push(`${name}: ${cut[0]}`);
}

/** The four looks of a view without loading it again. */
async function lookAtAll(page, path, problems, { name = kName(path), before = null } = {}) {
  await page.goto(path);
  await before?.();
  await look(page, `${name}-wide-light`, problems);
  await page.emulateMedia({ colorScheme: "dark" });
  await look(page, `${name}-wide-dark`, problems, "colour");
  await page.setViewportSize(kPhone);
  await look(page, `${name}-phone-dark`, problems, "colour");
  await page.emulateMedia({ colorScheme: "light" });
  await look(page, `${name}-phone-light`, problems, "shape");
  await page.setViewportSize(kWide);
}

async function furnish(server) {
  await server.story();
  server.furnished ??= Promise.all([
    server.ran("mapped"),
    server.api("POST", "/api/v2/connections", {
      connection_id: "warehouse",
      conn_type: "postgres",
      host: "db.example.com",
      port: 5432,
      schema: "dwh",
      login: "loader",
      password: "secret",
      description: "Where the sums go",
    }),
    server.api("POST", "/api/v2/variables", {
      key: "orders_url",
      value: "https://shop.example.com/orders",
      description: "Where orders come from",
    }),
    server.api("POST", "/api/v2/variables", { key: "api_key", value: "hidden" }),
    server.pool("gates", 16),
    server.user("vera", "Viewer"),
    server.api("POST", "/api/leoflow/v1/tokens", { name: "ci", expires_at: null }),
  ]);
  await server.furnished;
}

for (const [part, paths] of Object.entries(kViews))
  test(
    `pictures: ${part}`,
    async ({ server, page }) => {
      await furnish(server);
      mkdirSync(kShots, { recursive: true });
      const problems = [];
      for (const path of paths) await lookAtAll(page, path, problems);
      ok(problems.length === 0, problems.join("\n"));
    },
    { seconds: 300 },
  );

test(
  "pictures: assets",
  async ({ server, page }) => {
    await furnish(server);
    mkdirSync(kShots, { recursive: true });
    const problems = [];
    await withAssets(server, "mill", async () => {
      const asset = async (name) =>
        (await server.get(`/api/v2/assets?name_pattern=${name}`)).assets[0].id;
      const raw = await asset("mill_raw");
      await server.api("POST", `/api/v2/assets/${raw}/materialize`, {});
      const rates = await asset("mill_rates");
      await server.api("POST", "/api/v2/assets/events", { asset_id: rates, extra: { day: 1 } });
      const run = await until("the run that follows", async () => {
        const runs = await server.get("/api/v2/dags/mill_use/dagRuns");
        return runs.dag_runs[0]?.dag_run_id;
      });
      const details = `/dags/mill_use/runs/${encodeURIComponent(run)}/details`;
      await lookAtAll(page, "/assets?q=mill_", problems);
      await lookAtAll(page, "/assets?q=nothing-like-this", problems);
      await lookAtAll(page, `/assets/${raw}`, problems, { name: "asset" });
      await lookAtAll(page, "/dags/mill_use/details", problems, { name: "dag-of-assets" });
      await lookAtAll(page, details, problems, { name: "run-of-assets" });
    });
    ok(problems.length === 0, problems.join("\n"));
  },
  { seconds: 300 },
);

test(
  "pictures: sign in",
  async ({ visitor }) => {
    const page = await visitor.page({ user: null });
    page.allow(/401.*\/me$/);
    const problems = [];
    await page.goto("/");
    await page.getByLabel("User name").waitFor();
    for (const [size, viewport] of [
      ["wide", kWide],
      ["phone", kPhone],
    ])
      for (const scheme of ["light", "dark"]) {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme: scheme });
        await page.screenshot({ path: join(kShots, `login-${size}-${scheme}.png`) });
        for (const finding of await findings(page)) problems.push(`login: ${finding}`);
      }
    ok(problems.length === 0, problems.join("\n"));
  },
  { own: true },
);

test("pictures: chosen, and asked before it happens", async ({ server, page }) => {
  await server.story();
  mkdirSync(kShots, { recursive: true });
  const problems = [];
  const cells = page.getByRole("gridcell", { name: /^load/ });
  const choose = async () => {
    await cells.first().click({ modifiers: ["Shift"] });
    await cells.last().click({ modifiers: ["Shift"] });
    await page.getByText(/ chosen in 3 runs/).waitFor();
  };
  await lookAtAll(page, "/dags/orders", problems, { name: "chosen-cells", before: choose });
  const ask = async () => {
    await choose();
    await page.getByRole("button", { name: "Clear…" }).click();
    await page.getByText(/^This touches/).waitFor();
  };
  await lookAtAll(page, "/dags/orders", problems, { name: "clear-cells", before: ask });
  const rows = () => page.getByRole("checkbox", { name: "Choose all that are listed" }).click();
  await lookAtAll(page, "/runs", problems, { name: "chosen-runs", before: rows });
  ok(problems.length === 0, problems.join("\n"));
});

test(
  "pictures: the first start, and no answer",
  async ({ visitor }) => {
    const problems = [];
    const server = await new Server([]).start();
    try {
      const page = await visitor.page({ server });
      mkdirSync(kShots, { recursive: true });
      for (const path of ["/", "/dags", "/runs"])
        await lookAtAll(page, path, problems, { name: `first-start-${kName(path)}` });
      page.allow(/ERR_FAILED/);
      await page.route(/\/me$/, (route) => route.abort());
      await page.goto("/");
      await page.getByText("The server does not answer.").waitFor();
      await page.screenshot({ path: join(kShots, "no-answer-wide-light.png") });
      await page.setViewportSize(kPhone);
      await page.screenshot({ path: join(kShots, "no-answer-phone-light.png") });
      problems.push(...(await findings(page)).map((finding) => `no answer: ${finding}`));
      await page.unroute(/\/me$/);
      await settled(page); // it goes on trying by itself
    } finally {
      server.close();
    }
    ok(problems.length === 0, problems.join("\n"));
  },
  { own: true },
);
