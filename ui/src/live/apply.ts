// SPDX-License-Identifier: Apache-2.0
// What committed changes mean for what is cached. What they carry (states, times, reasons) is
// written where it is shown; only what they do not carry is named as stale, to be loaded again.
import type { InfiniteData, QueryClient, QueryKey } from "@tanstack/react-query";
import type { RunFilter } from "@/api/queries";
import type { LatestRuns } from "@/api/latestRuns";
import type { ChangeEvent, DagRun, LatestRun } from "@/api/types";
import { applyTasks } from "./applyTasks";
import { isLoading, lastOf, patched, runName, StaleKeys, type Patched, type Stale } from "./stale";

interface RunPage<Run extends LatestRun = DagRun> {
  dag_runs: Run[];
}
type RunData = RunPage | InfiniteData<RunPage>;

function patchRun<Run extends LatestRun>(row: Run, change: ChangeEvent): Patched<Run> {
  return patched<LatestRun>(row, {
    state: (change.state ?? row.state) as LatestRun["state"],
    queued_at: change.queued_at ?? row.queued_at,
    ...(change.start_date === undefined ? {} : { start_date: change.start_date }),
    ...(change.end_date === undefined ? {} : { end_date: change.end_date }),
    ...(change.duration === undefined ? {} : { duration: change.duration }),
  }) as Patched<Run>;
}

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
