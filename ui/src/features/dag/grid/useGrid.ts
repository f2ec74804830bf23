// SPDX-License-Identifier: Apache-2.0
import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { dagTasks, runCells } from "@/api/queries";
import type { DagRun, TaskInstance } from "@/api/types";
import { groupRows, topological, type Row } from "@/lib/graph";
import { isOpen, kAttention, stateName, type StateName } from "@/lib/states";

export interface Cell {
  state: StateName;
  /** The task instance a press leads to. */
  row: TaskInstance | undefined;
  manyTries: boolean;
}

/** Rows of the grid: tasks in the order they run, groups folded as asked. */
export function useGridRows(dagId: string, folded: ReadonlySet<string>) {
  const query = useQuery(dagTasks(dagId));
  const rows = useMemo(() => {
    const nodes = (query.data ?? []).map((task) => ({
      id: task.task_id ?? "",
      downstream: (task.downstream_task_ids ?? []) as string[],
    }));
    return groupRows(topological(nodes), folded);
  }, [query.data, folded]);
  return { query, rows };
}

function byTask(rows: readonly TaskInstance[]): Map<string, TaskInstance[]> {
  const found = new Map<string, TaskInstance[]>();
  for (const row of rows) {
    const list = found.get(row.task_id);
    if (list) list.push(row);
    else found.set(row.task_id, [row]);
  }
  return found;
}

/** Cells of the runs in sight, by run id; runs out of sight are not loaded. */
export function useCells(runs: readonly DagRun[]): Map<string, Map<string, TaskInstance[]>> {
  return useQueries({
    queries: runs.map((run) =>
      runCells({ dagId: run.dag_id, runId: run.dag_run_id }, !isOpen(run.state)),
    ),
    combine: (results) => {
      const found = new Map<string, Map<string, TaskInstance[]>>();
      for (const [index, { data }] of results.entries()) {
        const run = runs[index];
        if (run && data) found.set(run.dag_run_id, byTask(data));
      }
      return found;
    },
  });
}

/** What a row shows for a run: of a group or a mapped task, the state that asks most. */
export function cellOf(row: Row, tasks: Map<string, TaskInstance[]> | undefined): Cell | null {
  const all = row.tasks.flatMap((id) => tasks?.get(id) ?? []);
  if (all.length === 0) return null;
  let worst = all[0];
  for (const each of all)
    if (kAttention.indexOf(stateName(each.state)) < kAttention.indexOf(stateName(worst?.state)))
      worst = each;
  return {
    state: stateName(worst?.state),
    row: worst,
    manyTries: all.some((each) => each.try_number > 1),
  };
}
