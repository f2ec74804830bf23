// SPDX-License-Identifier: Apache-2.0
// What a committed change means for what is cached: the state is written at once where it is
// shown, and the rest of the row is loaded again a moment later.
import type { InfiniteData, QueryClient, QueryKey } from "@tanstack/react-query";
import type { ChangeEvent, DagRun, TaskInstance } from "@/api/types";

interface RunPage {
  dag_runs: DagRun[];
}

/** Query keys that a change makes stale, most specific first. */
export function staleKeys(change: ChangeEvent): QueryKey[] {
  const { dag_id: dag, run_id: run, task_id: task } = change;
  switch (change.kind) {
    case "run":
      return [["run", dag, run], ["dag", dag, "runs"], ["runs"], ["dags"], ["dashboard"]];
    case "task_instance":
      return [
        ["run", dag, run],
        ["task", dag, run, task],
        ["cells", dag, run],
        ["pools"],
        ["dashboard"],
      ];
    case "dag":
      return [["dag", dag], ["dags"], ["dashboard"]];
    case "import_error":
      return [["importErrors"], ["dags"]];
    case "staging":
      return [["staging"], ["run", dag, run]];
  }
}

function patchRuns(rows: DagRun[], change: ChangeEvent): DagRun[] | null {
  const index = rows.findIndex(
    (row) => row.dag_run_id === change.run_id && row.dag_id === change.dag_id,
  );
  const row = rows[index];
  if (!row) return null;
  const next = [...rows];
  if (change.deleted) next.splice(index, 1);
  else next[index] = { ...row, state: (change.state ?? row.state) as DagRun["state"] };
  return next;
}

function patchRunLists(client: QueryClient, change: ChangeEvent): void {
  const patch = (data: RunPage | InfiniteData<RunPage> | undefined) => {
    if (!data) return data;
    if ("pages" in data) {
      const pages = data.pages.map((page) => {
        const rows = patchRuns(page.dag_runs, change);
        return rows ? { ...page, dag_runs: rows } : page;
      });
      return { ...data, pages };
    }
    const rows = patchRuns(data.dag_runs, change);
    return rows ? { ...data, dag_runs: rows } : data;
  };
  client.setQueriesData<RunPage | InfiniteData<RunPage>>({ queryKey: ["runs"] }, patch);
  client.setQueriesData<RunPage | InfiniteData<RunPage>>(
    { queryKey: ["dag", change.dag_id, "runs"] },
    patch,
  );
  client.setQueryData<DagRun>(["run", change.dag_id, change.run_id, "detail"], (run) =>
    run && !change.deleted
      ? { ...run, state: (change.state ?? run.state) as DagRun["state"] }
      : run,
  );
}

function patchTask(row: TaskInstance, change: ChangeEvent): TaskInstance {
  const state = change.state as TaskInstance["state"];
  const again = change.try_number > row.try_number;
  const start = state === "running" && row.state !== "running" ? change.at : row.start_date;
  return {
    ...row,
    state,
    try_number: change.try_number,
    start_date: again && state !== "running" ? null : start,
    end_date: again || state === "running" ? null : row.end_date,
  };
}

function patchTaskLists(client: QueryClient, change: ChangeEvent): void {
  const isIt = (row: TaskInstance) =>
    row.task_id === change.task_id && row.map_index === change.map_index;
  for (const key of [
    ["run", change.dag_id, change.run_id, "tasks"],
    ["cells", change.dag_id, change.run_id],
  ]) {
    client.setQueryData<TaskInstance[]>(key, (rows) =>
      rows?.map((row) => (isIt(row) ? patchTask(row, change) : row)),
    );
  }
  client.setQueryData<TaskInstance>(
    ["task", change.dag_id, change.run_id, change.task_id, change.map_index, "detail"],
    (row) => row && patchTask(row, change),
  );
}

/** Writes the states that changes carry into the caches. */
export function patchCaches(client: QueryClient, changes: readonly ChangeEvent[]): void {
  for (const change of changes) {
    if (change.kind === "run") patchRunLists(client, change);
    if (change.kind === "task_instance" && !change.deleted) patchTaskLists(client, change);
  }
}
