// SPDX-License-Identifier: Apache-2.0
// What changes of task instances mean for what is cached; see apply.ts.
import type { QueryClient, QueryKey } from "@tanstack/react-query";
import type { Cells } from "@/api/cells";
import type { ChangeEvent, GridCell, TaskInstance } from "@/api/types";
import { isFinished } from "@/lib/states";
import {
  isLoading,
  lastOf,
  patched,
  runName,
  taskName,
  type Patched,
  type StaleKeys,
} from "./stale";

function patchTask(row: TaskInstance, change: ChangeEvent): Patched<TaskInstance> {
  return patched(row, {
    state: change.state as TaskInstance["state"],
    try_number: change.try_number,
    ...(change.queued_at === undefined ? {} : { queued_when: change.queued_at }),
    ...(change.start_date === undefined ? {} : { start_date: change.start_date }),
    ...(change.end_date === undefined ? {} : { end_date: change.end_date }),
    ...(change.duration === undefined ? {} : { duration: change.duration }),
    ...(change.reason === undefined ? {} : { state_reason: change.reason }),
  });
}

/** Rows of one run in one cached list. */
function patchTaskList(
  client: QueryClient,
  key: QueryKey,
  changes: ReadonlyMap<string, ChangeEvent>,
): { complete: boolean; placeless: boolean } | null {
  const rows = client.getQueryData<TaskInstance[]>(key);
  if (!rows) return null;
  const seen = new Set<string>();
  let untold = false;
  let placeless = false;
  const next = rows.flatMap((row) => {
    const name = taskName(row.task_id, row.map_index);
    const change = changes.get(name);
    if (!change) return [row];
    seen.add(name);
    if (change.deleted) return [];
    const result = patchTask(row, change);
    untold ||= !result.told;
    placeless ||= isFinished(result.row.state) && result.row.try_number > 0 && !row.hostname;
    return [result.row];
  });
  client.setQueryData(key, next);
  const all = [...changes].every(([name, change]) => change.deleted || seen.has(name));
  return { complete: all && !untold, placeless };
}

function patchCell(cell: GridCell, change: ChangeEvent): Patched<GridCell> {
  return patched(cell, {
    state: change.state as GridCell["state"],
    try_number: change.try_number,
    ...(change.start_date === undefined ? {} : { start_date: change.start_date }),
    ...(change.end_date === undefined ? {} : { end_date: change.end_date }),
    ...(change.reason === undefined ? {} : { state_reason: change.reason }),
  });
}

/** The cells of one run in the grid; whether they have to be loaded again. */
function patchCells(client: QueryClient, key: QueryKey, changes: Iterable<ChangeEvent>): boolean {
  const cells = client.getQueryData<Cells>(key);
  if (!cells) return false;
  const next = new Map(cells);
  let untold = false;
  for (const change of changes) {
    const cell = next.get(change.task_id ?? "");
    // Of the copies of a mapped task only the server can tell what they are together.
    const alone = cell?.count === 1 && cell.map_index === change.map_index;
    const result = alone && !change.deleted ? patchCell(cell, change) : null;
    if (result?.told) next.set(result.row.task_id, result.row);
    else if (alone && change.deleted) next.delete(cell.task_id);
    else untold = true;
  }
  client.setQueryData(key, next);
  return untold;
}

/** The task instances of a run that have a page of their own. */
function patchShownTasks(
  client: QueryClient,
  changes: ReadonlyMap<string, ChangeEvent>,
  stale: StaleKeys,
): void {
  const [first] = changes.values();
  const of = ["task", first?.dag_id, first?.run_id];
  const shown = new Map(
    client
      .getQueryCache()
      .findAll({ queryKey: of })
      .map(({ queryKey }) => [taskName(queryKey[3] as string, queryKey[4] as number), queryKey]),
  );
  if (shown.size === 0) return;
  const mapped = new Set<string | null>();
  for (const change of changes.values())
    if (!change.deleted && change.map_index >= 0) mapped.add(change.task_id);
  for (const [name, key] of shown) {
    const own = key.slice(0, 5);
    const detail = [...own, "detail"];
    const change = changes.get(name);
    const alone = key[4] === -1 && (client.getQueryData<TaskInstance>(detail)?.map_index ?? -1) < 0;
    // Whether it became many only the server knows; of what is gone there is nothing else to load.
    const many = alone && mapped.has(key[3] as string);
    if (many || (alone && change?.deleted)) stale.add(detail);
    if (!change || (many && change.deleted)) continue;
    client.setQueryData<TaskInstance | null>(
      detail,
      (row) => row && (change.deleted ? null : patchTask(row, change).row),
    );
    if (!change.deleted) stale.add(own);
  }
}

/** Patches every list, cell and page that shows one of them. */
export function applyTasks(
  client: QueryClient,
  changes: readonly ChangeEvent[],
  stale: StaleKeys,
): void {
  const byRun = new Map<string, ChangeEvent[]>();
  for (const change of changes) {
    if (change.kind !== "task_instance") continue;
    const name = runName(change.dag_id, change.run_id);
    byRun.set(name, [...(byRun.get(name) ?? []), change]);
  }
  for (const own of byRun.values()) {
    const { dag_id: dag, run_id: run } = own[0] as ChangeEvent;
    const last = lastOf(own, "task_instance", (each) => taskName(each.task_id, each.map_index));
    const tasks = ["run", dag, run, "tasks"];
    const cells = ["cells", dag, run];
    const list = patchTaskList(client, tasks, last);
    if ((list && !list.complete) || isLoading(client, tasks)) stale.add(tasks);
    // Where they ran is told by no change.
    else if (list?.placeless) stale.add(tasks, true);
    if (patchCells(client, cells, last.values()) || isLoading(client, cells)) stale.add(cells);
    patchShownTasks(client, last, stale);
    stale.add(["run", dag, run, "reasons"]);
    stale.add(["run", dag, run, "attempts"]);
  }
  if (byRun.size > 0) {
    stale.add(["pools"]);
    stale.add(["dashboard"]);
  }
}
