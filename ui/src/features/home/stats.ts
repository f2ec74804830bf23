// SPDX-License-Identifier: Apache-2.0
// What the home page makes of recent rows. Pure.
import type { DagRun, TaskInstance } from "@/api/types";
import { instant } from "@/lib/time";

export interface Hour {
  from: number;
  success: number;
  failed: number;
  open: number;
}

const kHour = 3_600_000;

/** Runs by the hour they started in, oldest hour first. */
export function byHour(runs: readonly DagRun[], now: number, hours: number): Hour[] {
  const last = Math.floor(now / kHour) * kHour;
  const slots = Array.from({ length: hours }, (_, index) => ({
    from: last - (hours - 1 - index) * kHour,
    success: 0,
    failed: 0,
    open: 0,
  }));
  for (const run of runs) {
    const at = instant(run.start_date ?? run.run_after);
    if (at === null) continue;
    const slot = slots[hours - 1 - Math.floor((last + kHour - 1 - at) / kHour)];
    if (!slot) continue;
    if (run.state === "success") slot.success += 1;
    else if (run.state === "failed") slot.failed += 1;
    else slot.open += 1;
  }
  return slots;
}

export interface TaskFigure {
  dagId: string;
  taskId: string;
  /** The newest of the rows it comes from. */
  newest: TaskInstance;
  count: number;
  median: number;
  /** Share of instances that failed or needed another try. */
  trouble: number;
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return 0;
  if (sorted.length % 2 === 1) return sorted[middle] ?? 0;
  return ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** One figure per task, from its instances, newest first. */
export function taskFigures(rows: readonly TaskInstance[]): TaskFigure[] {
  const groups = new Map<string, TaskInstance[]>();
  for (const row of rows) {
    const key = `${row.dag_id} ${row.task_id}`;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()].flatMap((group) => {
    const newest = group[0];
    if (!newest) return [];
    const bad = group.filter((row) => row.state === "failed" || row.try_number > 1).length;
    return [
      {
        dagId: newest.dag_id,
        taskId: newest.task_id,
        newest,
        count: group.length,
        median: median(group.flatMap((row) => (row.duration === null ? [] : [row.duration]))),
        trouble: bad / group.length,
      },
    ];
  });
}

export interface Failure {
  newest: TaskInstance;
  /** How often the same task failed for the same reason. */
  count: number;
}

/** Failures, newest first, with those of one cause taken together. */
export function groupFailures(rows: readonly TaskInstance[]): Failure[] {
  const found = new Map<string, Failure>();
  for (const row of rows) {
    const key = JSON.stringify([row.dag_id, row.task_id, row.state_reason]);
    const group = found.get(key);
    if (group) group.count += 1;
    else found.set(key, { newest: row, count: 1 });
  }
  return [...found.values()];
}
