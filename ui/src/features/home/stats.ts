// SPDX-License-Identifier: Apache-2.0
// What the home page makes of the dashboard's rows. Pure.
import type { Dashboard } from "@/api/types";

export interface Hour {
  from: number;
  success: number;
  failed: number;
  open: number;
}

const kHour = 3_600_000;

/** One entry for each of the last hours, oldest first: the server leaves out those without runs. */
export function lastHours(known: Dashboard["hours"], now: number, hours: number): Hour[] {
  const last = Math.floor(now / kHour) * kHour;
  const byHour = new Map(known.map((each) => [Date.parse(each.hour), each]));
  return Array.from({ length: hours }, (_, index) => {
    const from = last - (hours - 1 - index) * kHour;
    const found = byHour.get(from);
    return {
      from,
      success: found?.success ?? 0,
      failed: found?.failed ?? 0,
      open: (found?.running ?? 0) + (found?.queued ?? 0),
    };
  });
}

type Failed = Dashboard["failures"][number];

export interface Failure {
  newest: Failed;
  /** How often the same task failed for the same reason. */
  count: number;
}

/** Failures, newest first, with those of one cause taken together. */
export function groupFailures(rows: readonly Failed[]): Failure[] {
  const found = new Map<string, Failure>();
  for (const row of rows) {
    const key = JSON.stringify([row.dag_id, row.task_id, row.reason]);
    const group = found.get(key);
    if (group) group.count += 1;
    else found.set(key, { newest: row, count: 1 });
  }
  return [...found.values()];
}
