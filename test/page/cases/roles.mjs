// SPDX-License-Identifier: Apache-2.0
// Viewer, User and Op see and may do what is theirs, and nothing else.
import { settled } from "../support/browser.mjs";
import { until } from "../support/server.mjs";
import { equal, ok, test } from "../support/tests.mjs";

async function pagesOf(page) {
  await page.goto("/");
  const nav = page.getByRole("navigation", { name: "Pages", exact: true });
  await nav.waitFor();
  return nav
    .getByRole("link")
    .evaluateAll((links) => links.map((link) => link.getAttribute("aria-label")));
}

/** Goes through the pages of a role: none of them may be refused. */
async function visitAll(page, names) {
  const nav = page.getByRole("navigation", { name: "Pages", exact: true });
  for (const name of names.filter((each) => each !== "Leoflow")) {
    await nav.getByRole("link", { name, exact: true }).click();
    await settled(page);
    equal(await page.getByText("You may not see this").count(), 0, `refusals on ${name}`);
  }
}

test(
  "roles: a Viewer looks and changes nothing",
  async ({ server, visitor }) => {
    await server.story();
    const page = await visitor.page({ user: await server.user("viewer1", "Viewer") });
    const names = await pagesOf(page);
    for (const hidden of ["Connections", "Variables", "Users", "Configuration"])
      ok(!names.includes(hidden), `a Viewer is offered ${hidden}`);
    await visitAll(page, names);
    await page.goto("/dags/orders");
    await settled(page);
    ok(await page.getByRole("button", { name: "Trigger", exact: true }).isDisabled(), "Trigger");
    ok(await page.getByRole("switch", { name: "orders is active" }).isDisabled(), "pause");
    equal(await page.getByRole("button", { name: "More actions" }).count(), 0, "more actions");
    await page.keyboard.press("t");
    await page.goto("/dags/orders/runs/r1");
    await settled(page);
    equal(
      await page.getByRole("button", { name: /^(Clear|Mark as|Trigger)/ }).count(),
      0,
      "actions",
    );
    equal(await page.getByRole("checkbox").count(), 0, "boxes to choose tasks");
    await page.goto("/dags/orders/runs/r1/tasks/extract");
    await page.getByRole("log").getByText("reading 1000").waitFor();
    equal(await page.getByRole("button", { name: /^(Clear|Mark as)/ }).count(), 0, "task actions");
    await page.goto("/admin/pools");
    await settled(page);
    equal(await page.getByRole("button", { name: "New pool" }).count(), 0, "New pool");
    page.allow(/403/);
    await page.goto("/admin/connections");
    await page.getByText("You may not see this").waitFor();
  },
  { own: true },
);

test(
  "roles: a User runs DAGs but sees no secrets",
  async ({ server, visitor }) => {
    await server.dag("quiet");
    const page = await visitor.page({ user: await server.user("user1", "User") });
    const names = await pagesOf(page);
    ok(!names.includes("Connections") && !names.includes("Users"), `pages: ${names}`);
    await visitAll(page, names);
    await page.goto("/dags/quiet");
    await page.getByRole("button", { name: "Trigger", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Trigger", exact: true }).click();
    await page.waitForURL(/runs\/manual__/);
    await page.getByRole("button", { name: "Clear", exact: true }).waitFor();
    const run = decodeURIComponent(page.url().split("/").at(-1));
    await server.finished("quiet", run);
    const { triggering_user_name: by } = await server.get(
      `/api/v2/dags/quiet/dagRuns/${encodeURIComponent(run)}`,
    );
    equal(by, "user1", "who triggered");
  },
  { own: true },
);

test(
  "roles: an Op keeps connections but no users",
  async ({ server, visitor }) => {
    const page = await visitor.page({ user: await server.user("op1", "Op") });
    const names = await pagesOf(page);
    for (const shown of ["Connections", "Variables", "Configuration"])
      ok(names.includes(shown), `an Op misses ${shown}`);
    ok(!names.includes("Users"), "an Op is offered Users");
    await visitAll(page, names);
    await page.goto("/admin/variables");
    await page.getByRole("button", { name: "New variable" }).click();
    await page.getByRole("dialog").getByLabel("Key").fill("of_op");
    await page.getByRole("dialog").getByLabel("Value").fill("1");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByRole("table").getByText("of_op").waitFor();
    await server.api("DELETE", "/api/v2/variables/of_op");
  },
  { own: true },
);

test(
  "roles: whose session ends is asked to sign in, and stays where they were",
  async ({ server, visitor }) => {
    const user = await server.user("leaving1", "User");
    const page = await visitor.page({ user });
    page.allow(/401/);
    await page.goto("/runs");
    await settled(page);
    await server.api("DELETE", "/api/leoflow/v1/users/leaving1");
    await page.getByRole("link", { name: "DAGs" }).first().click();
    await until("the sign-in page", () =>
      page.getByRole("button", { name: "Sign in" }).isVisible(),
    );
    equal(new URL(page.url()).pathname, "/dags", "address");
  },
  { own: true },
);
