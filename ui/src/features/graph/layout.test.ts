// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { Task } from "@/api/types";
import { firstView, kNodeHeight, kNodeWidth, layOut } from "./layout";

const frame = { width: 1200, height: 600 };
const task = (id: string, after: string[] = []) =>
  ({ task_id: id, downstream_task_ids: after }) as unknown as Task;
const names = (count: number) => Array.from({ length: count }, (_, n) => `t${n}`);

describe("the first view of a graph", () => {
  it("is all of it where names can be read", () => {
    const layout = layOut([task("a", ["b"]), task("b")], "LR");
    const view = firstView(layout, "LR", frame, 0.5);
    expect(view.zoom).toBe(1.1);
    expect(view.x * 2 + layout.width * view.zoom).toBeCloseTo(frame.width);
    expect(view.y * 2 + layout.height * view.zoom).toBeCloseTo(frame.height);
  });
  it("is its first task among the many that follow", () => {
    const many = [task("start", names(200)), ...names(200).map((name) => task(name))];
    const layout = layOut(many, "LR");
    const view = firstView(layout, "LR", frame, 0.5);
    expect(view.zoom).toBe(0.5);
    const start = layout.places.get("start") ?? { x: 0, y: 0 };
    expect(view.y + (start.y + kNodeHeight / 2) * view.zoom).toBeCloseTo(frame.height / 2);
    expect(view.x + start.x * view.zoom).toBeGreaterThan(0);
  });
  it("is the beginning of a long chain, whichever way it goes", () => {
    const chain = names(100).map((name, n) => task(name, n < 99 ? [`t${n + 1}`] : []));
    const across = firstView(layOut(chain, "LR"), "LR", frame, 0.5);
    expect(across.x).toBeGreaterThan(0);
    const down = layOut(chain, "TB");
    const view = firstView(down, "TB", frame, 0.5);
    const first = down.places.get("t0") ?? { x: 0, y: 0 };
    expect(view.y + first.y * view.zoom).toBeGreaterThan(0);
    expect(view.x + (first.x + kNodeWidth / 2) * view.zoom).toBeCloseTo(frame.width / 2);
  });
});
