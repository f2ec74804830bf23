// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { DagRun, TaskInstance } from "@/api/types";
import { byHour, taskFigures } from "./stats";

const run = (start_date: string, state: string) => ({ start_date, state }) as DagRun;
const task = (task_id: string, state: string, try_number: number, duration: number | null) =>
  ({ dag_id: "d", task_id, state, try_number, duration }) as TaskInstance;

describe("byHour", () => {
  const now = Date.parse("2026-01-02T10:30:00Z");
  it("puts each run into its hour and leaves older ones out", () => {
    const hours = byHour(
      [
        run("2026-01-02T10:00:00Z", "success"),
        run("2026-01-02T09:59:59Z", "failed"),
        run("2026-01-02T08:00:00Z", "running"),
        run("2026-01-02T07:59:59Z", "success"),
      ],
      now,
      3,
    );
    expect(hours.map(({ success, failed, open }) => [success, failed, open])).toEqual([
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
    ]);
    expect(hours[2]?.from).toBe(Date.parse("2026-01-02T10:00:00Z"));
  });
});

describe("taskFigures", () => {
  it("counts retried and failed instances as trouble", () => {
    const [a, b] = taskFigures([
      task("a", "success", 2, 3),
      task("a", "success", 1, 1),
      task("b", "failed", 1, null),
    ]);
    expect(a).toMatchObject({ taskId: "a", count: 2, median: 2, trouble: 0.5 });
    expect(b).toMatchObject({ taskId: "b", median: 0, trouble: 1 });
  });
});
