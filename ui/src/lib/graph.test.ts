// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { groupRows, topological } from "./graph";

const node = (id: string, ...downstream: string[]) => ({ id, downstream });

describe("topological", () => {
  it("puts upstream first", () => {
    expect(topological([node("c"), node("b", "c"), node("a", "b", "c")])).toEqual(["a", "b", "c"]);
  });
  it("keeps tasks of a broken graph", () => {
    expect(topological([node("a", "b"), node("b", "a"), node("c")])).toEqual(["c", "a", "b"]);
  });
  it("ignores names that are no task", () => {
    expect(topological([node("a", "gone")])).toEqual(["a"]);
  });
});

describe("groupRows", () => {
  const order = ["start", "g.a", "end", "g.h.x", "g.h.y", "lone.dot"];
  it("gathers members below their group", () => {
    expect(groupRows(order, new Set()).map((row) => [row.depth, row.label])).toEqual([
      [0, "start"],
      [0, "g"],
      [1, "a"],
      [1, "h"],
      [2, "x"],
      [2, "y"],
      [0, "end"],
      [0, "lone.dot"],
    ]);
  });
  it("hides members of what is folded", () => {
    const rows = groupRows(order, new Set(["g"]));
    expect(rows.map((row) => row.id)).toEqual(["start", "g", "end", "lone.dot"]);
    expect(rows[1]?.tasks).toEqual(["g.a", "g.h.x", "g.h.y"]);
  });
});
