// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { dagTasks, runTasks } from "@/api/queries";
import type { DagRun, TaskInstance } from "@/api/types";
import { Empty } from "@/components/States";
import { topological } from "@/lib/graph";
import { groupBy, kFoldedFrom, together } from "@/lib/mapped";
import { countStates } from "@/lib/states";
import { StateCounts } from "./StateCounts";
import { TaskRows, tasksText } from "./TaskRows";
import { kTaskColumn, type TaskRow } from "./taskColumns";

/** A line for each instance, in the order given; one for all of a task that has very many. */
function rowsOf(instances: readonly TaskInstance[], rank: (task: TaskInstance) => number) {
  const groups = [...groupBy(instances).values()].sort((a, b) => rank(a.worst) - rank(b.worst));
  const rows = groups.flatMap((group): TaskRow[] =>
    group.instances.length >= kFoldedFrom
      ? [group]
      : group.instances.map((task) => together([task])),
  );
  return { rows, tasks: groups.length };
}

/** Every task of a run: state, tries, how long, where, why. */
export function TaskTable({ run }: { run: DagRun }) {
  const ref = { dagId: run.dag_id, runId: run.dag_run_id };
  const instances = useQuery(runTasks(ref)).data;
  const structure = useQuery(dagTasks(run.dag_id)).data;
  const { rows, tasks } = useMemo(() => {
    const nodes = (structure ?? []).map((task) => ({
      id: task.task_id ?? "",
      downstream: (task.downstream_task_ids ?? []) as string[],
    }));
    const order = new Map(topological(nodes).map((id, index) => [id, index]));
    return rowsOf(instances ?? [], (task) => order.get(task.task_id) ?? order.size);
  }, [instances, structure]);
  const counts = useMemo(
    () => countStates((instances ?? []).map((task) => task.state)),
    [instances],
  );
  return (
    <TaskRows
      run={ref}
      rows={rows}
      name={kTaskColumn}
      all="Choose all tasks"
      title={tasksText(tasks, instances?.length ?? 0)}
      actions={<StateCounts counts={counts} />}
      none={<Empty title="This run has no tasks" />}
    />
  );
}
