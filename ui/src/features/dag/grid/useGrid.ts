// SPDX-License-Identifier: Apache-2.0
import { useQueries, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Cells } from "@/api/cells";
import { dagTaskGroups, dagTasks, runCells } from "@/api/queries";
import type { DagRun, GridCell } from "@/api/types";
import { groupRows, topological, type Row } from "@/lib/graph";
import { elapsed } from "@/lib/time";
import { isOpen, kAttention, stateName } from "@/lib/states";

/** Rows of the grid: tasks in the order they run, groups folded as asked. */
export function useGridRows(dagId: string, folded: ReadonlySet<string>) {
  const query = useQuery(dagTasks(dagId));
  const groups = useQuery(dagTaskGroups(dagId));
  const rows = useMemo(() => {
    if (!groups.data) return [];
    const nodes = (query.data ?? []).map((task) => ({
      id: task.task_id ?? "",
      downstream: (task.downstream_task_ids ?? []) as string[],
    }));
    return groupRows(topological(nodes), groups.data, folded);
  }, [query.data, groups.data, folded]);
  return { query, groups, rows };
}

const dataOf = (results: UseQueryResult<Cells>[]) => results.map(({ data }) => data);

/** Cells of the runs in sight, one map for each; runs out of sight are not loaded. */
export function useCells(runs: readonly DagRun[], tasks: number): (Cells | undefined)[] {
  return useQueries({
    queries: runs.map((run) =>
      runCells({ dagId: run.dag_id, runId: run.dag_run_id }, tasks, !isOpen(run.state)),
    ),
    combine: dataOf,
  });
}

const attention = (cell: GridCell) => kAttention.indexOf(stateName(cell.state));

/** What a row shows for a run: of a group, the task whose state asks most. */
export function cellOf(row: Row, cells: Cells | undefined): GridCell | null {
  if (!cells) return null;
  if (!row.isGroup) return cells.get(row.id) ?? null;
  let worst: GridCell | null = null;
  let tries = 0;
  for (const id of row.tasks) {
    const cell = cells.get(id);
    if (!cell) continue;
    tries = Math.max(tries, cell.try_number);
    if (!worst || attention(cell) < attention(worst)) worst = cell;
  }
  return worst && worst.try_number < tries ? { ...worst, try_number: tries } : worst;
}

/** How long it took from the first start to the last end; null while it has not ended. */
export function cellSeconds(cell: GridCell | undefined): number | null {
  return cell?.end_date ? elapsed(cell.start_date, cell.end_date, 0) : null;
}
