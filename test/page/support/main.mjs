// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { kShots, launch, Visitor } from "./browser.mjs";
import { closeAll, Server } from "./server.mjs";
import { tests } from "./tests.mjs";

const kWorkers = Number(process.env.PAGE_WORKERS ?? 3);
const kSecondTriesMax = 4;

function say(text) {
  process.stdout.write(`${text}\n`);
}

function sum(passed, failed) {
  say(`${passed} passed, ${failed} failed`);
  process.exit(failed || !passed ? 1 : 0);
}

function withLimit(promise, seconds) {
  let timer;
  const limit = new Promise((_, refuse) => {
    timer = setTimeout(() => refuse(new Error(`longer than ${seconds} s`)), seconds * 1000);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

async function runTest(each, browser, server) {
  const begun = Date.now();
  const visitor = new Visitor(browser, server);
  let page = null;
  let failure = null;
  try {
    if (!each.own) page = await visitor.page();
    await withLimit(each.run({ server, page, visitor, browser }), each.seconds);
    const problems = visitor.contexts.flatMap((context) =>
      context.pages().flatMap((one) => one.problems),
    );
    if (problems.length > 0) throw new Error(problems.join("\n"));
  } catch (error) {
    failure = error;
    const name = each.name.replace(/\W+/g, "-");
    for (const [n, one] of visitor.contexts.flatMap((context) => context.pages()).entries())
      await one
        .screenshot({ path: join(kShots, "failed", `${name}${n ? `-${n}` : ""}.png`) })
        .catch(() => undefined);
  }
  await visitor.close();
  const took = ((Date.now() - begun) / 1000).toFixed(1);
  say(`${failure ? "FAIL" : "ok  "} ${each.name} (${took} s)`);
  if (failure) say(String(failure.stack ?? failure).replace(/^/gm, "     "));
  return failure === null;
}

/** The tests that failed. */
async function runAll(chosen, browser, server) {
  const waiting = [...chosen].sort((a, b) => b.seconds - a.seconds);
  const failed = [];
  const worker = async () => {
    for (let each = waiting.shift(); each; each = waiting.shift())
      if (!(await runTest(each, browser, server))) failed.push(each);
  };
  await Promise.all(Array.from({ length: kWorkers }, worker));
  return failed;
}

/**
 * A few that failed are tried once more, each alone and on a server of its own: what they met of
 * other tests or of a slow machine is told above, what fails again counts.
 */
async function tryAgain(failed, browser) {
  if (failed.length > kSecondTriesMax) return failed;
  const still = [];
  for (const each of failed) {
    say(`     once more: ${each.name}`);
    const server = await new Server().start();
    if (!(await runTest(each, browser, server))) still.push(each);
    server.close();
  }
  return still;
}

export async function main(names) {
  const folder = new URL("../cases/", import.meta.url);
  for (const file of readdirSync(folder).sort())
    if (file.endsWith(".mjs")) await import(new URL(file, folder).href);
  const chosen = tests.filter(
    ({ name }) => names.length === 0 || names.some((word) => name.includes(word)),
  );
  if (chosen.length === 0) {
    say(`no test is called ${names.join(" or ")}; there are:`);
    for (const { name } of tests) say(`  ${name}`);
    return sum(0, 1);
  }
  for (const signal of ["SIGINT", "SIGTERM"])
    process.on(signal, () => {
      closeAll();
      process.exit(1);
    });
  mkdirSync(join(kShots, "failed"), { recursive: true });
  let browser;
  let server;
  let failed = chosen;
  try {
    browser = await launch();
    server = await new Server().start();
    failed = await tryAgain(await runAll(chosen, browser, server), browser);
  } catch (error) {
    say(`FAIL the page was not tested: ${error.message ?? error}`);
  }
  await browser?.close();
  server?.close();
  sum(chosen.length - failed.length, failed.length);
}
