// SPDX-License-Identifier: Apache-2.0
// Signing in at an OpenID Connect issuer by the button of the login page.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kRoot, Server } from "../support/server.mjs";
import { equal, test } from "../support/tests.mjs";

const kIssuer = `
import sys
sys.path.insert(0, sys.argv[1])
from support.issuer import CLIENT_ID, CLIENT_SECRET, Issuer
with Issuer(sys.argv[2]) as issuer:
    issuer.claims = {"sub": "7", "preferred_username": "ann", "groups": ["readers"]}
    print(issuer.url, CLIENT_ID, CLIENT_SECRET, sep="\\n", flush=True)
    sys.stdin.read()
`;

/** The issuer of test/support in a process of its own: [url, client id, secret]. */
function startIssuer(folder) {
  const process = spawn("/usr/bin/python3", ["-c", kIssuer, join(kRoot, "test"), folder], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const told = new Promise((done, refuse) => {
    let text = "";
    process.stdout.on("data", (part) => {
      text += part;
      const lines = text.split("\n");
      if (lines.length > 3) done(lines);
    });
    process.once("exit", () => refuse(new Error("the issuer ended")));
  });
  return { told, close: () => process.stdin.end() };
}

test(
  "login: signed in elsewhere, and back where one wanted to be",
  async ({ visitor }) => {
    const folder = mkdtempSync(join(tmpdir(), "lf-page-issuer-"));
    const issuer = startIssuer(folder);
    let server = null;
    try {
      const [url, clientId, secret] = await issuer.told;
      writeFileSync(join(folder, "secret"), `${secret}\n`);
      server = await new Server(
        ["quiet"],
        [
          ...["--oidc-issuer", url, "--oidc-client-id", clientId],
          ...["--oidc-client-secret-file", join(folder, "secret")],
          ...["--oidc-role", "readers=Viewer", "--oidc-label", "Sign in with Example"],
        ],
      ).start();
      await server.dag("quiet");
      const page = await visitor.page({ user: null, server });
      page.allow(/401/, /answer: 30[23]/);
      await page.goto("/dags?q=qui");
      await page.getByRole("link", { name: "Sign in with Example" }).click();
      await page.getByRole("link", { name: "quiet", exact: true }).waitFor();
      equal(new URL(page.url()).pathname + new URL(page.url()).search, "/dags?q=qui", "place");
      const me = await page.evaluate(() =>
        fetch("/api/leoflow/v1/me").then((answer) => answer.json()),
      );
      equal([me.username, me.role], ["ann", "Viewer"], "who it is");
    } finally {
      server?.close();
      issuer.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
  { own: true },
);
