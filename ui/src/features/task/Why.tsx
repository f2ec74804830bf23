// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { dagTaskGroups, dagTasks, runReasons, runTasks } from "@/api/queries";
import type { TaskInstance } from "@/api/types";
import { StateIcon } from "@/components/StateIcon";
import { instanceKey } from "@/lib/mapped";
import { stateName } from "@/lib/states";
import styles from "./task.module.css";
import { TaskLinks } from "./TaskLinks";
import { neighbours } from "./upstream";
import { whyInState } from "./why";

/** One sentence that says why the task is where it is, with links to what it names. */
export function Why({ task }: { task: TaskInstance }) {
  const ref = { dagId: task.dag_id, runId: task.dag_run_id };
  const structure = useQuery(dagTasks(task.dag_id)).data ?? [];
  const mapped = task.map_index >= 0;
  const groups = useQuery({ ...dagTaskGroups(task.dag_id), enabled: mapped }).data ?? [];
  const instances = useQuery(runTasks(ref)).data ?? [];
  const reasons = useQuery(runReasons(ref)).data ?? [];
  const why = whyInState({
    task,
    reason: reasons.find((each) => instanceKey(each) === instanceKey(task))?.reason,
    upstream: neighbours(task, "upstream", { structure, groups, instances }),
    triggerRule: structure.find((each) => each.task_id === task.task_id)?.trigger_rule,
  });
  return (
    <div className={styles.why} data-state={stateName(task.state)}>
      <StateIcon state={task.state} size={16} />
      <div className={styles.whyText}>
        {why.text}
        <TaskLinks run={ref} named={why.because} instances={instances} className={styles.because} />
      </div>
    </div>
  );
}
