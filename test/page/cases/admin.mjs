// SPDX-License-Identifier: Apache-2.0
// Administration: everything that is made, changed and deleted there.
import { readFileSync } from "node:fs";
import { until } from "../support/server.mjs";
import { equal, ok, test } from "../support/tests.mjs";

const rowOf = (page, table, name) =>
  page.getByRole("table", { name: table }).getByRole("row").filter({ hasText: name });

async function remove(page, name, action = "Delete") {
  await page.getByRole("button", { name: `Delete ${name}` }).click();
  await page.getByRole("dialog").getByRole("button", { name: action }).click();
}

test("admin: a connection is made, tested, changed and deleted; its password never comes out", async ({
  server,
  page,
}) => {
  const id = "made_db";
  await page.goto("/admin/connections");
  await page.getByRole("button", { name: "New connection" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Id").fill(id);
  await dialog.getByLabel("Host").fill("127.0.0.1");
  await dialog.getByLabel("Port").fill("1");
  await dialog.getByLabel("Database").fill("dwh");
  await dialog.getByLabel("User", { exact: true }).fill("loader");
  await dialog
    .getByLabel(/^Password/)
    .first()
    .fill("very-secret");
  await dialog.getByRole("button", { name: "Test" }).click();
  await dialog.getByText("It does not work").waitFor();
  await dialog.getByRole("button", { name: "Save" }).click();
  const row = rowOf(page, "Connections", id);
  await row.getByText("127.0.0.1:1/dwh").waitFor();
  ok(!(await page.content()).includes("very-secret"), "the password is on the page");
  await page.getByRole("button", { name: `Change ${id}` }).click();
  equal(
    await dialog
      .getByLabel(/^Password/)
      .first()
      .inputValue(),
    "",
    "password field",
  );
  await dialog.getByLabel("Host").fill("db.example.com");
  await dialog.getByRole("button", { name: "Save" }).click();
  await row.getByText("db.example.com:1/dwh").waitFor();
  await row.getByText("stored").waitFor();
  await remove(page, id);
  await row.waitFor({ state: "detached" });
  const { connections } = await server.get("/api/v2/connections?limit=100");
  ok(!connections.some((each) => each.connection_id === id), "it is gone");
});

test("admin: a connection test that succeeds, and fields by type", async ({ server, page }) => {
  await page.goto("/admin/connections");
  await page.getByRole("button", { name: "New connection" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Id").fill("own_server");
  await dialog.getByLabel(/^Type/).fill("http");
  await dialog.getByLabel("Scheme").waitFor();
  await dialog.getByLabel("Host or base URL").fill("127.0.0.1");
  await dialog.getByLabel("Port").fill(String(server.port));
  await dialog.getByRole("button", { name: "Test" }).click();
  await dialog.getByText("It answers").waitFor();
  await dialog.getByLabel("Headers").fill("{ broken");
  ok(await dialog.getByRole("button", { name: "Save" }).isDisabled(), "broken JSON holds it back");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
});

test("admin: variables are made, changed, found, exported, imported and deleted", async ({
  server,
  page,
}) => {
  await page.goto("/admin/variables");
  await page.getByRole("button", { name: "New variable" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Key").fill("made_url");
  await dialog.getByLabel("Value").fill("https://one.example.com");
  await dialog.getByRole("button", { name: "Save" }).click();
  const row = rowOf(page, "Variables", "made_url");
  await row.getByText("https://one.example.com").waitFor();
  await page.getByRole("button", { name: "Change made_url" }).click();
  await dialog.getByLabel("Value").fill("https://two.example.com");
  await dialog.getByRole("button", { name: "Save" }).click();
  await row.getByText("https://two.example.com").waitFor();
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  const saved = JSON.parse(readFileSync(await (await waiting).path(), "utf8"));
  equal(saved.made_url, "https://two.example.com", "exported value");
  await page.locator("input[type=file]").setInputFiles({
    name: "more.json",
    mimeType: "application/json",
    buffer: Buffer.from(JSON.stringify({ read_in: { a: 1 }, made_url: "https://three" })),
  });
  await page.getByText("Read more.json").waitFor();
  await row.getByText("https://three").waitFor();
  await page.getByRole("textbox", { name: "Find variables" }).fill("read_in");
  await row.waitFor({ state: "detached" });
  await remove(page, "read_in");
  await page.getByText("No variable matches").waitFor();
  await server.api("DELETE", "/api/v2/variables/made_url");
});

test("admin: pools are made, changed, deleted, and show what is in them", async ({
  server,
  page,
}) => {
  await page.goto("/admin/pools");
  await page.getByRole("button", { name: "New pool" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("made_pool");
  await dialog.getByLabel("Slots").fill("3");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("of 3").waitFor();
  await page.getByRole("button", { name: "Change made_pool" }).click();
  await dialog.getByLabel("Slots").fill("5");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("of 5").waitFor();
  await remove(page, "made_pool");
  await page.getByText("of 5").waitFor({ state: "detached" });
  await server.pool("gates", 16);
  await page.reload();
  const meter = page.getByRole("meter", { name: "Slots of gates in use" });
  const used = async () => Number(await meter.getAttribute("aria-valuenow"));
  await meter.waitFor();
  const before = await used();
  const gate = await server.gate("pooled");
  await until("a slot more", async () => (await used()) > before);
  await page.getByText("Held by").waitFor();
  await page.getByRole("link", { name: "gate hold" }).waitFor();
  gate.open();
});

test("admin: a user gets grants on some DAGs, and sees just these", async ({
  server,
  visitor,
  page,
}) => {
  await server.story();
  await page.goto("/admin/users");
  await page.getByRole("button", { name: "New user" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("User name").fill("granted");
  await dialog
    .getByLabel(/^Password/)
    .first()
    .fill("granted-password");
  await dialog.getByRole("button", { name: "Add a grant" }).click();
  await dialog.getByRole("textbox", { name: "Pattern of DAG ids" }).fill("qui*");
  await dialog.getByRole("button", { name: "Save" }).click();
  await rowOf(page, "Users", "granted").getByText("User on qui*").waitFor();
  await page.getByRole("button", { name: "Change granted" }).click();
  await dialog.getByRole("button", { name: "Add a grant" }).click();
  const second = dialog.getByRole("group", { name: "Grant", exact: true }).nth(1);
  await second.getByRole("combobox", { name: "Role of the grant" }).click();
  await page.getByRole("option", { name: "Viewer", exact: true }).click();
  await second.getByRole("combobox", { name: "What the grant is for" }).click();
  await page.getByRole("option", { name: "DAGs by tag" }).click();
  await second.getByRole("textbox", { name: "Tag" }).fill("daily");
  await dialog.getByRole("button", { name: "Save" }).click();
  await rowOf(page, "Users", "granted").getByText("User on qui*, Viewer on #daily").waitFor();
  const theirs = await visitor.page({
    user: { username: "granted", password: "granted-password" },
  });
  await theirs.goto("/dags");
  await theirs.getByRole("link", { name: "quiet", exact: true }).waitFor();
  await theirs.getByRole("link", { name: "orders", exact: true }).waitFor();
  equal(await theirs.getByRole("link", { name: "many", exact: true }).count(), 0, "other DAGs");
});

test("admin: a user is made, gets another password and is deleted", async ({ server, page }) => {
  await page.goto("/admin/users");
  await page.getByRole("button", { name: "New user" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("User name").fill("made_user");
  await dialog
    .getByLabel(/^Password/)
    .first()
    .fill("a-long-password");
  await dialog.getByRole("button", { name: "Save" }).click();
  await rowOf(page, "Users", "made_user").getByText("User", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Change made_user" }).click();
  await dialog
    .getByLabel(/^New password/)
    .first()
    .fill("another-password");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "detached" });
  await remove(page, "made_user");
  await rowOf(page, "Users", "made_user").waitFor({ state: "detached" });
  ok((await server.get("/api/leoflow/v1/users")).users.length >= 1, "others stay");
});

test("admin: an API token is shown once, works, and is revoked", async ({ server, page }) => {
  await page.goto("/admin/tokens");
  await page.getByRole("button", { name: "New token" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("made_token");
  await dialog.getByRole("button", { name: "Make it" }).click();
  await dialog.getByText("Your new token").waitFor();
  const token = (await dialog.locator("code.grow").textContent()).trim();
  const ask = () =>
    fetch(`${server.url}/api/v2/dags?limit=1`, { headers: { Authorization: `Bearer ${token}` } });
  equal((await ask()).status, 200, "answer to the token");
  await dialog.getByRole("button", { name: "I have it" }).click();
  ok(!(await page.content()).includes(token), "the token is still on the page");
  await remove(page, "made_token", "Revoke");
  await rowOf(page, "API tokens", "made_token").getByText("revoked").waitFor();
  equal((await ask()).status, 401, "answer after it was revoked");
});

test("admin: the audit log says who did what, filtered", async ({ server, page }) => {
  await server.api("POST", "/api/v2/variables", { key: "audited", value: "1" });
  await page.goto("/admin/audit");
  const table = page.getByRole("table", { name: "Audit log" });
  await table.getByRole("row").nth(1).waitFor();
  await page.getByRole("textbox", { name: "What" }).fill("post_var");
  await until("in the address", () => new URL(page.url()).searchParams.get("what") === "post_var");
  await until("only those", async () => {
    const texts = await table.locator("[role=rowgroup] [role=row]").allTextContents();
    return texts.length > 0 && texts.every((text) => text.includes("variable"));
  });
  await table.locator("[role=rowgroup] [role=row]").first().click();
  await page.getByRole("button", { name: "Close" }).waitFor();
  await page.goto("/admin/audit?who=nobody-like-this");
  await page.getByText("No entry matches").waitFor();
  await page.goto("/admin/audit?since=1&on=quiet");
  await server.ran("quiet", "audited");
  await page.reload();
  await until("those of one DAG", async () => {
    const texts = await table.locator("[role=rowgroup] [role=row]").allTextContents();
    return texts.length > 0 && texts.every((text) => text.includes("quiet"));
  });
});

test("admin: staging volumes, environments, agents, configuration, about", async ({
  server,
  page,
}) => {
  await server.story();
  await page.goto("/admin/staging?state=deleted");
  await page.getByRole("table", { name: "Staging volumes" }).getByText("orders").first().waitFor();
  await page.goto("/admin/environments");
  await page
    .getByRole("heading", { name: /Python 3/ })
    .first()
    .waitFor();
  await page.goto("/admin/about");
  await page.getByText("Checks of this installation").waitFor();
  await page.getByText("openapi.json").waitFor();
  await page.goto("/admin/agents");
  await page.getByRole("table", { name: "Agents" }).getByText("local").waitFor();
  await page.goto("/admin/configuration");
  await page.getByRole("heading", { level: 2 }).first().waitFor();
});

test("admin: an import error is on top of every page until it is mended", async ({
  server,
  page,
}) => {
  await page.goto("/runs");
  await page.getByRole("heading", { name: "Runs", level: 1 }).waitFor();
  server.write("wrong/dag.py", "from airflow.sdk import DAG\nDAG(schedule=nonsense)\n");
  try {
    const banner = page.getByRole("alert").filter({ hasText: /import error/ });
    await banner.waitFor();
    await banner.getByRole("link").click();
    await page.getByText("wrong/dag.py").first().waitFor();
    await page
      .getByText(/NameError/)
      .first()
      .waitFor();
  } finally {
    server.remove("wrong");
  }
  await page.getByText("wrong/dag.py").first().waitFor({ state: "detached" });
});
