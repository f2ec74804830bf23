// SPDX-License-Identifier: Apache-2.0
import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { describe, expect, it, vi } from "vitest";
import type { Cells } from "@/api/cells";
import type { ChangeEvent, DagRun, GridCell, TaskInstance } from "@/api/types";
import { applyChanges } from "./apply";
import { Invalidator } from "./invalidator";
import { EventParser } from "./sse";
import { backoff } from "./stream";

const change: ChangeEvent = {
  sequence: 7,
  kind: "task_instance",
  at: "2026-01-01T00:00:00Z",
  dag_id: "d",
  run_id: "r",
  task_id: "t",
  map_index: -1,
  try_number: 2,
  state: "running",
  deleted: false,
};

describe("EventParser", () => {
  it("waits for whole events and skips comments", () => {
    const parser = new EventParser();
    expect(parser.push(": hello\n\nid: 4\nevent: run\nda")).toEqual([]);
    expect(parser.push('ta: {"a":1}\n\n')).toEqual([{ id: "4", event: "run", data: '{"a":1}' }]);
  });
  it("joins lines of data and knows events without", () => {
    expect(new EventParser().push("data: a\r\ndata: b\r\n\r\nevent: reset\n\n")).toEqual([
      { id: null, event: "message", data: "a\nb" },
      { id: null, event: "reset", data: "" },
    ]);
  });
});

describe("backoff", () => {
  it("grows to a limit", () => {
    expect(backoff(1, 1)).toBe(400);
    expect(backoff(3, 1)).toBe(1600);
    expect(backoff(30, 1)).toBe(15_000);
    expect(backoff(30, 0)).toBe(9000);
  });
});

const task = {
  task_id: "t",
  map_index: -1,
  state: "failed",
  try_number: 1,
  start_date: "old",
  end_date: "old",
} as TaskInstance;
const cellsOf = (cell: Partial<GridCell>): Cells =>
  new Map([["t", { ...task, count: 1, ...cell } as unknown as GridCell]]);
const started = { ...change, start_date: change.at, end_date: null, duration: null, reason: null };
const names = (stale: { key: readonly unknown[] }[]) => stale.map(({ key }) => key.join(" "));

