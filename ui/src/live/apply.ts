// SPDX-License-Identifier: Apache-2.0
// What committed changes mean for what is cached. What they carry (states, times, reasons) is
// written where it is shown; only what they do not carry is named as stale, to be loaded again.
import type { InfiniteData, QueryClient, QueryKey } from "@tanstack/react-query";
import type { RunFilter } from "@/api/queries";
import type { Cells } from "@/api/cells";
import type { LatestRuns } from "@/api/latestRuns";
import type { ChangeEvent, DagRun, GridCell, LatestRun, TaskInstance } from "@/api/types";
import { isFinished } from "@/lib/states";

interface RunPage<Run extends LatestRun = DagRun> {
  dag_runs: Run[];
}
type RunData = RunPage | InfiniteData<RunPage>;

/** A query to load again: soon, or once the changes have calmed down. */
export interface Stale {
  key: QueryKey;
  calm?: boolean;
}

/** Collects each key once. */
class StaleKeys {
  private readonly found = new Map<string, Stale>();

  add(key: QueryKey, calm = false): void {
    const name = JSON.stringify(key);
    const before = this.found.get(name);
    if (!before || before.calm) this.found.set(name, calm ? { key, calm } : { key });
  }

  list(): Stale[] {
    return [...this.found.values()];
  }
}

/** An answer under way may have been made before a change, and would overwrite it. */
function isLoading(client: QueryClient, key: QueryKey): boolean {
  return client.getQueryState(key)?.fetchStatus === "fetching";
}

const runName = (dag: string | null, run: string | null) => `${dag}\n${run}`;
const taskName = (task: string | null, map: number) => `${task}\n${map}`;

/** The last change of each: those before it were overtaken. */
function lastOf(
  changes: readonly ChangeEvent[],
  kind: ChangeEvent["kind"],
  name: (change: ChangeEvent) => string,
): Map<string, ChangeEvent> {
  return new Map(
    changes.filter((change) => change.kind === kind).map((change) => [name(change), change]),
  );
}

type Patched<T> = { row: T; told: boolean };

/** The row with what is given; `told` says whether that made a difference. */
function patched<T extends object>(row: T, fields: Partial<T>): Patched<T> {
  const differs = Object.entries(fields).some(([key, value]) => row[key as keyof T] !== value);
  return { row: differs ? { ...row, ...fields } : row, told: differs };
}

function patchRun<Run extends LatestRun>(row: Run, change: ChangeEvent): Patched<Run> {
  return patched<LatestRun>(row, {
    state: (change.state ?? row.state) as LatestRun["state"],
    queued_at: change.queued_at ?? row.queued_at,
    ...(change.start_date === undefined ? {} : { start_date: change.start_date }),
    ...(change.end_date === undefined ? {} : { end_date: change.end_date }),
    ...(change.duration === undefined ? {} : { duration: change.duration }),
  }) as Patched<Run>;
}

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

// -- runs

function pagesOf(data: RunData): RunPage[] {
  return "pages" in data ? data.pages : [data];
}

function patchRunPage<Run extends LatestRun>(
  page: RunPage<Run>,
  changes: ReadonlyMap<string, ChangeEvent>,
  onRow: (name: string, told: boolean) => void,
): RunPage<Run> {
  let changed = false;
  const rows = page.dag_runs.flatMap((row) => {
    const name = runName(row.dag_id, row.dag_run_id);
    const change = changes.get(name);
    if (!change) return [row];
    const next = patchRun(row, change);
    onRow(name, next.told || change.deleted);
    changed ||= next.told || change.deleted;
    return change.deleted ? [] : [next.row];
  });
  return changed ? { ...page, dag_runs: rows } : page;
}

/** One list of runs: what of it has to be loaded again is what its rows do not tell. */
function patchRunList(
  client: QueryClient,
  key: QueryKey,
  changes: ReadonlyMap<string, ChangeEvent>,
  stale: StaleKeys,
): void {
  const data = client.getQueryData<RunData>(key);
  const filter = (key.at(-1) ?? {}) as RunFilter;
  const found = new Set<string>();
  let untold = false;
  const onRow = (name: string, told: boolean) => {
    found.add(name);
    untold ||= !told;
  };
  if (data) {
    const before = pagesOf(data);
    const pages = before.map((page) => patchRunPage(page, changes, onRow));
    if (pages.some((page, index) => page !== before[index]))
      client.setQueryData(key, "pages" in data ? { ...data, pages } : pages[0]);
  }
  const fresh = [...changes].some(([name, change]) => !change.deleted && !found.has(name));
  // Rows come and go where states are what is asked for, and move where times are.
  const moves = filter.state !== undefined || (filter.order ?? "-run_after") !== "-run_after";
  if (fresh || untold || isLoading(client, key)) stale.add(key);
  else if (moves) stale.add(key, true);
}

