// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { dagTasks, runReasons, runTasks } from "@/api/queries";
import type { TaskInstance } from "@/api/types";
import { StateIcon } from "@/components/StateIcon";
import { stateName } from "@/lib/states";
import { links } from "@/router/links";
import { Link } from "@/router/router";
import styles from "./task.module.css";
import { whyInState } from "./why";

/** One sentence that says why the task is where it is, with links to what it names. */
export function Why({ task }: { task: TaskInstance }) {
  const ref = { dagId: task.dag_id, runId: task.dag_run_id };
  const structure = useQuery(dagTasks(task.dag_id)).data ?? [];
  const instances = useQuery(runTasks(ref)).data ?? [];
  const reasons = useQuery(runReasons(ref)).data ?? [];
  const upstreamIds = new Set(
    structure
      .filter((each) => ((each.downstream_task_ids ?? []) as string[]).includes(task.task_id))
      .map((each) => each.task_id),
  );
  const why = whyInState({
    task,
    reason: reasons.find(
      (each) => each.task_id === task.task_id && each.map_index === task.map_index,
    )?.reason,
    upstream: instances.filter((each) => upstreamIds.has(each.task_id)),
    triggerRule: structure.find((each) => each.task_id === task.task_id)?.trigger_rule,
  });
  return (
    <div className={styles.why} data-state={stateName(task.state)}>
      <StateIcon state={task.state} size={16} />
      <div className={styles.whyText}>
        {why.text}
        {why.because.map((each) => (
          <Link
            key={each.id}
            className={styles.because}
            to={links.task({ ...ref, taskId: each.task_id, mapIndex: each.map_index })}
          >
            <StateIcon state={each.state} labelled size={13} />
            {each.task_id}
          </Link>
        ))}
      </div>
    </div>
  );
}
