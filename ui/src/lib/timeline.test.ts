// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { account, axisStep, lanes, overhead } from "./timeline";

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
