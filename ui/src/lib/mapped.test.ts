// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import {
  countsText,
  groupBy,
  instanceMatches,
  instanceName,
  timesMade,
  together,
  type Instance,
} from "./mapped";

const one = (fields: Partial<Instance>): Instance => ({
  task_id: "t",
  map_index: -1,
  state: "success",
  start_date: null,
  end_date: null,
  ...fields,
});
const many = (task_id: string, ...states: (string | null)[]) =>
  states.map((state, map_index) => one({ task_id, map_index, state }));

describe("instanceName", () => {
  it("is the task's where it is the only one", () => {
    expect(instanceName(one({}))).toBe("t");
    expect(instanceName(one({ task_display_name: "A task" }))).toBe("A task");
  });
  it("has the label, or else the index", () => {
    expect(instanceName(one({ map_index: 3 }))).toBe("t [3]");
    expect(instanceName(one({ map_index: 3, rendered_map_index: "oslo" }))).toBe("t [oslo]");
    expect(instanceName(one({ map_index: 0, rendered_map_index: "" }))).toBe("t [0]");
  });
  it("is found by both", () => {
    const oslo = one({ map_index: 3, rendered_map_index: "Oslo" });
    expect(["os", "3", " OSLO "].map((text) => instanceMatches(oslo, text))).toEqual([
      true,
      true,
      true,
    ]);
    expect(instanceMatches(oslo, "rome")).toBe(false);
  });
});

describe("together", () => {
  it("counts, and names the worst", () => {
    const all = together(many("t", "success", "failed", null, "failed"));
    expect(all.counts).toEqual([
      { state: "failed", count: 2 },
      { state: "none", count: 1 },
      { state: "success", count: 1 },
    ]);
    expect(all.worst.map_index).toBe(1);
    expect(all.finished).toBe(3);
    expect(all.mapped).toBe(true);
    expect(countsText(all.counts)).toBe("2 failed, 1 not started, 1 success");
  });
  it("lasts from the first start to the last end, once all have finished", () => {
    const a = one({ map_index: 1, start_date: "2026-01-01T02", end_date: "2026-01-01T03" });
    const b = one({ map_index: 0, start_date: "2026-01-01T01", end_date: "2026-01-01T02" });
    expect(together([a, b])).toMatchObject({ start: "2026-01-01T01", end: "2026-01-01T03" });
    expect(together([a, { ...b, state: "running", end_date: null }])).toMatchObject({
      start: "2026-01-01T01",
      end: null,
    });
    expect(together([a, b]).instances).toEqual([b, a]);
  });
  it("knows one that is not mapped", () => {
    expect(together([one({})]).mapped).toBe(false);
  });
});

describe("timesMade", () => {
  const of = (...instances: Instance[]) => groupBy(instances);
  it("is how many instances its tasks have", () => {
    const made = of(...many("a", "success", "failed"), one({ task_id: "b" }));
    expect(timesMade(["a", "b"], made)).toBe(2);
  });
  it("is not known before there are any", () => {
    expect(timesMade(["a", "b"], of(one({ task_id: "a" })))).toBe(0);
    expect(timesMade(["a", "b"], of())).toBe(0);
  });
});