describe("applyChanges", () => {
  it("writes what a change of a task carries into every list that shows it", () => {
    const client = new QueryClient();
    client.setQueryData(["run", "d", "r", "tasks"], [task, { ...task, task_id: "other" }]);
    client.setQueryData(["cells", "d", "r"], cellsOf({}));
    const stale = applyChanges(client, [started]);
    const now = { state: "running", try_number: 2, start_date: change.at, end_date: null };
    expect(client.getQueryData(["run", "d", "r", "tasks"])).toMatchObject([
      now,
      { task_id: "other", state: "failed" },
    ]);
    expect(client.getQueryData<Cells>(["cells", "d", "r"])?.get("t")).toMatchObject(now);
    expect(names(stale)).not.toContain("run d r tasks");
    expect(names(stale)).not.toContain("cells d r");
    expect(names(stale)).toContain("run d r reasons");
  });
  it("takes the last of many changes and names each key once", () => {
    const client = new QueryClient();
    client.setQueryData(["run", "d", "r", "tasks"], [task]);
    const many = Array.from({ length: 1000 }, (_, n) => ({ ...started, try_number: n }));
    expect(applyChanges(client, many).length).toBeLessThan(8);
    expect(client.getQueryData(["run", "d", "r", "tasks"])).toMatchObject([{ try_number: 999 }]);
  });
  it("loads what it does not know, and what changed without saying how", () => {
    const client = new QueryClient();
    client.setQueryData(["run", "d", "r", "tasks"], [{ ...task, task_id: "other" }]);
    client.setQueryData(["cells", "d", "r"], cellsOf({ state: "running", try_number: 2 }));
    const stale = names(applyChanges(client, [change]));
    expect(stale).toContain("run d r tasks");
    expect(stale).toContain("cells d r");
  });
  it("loads the cell of a mapped task: one of its copies does not tell what all are", () => {
    const client = new QueryClient();
    client.setQueryData(["cells", "d", "r"], cellsOf({ count: 3, map_index: 0 }));
    const stale = names(applyChanges(client, [{ ...started, map_index: 0 }]));
    expect(stale).toContain("cells d r");
    expect(client.getQueryData<Cells>(["cells", "d", "r"])?.get("t")?.state).toBe("failed");
  });
  it("loads where a task ran once things are calm", () => {
    const client = new QueryClient();
    client.setQueryData(
      ["run", "d", "r", "tasks"],
      [{ ...task, state: "running", hostname: null }],
    );
    const stale = applyChanges(client, [{ ...started, state: "success", end_date: change.at }]);
    expect(stale).toContainEqual({ key: ["run", "d", "r", "tasks"], calm: true });
  });
  it("removes a deleted task instance from where it is shown", () => {
    const client = new QueryClient();
    client.setQueryData(["run", "d", "r", "tasks"], [task, { ...task, task_id: "other" }]);
    client.setQueryData(["cells", "d", "r"], cellsOf({}));
    client.setQueryData(["task", "d", "r", "t", -1, "detail"], task);
    const stale = applyChanges(client, [{ ...change, state: "", deleted: true }]);
    expect(client.getQueryData(["run", "d", "r", "tasks"])).toMatchObject([{ task_id: "other" }]);
    expect(client.getQueryData<Cells>(["cells", "d", "r"])?.has("t")).toBe(false);
    expect(client.getQueryData(["task", "d", "r", "t", -1, "detail"])).toBe(null);
    expect(names(stale)).not.toContain("task d r t");
    expect(names(stale)).not.toContain("cells d r");
  });
  it("asks again for a task that became many, of which only the server knows", () => {
    const client = new QueryClient();
    const detail = ["task", "d", "r", "t", -1, "detail"];
    client.setQueryData(detail, task);
    client.setQueryData(["task", "d", "r", "t", -1, "tries"], []);
    client.setQueryData(["task", "d", "r", "other", 3, "detail"], { ...task, map_index: 3 });
    const stale = applyChanges(client, [
      { ...change, state: "", deleted: true },
      { ...started, map_index: 0 },
      { ...started, map_index: 1 },
    ]);
    expect(names(stale)).toContain("task d r t -1 detail");
    expect(names(stale).filter((name) => name.startsWith("task"))).toHaveLength(1);
    expect(client.getQueryData(detail)).toEqual(task);
  });
  it("loads the rest of the one instance that is shown, not of its others", () => {
    const client = new QueryClient();
    client.setQueryData(["task", "d", "r", "t", 1, "detail"], { ...task, map_index: 1 });
    const own = applyChanges(
      client,
      [0, 1, 2].map((map_index) => ({ ...started, map_index })),
    );
    expect(names(own)).toContain("task d r t 1");
    const others = applyChanges(
      client,
      [0, 2].map((map_index) => ({ ...started, map_index })),
    );
    expect(names(others).filter((name) => name.startsWith("task"))).toEqual([]);
    expect(client.getQueryData(["task", "d", "r", "t", 1, "detail"])).toMatchObject({
      state: "running",
    });
  });
  it("changes and removes runs in pages", () => {
    const client = new QueryClient();
    const run = { dag_id: "d", dag_run_id: "r", state: "queued" } as DagRun;
    const event: ChangeEvent = { ...change, kind: "run", task_id: null, state: "success" };
    const list = ["runs", "list", {}];
    client.setQueryData(list, { pages: [{ dag_runs: [run] }], pageParams: [0] });
    expect(names(applyChanges(client, [event]))).toEqual(["dashboard"]);
    expect(client.getQueryData(list)).toMatchObject({
      pages: [{ dag_runs: [{ state: "success" }] }],
    });
    applyChanges(client, [{ ...event, deleted: true }]);
    expect(client.getQueryData(list)).toMatchObject({ pages: [{ dag_runs: [] }] });
  });
  it("loads lists for new runs, and those that ask for a state", () => {
    const client = new QueryClient();
    const run = { dag_id: "d", dag_run_id: "r", state: "queued" } as DagRun;
    const event: ChangeEvent = { ...change, kind: "run", task_id: null, state: "success" };
    const all = ["dag", "d", "runs", "recent", {}];
    const queued = ["runs", "list", { state: ["queued"] }];
    client.setQueryData(all, { dag_runs: [] });
    client.setQueryData(queued, { dag_runs: [run] });
    const stale = applyChanges(client, [event]);
    expect(stale).toContainEqual({ key: all });
    expect(stale).toContainEqual({ key: queued, calm: true });
  });
  it("knows the newest runs of the DAGs of a list, and loads them for new runs of these only", () => {
    const client = new QueryClient();
    const row = (dag: string) => ({ dag_id: dag, dag_run_id: "r", state: "queued" }) as DagRun;
    const [first, second] = [
      ["latestRuns", ["d", "e"]],
      ["latestRuns", ["f"]],
    ];
    client.setQueryData(first, { dag_runs: [row("d"), row("e")] });
    client.setQueryData(second, { dag_runs: [row("f")] });
    const event: ChangeEvent = { ...change, kind: "run", task_id: null, state: "success" };
    const queued = { state: "queued" };
    expect(names(applyChanges(client, [event]))).toEqual(["dashboard"]);
    expect(client.getQueryData(first)).toMatchObject({ dag_runs: [{ state: "success" }, queued] });
    expect(client.getQueryData(second)).toMatchObject({ dag_runs: [queued] });
    const fresh = { ...event, run_id: "new" };
    expect(applyChanges(client, [fresh])).toEqual([{ key: first }, { key: ["dashboard"] }]);
    const gone = applyChanges(client, [{ ...event, dag_id: "f", deleted: true }]);
    expect(gone).toContainEqual({ key: second });
    expect(client.getQueryData(second)).toEqual({ dag_runs: [] });
  });
});

/** Answers of a load that are given by hand, the first one first. */
function byHand<T>() {
  const waiting: ((value: T) => void)[] = [];
  const load = () => new Promise<T>((done) => waiting.push(done));
  return { load, waiting };
}

describe("a change while its list is loaded", () => {
  const key = ["cells", "d", "r"];

  it("makes the list stale, for the answer may be older", async () => {
    const client = new QueryClient();
    const { load, waiting } = byHand<Cells>();
    const loaded = client.fetchQuery({ queryKey: key, queryFn: load });
    expect(names(applyChanges(client, [started]))).toContain("cells d r");
    waiting.shift()?.(cellsOf({}));
    await loaded;
    client.setQueryData(key, cellsOf({ state: "queued" }));
    expect(names(applyChanges(client, [started]))).not.toContain("cells d r");
  });

  it("is followed by another load, also of a list that never was there", async () => {
    const client = new QueryClient();
    const { load, waiting } = byHand<string>();
    const observer = new QueryObserver(client, { queryKey: key, queryFn: load });
    const end = observer.subscribe(() => undefined);
    const invalidator = new Invalidator(client);
    invalidator.mark({ key });
    await vi.waitUntil(() => client.getQueryState(key)?.isInvalidated);
    expect(waiting.length).toBe(1);
    waiting.shift()?.("before the change");
    await vi.waitUntil(() => waiting.length === 1, { timeout: 5000 });
    waiting.shift()?.("after it");
    await vi.waitUntil(() => observer.getCurrentResult().data === "after it");
    invalidator.stop();
    end();
  });
});
