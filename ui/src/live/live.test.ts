// SPDX-License-Identifier: Apache-2.0
import { QueryClient } from "@tanstack/react-query";
import { describe, expect, it } from "vitest";
import type { ChangeEvent, DagRun, TaskInstance } from "@/api/types";
import { patchCaches, staleKeys } from "./apply";
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

describe("patchCaches", () => {
  it("starts a new try in every list that shows the task", () => {
    const client = new QueryClient();
    const row = {
      task_id: "t",
      map_index: -1,
      state: "failed",
      try_number: 1,
      start_date: "old",
      end_date: "old",
    } as TaskInstance;
    client.setQueryData(["run", "d", "r", "tasks"], [row, { ...row, task_id: "other" }]);
    patchCaches(client, [change]);
    expect(client.getQueryData(["run", "d", "r", "tasks"])).toEqual([
      { ...row, state: "running", try_number: 2, start_date: change.at, end_date: null },
      { ...row, task_id: "other" },
    ]);
  });
  it("changes and removes runs in pages", () => {
    const client = new QueryClient();
    const run = { dag_id: "d", dag_run_id: "r", state: "queued" } as DagRun;
    const event: ChangeEvent = { ...change, kind: "run", task_id: null, state: "success" };
    client.setQueryData(["runs", "list", {}], { pages: [{ dag_runs: [run] }], pageParams: [0] });
    patchCaches(client, [event]);
    expect(client.getQueryData(["runs", "list", {}])).toMatchObject({
      pages: [{ dag_runs: [{ state: "success" }] }],
    });
    patchCaches(client, [{ ...event, deleted: true }]);
    expect(client.getQueryData(["runs", "list", {}])).toMatchObject({ pages: [{ dag_runs: [] }] });
  });
});

describe("staleKeys", () => {
  it("names the task and its run", () => {
    expect(staleKeys(change)).toContainEqual(["task", "d", "r", "t"]);
    expect(staleKeys(change)).toContainEqual(["run", "d", "r"]);
  });
});
