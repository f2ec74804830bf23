// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { Task } from "@/api/types";
import { shapeOf } from "./shape";

const task = (id: string, after: string[] = [], name = id) =>
  ({ task_id: id, downstream_task_ids: after, task_display_name: name }) as unknown as Task;
const tasks = [
  task("start", ["g.a", "g.h.x"]),
  task("g.a", ["g.h.x"]),
  task("g.h.x", ["end"]),
  task("bare", ["end"], "Bare one"),
  task("end"),
];
const groups = [
  { id: "g", tasks: ["g.a", "g.h.x", "bare"] },
  { id: "g.h", tasks: ["g.h.x", "bare"] },
];
const edges = (folded: string[]) =>
  shapeOf(tasks, groups, new Set(folded)).edges.map(({ from, to }) => `${from}>${to}`);

describe("the shape of a graph", () => {
  it("has a box for each open group, and names below it", () => {
    const { items, boxes } = shapeOf(tasks, groups, new Set());
    expect(boxes).toEqual([
      { id: "g", label: "g", box: undefined, height: 2 },
      { id: "g.h", label: "h", box: "g", height: 1 },
    ]);
    expect(items.map(({ label, box }) => [label, box])).toEqual([
      ["start", undefined],
      ["a", "g"],
      ["x", "g.h"],
      ["Bare one", "g.h"],
      ["end", undefined],
    ]);
  });
  it("has one item for what is folded, with its edges", () => {
    const { items, boxes } = shapeOf(tasks, groups, new Set(["g.h"]));
    expect(boxes.map(({ id }) => id)).toEqual(["g"]);
    expect(items.map(({ id }) => id)).toEqual(["start", "g.a", "g.h", "end"]);
    expect(items[2]).toEqual({ id: "g.h", label: "h", tasks: ["g.h.x", "bare"], box: "g" });
    expect(edges(["g.h"])).toEqual(["start>g.a", "start>g.h", "g.a>g.h", "g.h>end"]);
  });
  it("folds what is in it with a group", () =>
    expect(edges(["g", "g.h"])).toEqual(["start>g", "g>end"]));
  it("is the tasks alone where there are no groups", () => {
    const { items, boxes } = shapeOf(tasks, [], new Set(["g"]));
    expect([items.length, boxes.length]).toEqual([5, 0]);
  });
});
