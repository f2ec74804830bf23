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
  const order = ["start", "g.a", "end", "g.h.x", "bare", "lone.dot"];
  const groups = [
    { id: "g", tasks: ["bare", "g.a", "g.h.x"] },
    { id: "g.h", tasks: ["bare", "g.h.x"] },
  ];
  const shown = (folded: string[] = [], of = groups) =>
    groupRows(order, of, new Set(folded)).map((row) => [row.depth, row.label]);

  it("gathers members below their group", () =>
    expect(shown()).toEqual([
      [0, "start"],
      [0, "g"],
      [1, "a"],
      [1, "h"],
      [2, "x"],
      [2, "bare"],
      [0, "end"],
      [0, "lone.dot"],
    ]));
  it("takes no dot for a group", () => expect(shown([], [])).toEqual(order.map((id) => [0, id])));
  it("hides members of what is folded", () => {
    const rows = groupRows(order, groups, new Set(["g"]));
    expect(rows.map((row) => row.id)).toEqual(["start", "g", "end", "lone.dot"]);
    expect(rows[1]?.tasks).toEqual(["g.a", "g.h.x", "bare"]);
  });
});
