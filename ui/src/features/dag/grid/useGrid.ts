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
  const own = row.tasks.flatMap((id) => cells.get(id) ?? []);
  const [first, ...rest] = own;
  if (!first) return null;
  const worst = rest.reduce((a, b) => (attention(b) < attention(a) ? b : a), first);
  const tries = Math.max(...own.map((cell) => cell.try_number));
  if (own.some((cell) => cell.count > 1)) return { ...worst, try_number: tries, ...sumOf(own) };
  return worst.try_number < tries ? { ...worst, try_number: tries } : worst;
}

/** How many instances there are of some tasks, and in which states. */
function sumOf(cells: readonly GridCell[]): Pick<GridCell, "count" | "states"> {
  const states: Record<string, number> = {};
  let count = 0;
  for (const cell of cells) {
    count += cell.count;
    for (const [state, n] of Object.entries(cell.states)) states[state] = (states[state] ?? 0) + n;
  }
  return { count, states };
}

/** How long it took from the first start to the last end; null while it has not ended. */
export function cellSeconds(cell: GridCell | undefined): number | null {
  return cell?.end_date ? elapsed(cell.start_date, cell.end_date, 0) : null;
}
