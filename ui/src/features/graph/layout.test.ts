// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { Task } from "@/api/types";
import type { Group } from "@/lib/graph";
import { firstView, kNodeHeight, kNodeWidth, layOut, type Frame } from "./layout";
import { shapeOf } from "./shape";

const frame = { width: 1200, height: 600 };
const task = (id: string, after: string[] = []) =>
  ({ task_id: id, downstream_task_ids: after }) as unknown as Task;
const shape = (tasks: Task[], groups: Group[] = []) => shapeOf(tasks, groups, new Set());
const names = (count: number) => Array.from({ length: count }, (_, n) => `t${n}`);

describe("the first view of a graph", () => {
  it("is all of it where names can be read", () => {
    const layout = layOut(shape([task("a", ["b"]), task("b")]), "LR");
    const view = firstView(layout, "LR", frame, 0.5);
    expect(view.zoom).toBe(1.1);
    expect(view.x * 2 + layout.width * view.zoom).toBeCloseTo(frame.width);
    expect(view.y * 2 + layout.height * view.zoom).toBeCloseTo(frame.height);
  });
  it("is its first task among the many that follow", () => {
    const many = [task("start", names(200)), ...names(200).map((name) => task(name))];
    const layout = layOut(shape(many), "LR");
    const view = firstView(layout, "LR", frame, 0.5);
    expect(view.zoom).toBe(0.5);
    const start = layout.places.get("start") ?? { x: 0, y: 0 };
    expect(view.y + (start.y + kNodeHeight / 2) * view.zoom).toBeCloseTo(frame.height / 2);
    expect(view.x + start.x * view.zoom).toBeGreaterThan(0);
  });
  it("is the beginning of a long chain, whichever way it goes", () => {
    const chain = names(100).map((name, n) => task(name, n < 99 ? [`t${n + 1}`] : []));
    const across = firstView(layOut(shape(chain), "LR"), "LR", frame, 0.5);
    expect(across.x).toBeGreaterThan(0);
    const down = layOut(shape(chain), "TB");
    const view = firstView(down, "TB", frame, 0.5);
    const first = down.places.get("t0") ?? { x: 0, y: 0 };
    expect(view.y + first.y * view.zoom).toBeGreaterThan(0);
    expect(view.x + (first.x + kNodeWidth / 2) * view.zoom).toBeCloseTo(frame.width / 2);
  });
});

const overlap = (a: Frame, b: Frame) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const within = (a: Frame, b: Frame) =>
  a.x >= b.x && a.y >= b.y && a.x + a.width <= b.x + b.width && a.y + a.height <= b.y + b.height;

describe("a layer", () => {
  it.each(["LR", "TB"] as const)("is in the order of the list, going %s", (direction) => {
    const fan = [task("start", names(8)), ...names(8).map((name) => task(name))];
    const { places } = layOut(shape(fan), direction);
    const of = names(8).map((name) => places.get(name) ?? { x: 0, y: 0 });
    const across = of.map(({ x, y }) => (direction === "LR" ? y : x));
    expect(across).toEqual([...across].sort((a, b) => a - b));
  });
});

describe("boxes of a graph", () => {
  // Two groups side by side, one of them with another in it, between tasks of none.
  const inner = names(3).map((name) => `b.c.${name}`);
  const tasks = [
    task("start", ["a.one", "a.two", "alone", ...inner, "b.last"]),
    task("a.one", ["a.two", "end"]),
    task("a.two", ["end"]),
    task("alone", ["end"]),
    ...inner.map((name) => task(name, ["b.last"])),
    task("b.last", ["end"]),
    task("end"),
  ];
  const groups = [
    { id: "a", tasks: ["a.one", "a.two"] },
    { id: "b", tasks: [...inner, "b.last"] },
    { id: "b.c", tasks: inner },
  ];
  it.each(["LR", "TB"] as const)("hold theirs and nothing else, going %s", (direction) => {
    const of = shape(tasks, groups);
    const { places, frames, width, height } = layOut(of, direction);
    const frameOf = (id: string) => frames.get(id) as Frame;
    const all = { x: 0, y: 0, width, height };
    for (const frame of frames.values()) expect(within(frame, all)).toBe(true);
    for (const { id } of of.items) {
      const place = places.get(id) ?? { x: -1, y: -1 };
      const item = { ...place, width: kNodeWidth, height: kNodeHeight };
      expect(within(item, all)).toBe(true);
      for (const group of groups) {
        const theirs = group.tasks.includes(id);
        expect([id, group.id, overlap(item, frameOf(group.id))]).toEqual([id, group.id, theirs]);
        if (theirs) expect(within(item, frameOf(group.id))).toBe(true);
      }
    }
    expect(within(frameOf("b.c"), frameOf("b"))).toBe(true);
    expect(overlap(frameOf("a"), frameOf("b"))).toBe(false);
  });
  it("may be named as a task is", () => {
    const of = shape([task("a"), task("b")], [{ id: "b", tasks: ["a"] }]);
    expect([...layOut(of, "LR").frames.keys()]).toEqual(["b"]);
  });
});