/** The newest runs of some DAGs: runs that are not among them are newer, or rows moved up. */
function patchLatestRuns(
  client: QueryClient,
  key: QueryKey,
  changes: ReadonlyMap<string, ChangeEvent>,
  stale: StaleKeys,
): void {
  const dags = new Set(key[1] as string[]);
  const own = new Map([...changes].filter(([, { dag_id: dag }]) => dag !== null && dags.has(dag)));
  const data = client.getQueryData<LatestRuns>(key);
  if (own.size === 0) return;
  if (isLoading(client, key)) stale.add(key);
  if (!data) return;
  const told = new Set<string>();
  const page = patchRunPage(data, own, (name, ok) => {
    if (ok && !own.get(name)?.deleted) told.add(name);
  });
  if (page !== data) client.setQueryData(key, page);
  if (told.size < own.size) stale.add(key);
}

function applyRuns(client: QueryClient, changes: readonly ChangeEvent[], stale: StaleKeys): void {
  const runs = lastOf(changes, "run", (change) => runName(change.dag_id, change.run_id));
  if (runs.size === 0) return;
  const cache = client.getQueryCache();
  for (const { queryKey } of cache.findAll({ queryKey: ["runs"] }))
    patchRunList(client, queryKey, runs, stale);
  for (const { queryKey } of cache.findAll({ queryKey: ["latestRuns"] }))
    patchLatestRuns(client, queryKey, runs, stale);
  for (const dag of new Set([...runs.values()].map((change) => change.dag_id))) {
    const own = new Map([...runs].filter(([, change]) => change.dag_id === dag));
    for (const { queryKey } of cache.findAll({ queryKey: ["dag", dag, "runs"] }))
      patchRunList(client, queryKey, own, stale);
    const backfills = ["dag", dag, "backfills"];
    if (cache.findAll({ queryKey: backfills }).length > 0) stale.add(backfills);
  }
  for (const change of runs.values()) {
    const key = ["run", change.dag_id, change.run_id, "detail"];
    const row = client.getQueryData<DagRun>(key);
    if (isLoading(client, key)) stale.add(key);
    if (!row) continue;
    const next = patchRun(row, change);
    client.setQueryData(key, next.row);
    const version = row.dag_versions.at(-1)?.version_number;
    if (change.deleted || !next.told || version !== change.version_number) stale.add(key);
  }
  stale.add(["dashboard"]);
  for (const { queryKey } of cache.findAll({ queryKey: ["dags", "list"] }))
    if ((queryKey.at(-1) as { lastState?: unknown } | undefined)?.lastState) stale.add(queryKey);
}

// -- task instances

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

function applyTasks(client: QueryClient, changes: readonly ChangeEvent[], stale: StaleKeys): void {
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
    for (const change of last.values()) {
      const detail = ["task", dag, run, change.task_id, change.map_index, "detail"];
      client.setQueryData<TaskInstance | null>(
        detail,
        (row) => row && (change.deleted ? null : patchTask(row, change).row),
      );
      if (!change.deleted) stale.add(["task", dag, run, change.task_id]);
    }
    stale.add(["run", dag, run, "reasons"]);
    stale.add(["run", dag, run, "attempts"]);
  }
  if (byRun.size > 0) {
    stale.add(["pools"]);
    stale.add(["dashboard"]);
  }
}

/** Writes what changes carry into the caches and names what is to be loaded. */
export function applyChanges(client: QueryClient, changes: readonly ChangeEvent[]): Stale[] {
  const stale = new StaleKeys();
  applyRuns(client, changes, stale);
  applyTasks(client, changes, stale);
  for (const { kind, dag_id: dag, run_id: run } of changes) {
    if (kind === "dag") for (const key of [["dag", dag], ["dags"], ["dashboard"]]) stale.add(key);
    if (kind === "asset") stale.add(["assets"]);
    if (kind === "import_error") for (const key of [["importErrors"], ["dags"]]) stale.add(key);
    if (kind === "staging")
      for (const key of [["staging"], ["run", dag, run, "staging"]]) stale.add(key);
  }
  return stale.list();
}
