// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { chosenTasks } from "@/api/queries";
import type { DagRun } from "@/api/types";
import { useToasts } from "@/components/toast";
import { ChosenBar } from "../../actions/ChosenBar";
import { kTasksActions, type TasksAction } from "../../actions/chosenTasks";
import { useCells } from "./useGrid";
import type { ChosenCellsOf } from "./useChosenCells";

const ChosenTasksDialog = lazy(() =>
  import("../../actions/ChosenTasksDialog").then((m) => ({ default: m.ChosenTasksDialog })),
);

const kCellsMax = 1000; // of one action

interface Props {
  dagId: string;
  runs: readonly DagRun[];
  taskCount: number;
  cells: ChosenCellsOf;
}

/** How many task instances of the grid are chosen, and what can be done with them. */
export function ChosenCells({ dagId, runs, taskCount, cells: { chosen, none } }: Props) {
  const [action, setAction] = useState<TasksAction | null>(null);
  const { fail } = useToasts();
  const own = useMemo(() => runs.filter((run) => chosen.has(run.dag_run_id)), [runs, chosen]);
  const known = useCells(own, taskCount);
  const counts = own.map(({ dag_run_id: run }, index) => {
    const tasks = [...(chosen.get(run) ?? [])];
    const there = known[index];
    if (!there) return tasks.length;
    return tasks.reduce((sum, task) => sum + (there.get(task)?.count ?? 0), 0);
  });
  const total = counts.reduce((sum, each) => sum + each, 0);
  const tooMany = total > kCellsMax;
  const tasks = useQuery({ ...chosenTasks(dagId, chosen), enabled: action !== null });
  const where = own.length > 1 ? ` in ${own.length} runs` : "";
  const text = tooMany
    ? `${total.toLocaleString("en")} chosen; at most ${kCellsMax.toLocaleString("en")} at once`
    : `${total} chosen${where}`;
  useEffect(() => {
    if (!tasks.error) return;
    fail(tasks.error);
    setAction(null);
  }, [tasks.error, fail]);
  return (
    <>
      <ChosenBar
        label="Chosen task instances"
        text={text}
        actions={kTasksActions}
        disabled={total === 0 || tooMany}
        onAction={setAction}
        onNone={none}
      />
      <Suspense>
        {action && (
          <ChosenTasksDialog
            dagId={dagId}
            tasks={tasks.data}
            action={action}
            onClose={(done) => {
              setAction(null);
              if (done) none();
            }}
          />
        )}
      </Suspense>
    </>
  );
}
