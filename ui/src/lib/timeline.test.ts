// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { account, axisStep, foldLanes, lanes, overhead } from "./timeline";

const at = (ms: number) => new Date(ms).toISOString();
const attempt = (
  task_id: string,
  try_number: number,
  times: (number | null)[],
  outcome: string | null,
) => {
  const [created, dispatched, started, ended] = times.map((ms) => (ms === null ? null : at(ms)));
  return {
    task_id,
    map_index: -1,
    try_number,
    created_at: created ?? "",
    dispatched_at: dispatched ?? null,
    started_at: started ?? null,
    ended_at: ended ?? null,
    outcome,
  };
};

describe("lanes", () => {
  it("tells queued, starting, user time and waits for a retry apart", () => {
    const [lane] = lanes(
      [
        attempt("a", 1, [0, 100, 150, 1000], "failed"),
        attempt("a", 2, [3000, 3000, 3010, null], null),
      ],
      4000,
    );
    expect(lane?.segments.map(({ phase, from, to }) => [phase, from, to])).toEqual([
      ["queued", 0, 100],
      ["starting", 100, 150],
      ["user", 150, 1000],
      ["retry", 1000, 3000],
      ["starting", 3000, 3010],
      ["user", 3010, 4000],
    ]);
  });
});

describe("a task that took no time that a clock shows", () => {
  it("ran", () => {
    const [lane] = lanes([attempt("a", 1, [0, 0, 5, 5], "succeeded")], 10);
    expect(lane?.segments.at(-1)).toMatchObject({ phase: "user", from: 5, to: 5 });
  });
});

describe("foldLanes", () => {
  const mapped = (map_index: number, times: (number | null)[], outcome: string | null) => ({
    ...attempt("many", 1, times, outcome),
    map_index,
  });
  const all = lanes(
    [
      attempt("a", 1, [0, 0, 5, 10], "succeeded"),
      mapped(1, [10, 20, 30, 60], "succeeded"),
      mapped(0, [11, 11, 40, 90], "failed"),
      mapped(2, [12, 100, 110, 120], "succeeded"),
    ],
    200,
  );
  const names = (open: string[], from: number) =>
    foldLanes(all, new Set(open), from).map(({ lane, fold }) =>
      fold ? `${lane.key} x${fold.count}` : lane.key,
    );
  it("makes one of many, with what they did together", () => {
    expect(names([], 3)).toEqual(["a[-1]", "many x3"]);
    const segments = foldLanes(all, new Set(), 3)[1]?.lane.segments;
    expect(segments?.map(({ phase, from, to }) => [phase, from, to])).toEqual([
      ["queued", 10, 11],
      ["starting", 11, 30],
      ["user", 30, 90],
      ["queued", 90, 100],
      ["starting", 100, 110],
      ["user", 110, 120],
    ]);
  });
  it("lists them below it when it is open, and leaves a few as they are", () => {
    expect(names(["many"], 3)).toEqual(["a[-1]", "many x3", "many[0]", "many[1]", "many[2]"]);
    expect(names([], 4)).toEqual(["a[-1]", "many[1]", "many[0]", "many[2]"]);
  });
  it("knows whether any goes on", () => {
    const open = lanes([mapped(0, [0, 0, 1, null], null), mapped(1, [0, 0, 1, 2], "failed")], 9);
    expect(foldLanes(open, new Set(), 2)[0]?.lane.segments.at(-1)?.outcome).toBeNull();
  });
});

describe("account", () => {
  it("adds up to the run's time, user code first", () => {
    const all = lanes(
      [
        attempt("a", 1, [0, 0, 100, 1000], "succeeded"),
        attempt("b", 1, [500, 900, 1100, 2000], "succeeded"),
      ],
      0,
    );
    const parts = account(all, 0, 2050);
    expect(parts).toEqual({ user: 1.8, starting: 0.2, queued: 0, retry: 0, decide: 0.05 });
    expect(overhead(parts)).toBeCloseTo(0.25);
  });
  it("leaves out what lies before a run that was cleared", () => {
    const all = lanes([attempt("a", 1, [0, 0, 100, 1000], "failed")], 0);
    expect(account(all, 5000, 6000).decide).toBe(1);
  });
});

describe("axisStep", () => {
  it("is round", () => {
    expect(axisStep(22, 6)).toBe(5);
    expect(axisStep(0.06, 6)).toBe(0.01);
  });
});
