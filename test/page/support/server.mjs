// SPDX-License-Identifier: Apache-2.0
// A Leoflow of one's own: `leoflow lite` on a temporary home and workspace, talked to over HTTP.
// Nothing waits for a fixed time: until() looks at a condition until it holds or time is up.
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, openSync, closeSync } from "node:fs";
import { readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const kHere = dirname(fileURLToPath(import.meta.url));
export const kRoot = resolve(kHere, "../../..");
export const kBuild = resolve(process.env.LEOFLOW_BUILD ?? join(kRoot, "build"));
export const kPassword = "admin-password";
const kPoll = 25; // ms between two looks
/** The hour (UTC) `orders` is due at: half a day off, so that no test meets a scheduled run of it. */
export const kOrdersHour = (new Date().getUTCHours() + 12) % 24;
const kPassed = /^(PATH|HOME|LANG|TMPDIR|SSL_CERT_FILE|REQUESTS_CA_BUNDLE)$|^(PIP|UV)_|proxy$/i;

/** The first true value of `condition`, which may be async; fails after `ms`. */
export async function until(what, condition, ms = 60_000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}; last: ${value}`);
    await new Promise((go) => setTimeout(go, kPoll));
  }
}

function kill(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

const open = new Set();

/** Ends what is still there when the tests are told to stop. */
export function closeAll() {
  for (const server of open) server.close();
}

export class Server {
  /** `dags` are folders of test/page/dags, all of them without; `words` go to the server. */
  constructor(dags = null, words = []) {
    this.words = words;
    this.folder = mkdtempSync(join(tmpdir(), "lf-page-"));
    this.home = join(this.folder, "home");
    this.workspace = join(this.folder, "dags");
    const source = join(kHere, "../dags");
    mkdirSync(this.workspace);
    for (const name of dags ?? readdirSync(source))
      cpSync(join(source, name), join(this.workspace, name), { recursive: true });
    this.setOrdersHour();
    this.runs = new Map();
    open.add(this);
  }

  setOrdersHour() {
    const path = join(this.workspace, "orders/dag.py");
    if (!existsSync(path)) return;
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace('"0 5 * * *"', `"0 ${kOrdersHour} * * *"`));
  }

  async start() {
    const program = join(kBuild, "bin/leoflow");
    if (!existsSync(program)) throw new Error(`${program} is missing; hint: build it first`);
    const kept = Object.entries(process.env).filter(([name]) => kPassed.test(name));
    const log = openSync(join(this.folder, "server.out"), "a");
    const words = ["lite", this.workspace, "--home", this.home, ...this.words];
    this.process = spawn(program, [...words, "--port", String(this.port ?? 0)], {
      stdio: ["ignore", log, log],
      env: {
        ...Object.fromEntries(kept),
        LEOFLOW_ADMIN_PASSWORD: kPassword,
        LEOFLOW_CACHE: join(kBuild, "test-cache"),
        LEOFLOW_TEST_CONNECTIONS: "1",
      },
    });
    closeSync(log);
    this.url = await until("the server's address", () => this.address());
    this.port = Number(new URL(this.url).port);
    await until("the server's first answer", () =>
      this.api("GET", "/api/v2/dags?limit=1").then(
        () => true,
        () => false,
      ),
    );
    return this;
  }

  address() {
    if (this.process.exitCode !== null) throw new Error(`the server ended:\n${this.printed()}`);
    try {
      const info = JSON.parse(readFileSync(join(this.home, "server.json"), "utf8"));
      return info.pid === this.process.pid ? info.url : null;
    } catch {
      return null;
    }
  }

  printed() {
    return readFileSync(join(this.folder, "server.out"), "utf8").slice(-3000);
  }

  /** kill -9 of the server; its agent and tasks live on. */
  async kill() {
    const ended = new Promise((done) => this.process.once("exit", done));
    kill(this.process.pid);
    await ended;
  }

  close() {
    open.delete(this);
    if (this.process && this.process.exitCode === null) kill(this.process.pid);
    for (const entry of readdirSync("/proc")) {
      if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
      try {
        if (readFileSync(`/proc/${entry}/cmdline`, "utf8").includes(this.folder))
          kill(Number(entry));
      } catch {
        // It ended while we looked.
      }
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  // -- files

  /** Saves a file of the workspace as editors do: at once. */
  write(name, text) {
    const path = join(this.workspace, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}~`, text);
    renameSync(`${path}~`, path);
  }

  remove(name) {
    rmSync(join(this.workspace, name), { recursive: true, force: true });
  }

  // -- HTTP

  /** The JSON of a successful answer; throws otherwise. */
  async api(method, path, body) {
    const token = readFileSync(join(this.home, "cli.token"), "utf8").trim();
    const headers = { Accept: "application/json", Authorization: `Bearer ${token}` };
    const init = { method, headers };
    if (body !== undefined) {
      headers["Content-Type"] = "application/json";
      init.body = JSON.stringify(body);
    }
    const answer = await fetch(this.url + path, init);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  get(path) {
    return this.api("GET", path);
  }

  /** Waits for a DAG of the workspace. */
  dag(dagId) {
    return until(`DAG ${dagId}`, () => this.get(`/api/v2/dags/${dagId}`).catch(() => null), 60_000);
  }

  async trigger(dagId, runId, conf = {}) {
    if ((await this.dag(dagId)).is_paused)
      await this.api("PATCH", `/api/v2/dags/${dagId}`, { is_paused: false });
    const body = { dag_run_id: runId, logical_date: null, conf };
    return this.api("POST", `/api/v2/dags/${dagId}/dagRuns`, body);
  }

  async runState(dagId, runId) {
    return (await this.get(`/api/v2/dags/${dagId}/dagRuns/${runId}`)).state;
  }

  async finished(dagId, runId) {
    return until(
      `the end of ${dagId} ${runId}`,
      async () => {
        const state = await this.runState(dagId, runId);
        return ["success", "failed"].includes(state) ? state : null;
      },
      60_000,
    );
  }

  /** A run that has ended: the same for everybody who asks for the same. */
  ran(dagId, runId = "r1", conf = {}) {
    const key = `${dagId} ${runId}`;
    if (!this.runs.has(key))
      this.runs.set(
        key,
        this.trigger(dagId, runId, conf).then(() => this.finished(dagId, runId)),
      );
    return this.runs.get(key);
  }

  /** What there is to see on most pages: runs that succeeded, failed, were retried and skipped. */
  story() {
    this.told ??= (async () => {
      // One after the other, so that "the run before" is the same each time.
      for (const run of ["r1", "r2", "r3"]) await this.ran("orders", run);
      await Promise.all([
        this.ran("broken_load"),
        this.ran("many"),
        this.ran("quiet"),
        this.ran("forms"),
      ]);
    })();
    return this.told;
  }

  // -- the DAG that waits

  /** Starts a run that holds until open() is called. */
  async gate(runId) {
    const file = join(this.folder, `gate-${runId}`);
    await this.pool("gates", 16);
    await this.trigger("gate", runId, { file });
    return {
      open: () => writeFileSync(file, ""),
      say: (lines) => writeFileSync(`${file}.say`, lines.join("\n")),
    };
  }

  pool(name, slots) {
    this.pools ??= new Map();
    if (!this.pools.has(name))
      this.pools.set(
        name,
        this.api("POST", "/api/v2/pools", { name, slots }).catch(() => undefined),
      );
    return this.pools.get(name);
  }

  taskIs(dagId, runId, taskId, state) {
    const path = `/api/v2/dags/${dagId}/dagRuns/${runId}/taskInstances/${taskId}`;
    const found = () => this.get(path).catch(() => null); // not there yet
    return until(`${taskId} ${state}`, async () => (await found())?.state === state);
  }

  async user(username, role) {
    const password = `${username}-password`;
    await this.api("POST", "/api/leoflow/v1/users", { username, password, role }).catch((error) => {
      if (!/answered 409/.test(error.message)) throw error;
    });
    return { username, password };
  }
}
