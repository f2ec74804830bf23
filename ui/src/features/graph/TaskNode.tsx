// SPDX-License-Identifier: Apache-2.0
import type { Node, NodeProps } from "@xyflow/react";
import type { Task, TaskInstance } from "@/api/types";
import { StateIcon } from "@/components/StateIcon";
import { Duration } from "@/components/Time";
import { stateName } from "@/lib/states";
import { operatorLabel } from "@/lib/text";
import { links } from "@/router/links";
import { Link } from "@/router/router";
import { Ends } from "./Ends";
import styles from "./graph.module.css";

export type TaskNodeType = Node<
  { task: Task; label: string; instance: TaskInstance | undefined; horizontal: boolean },
  "task"
>;

/** A task of the graph: its state, what it is, how long it took, an unusual trigger rule. */
export function TaskNode({ data }: NodeProps<TaskNodeType>) {
  const { task, label, instance, horizontal } = data;
  const rule = task.trigger_rule && task.trigger_rule !== "all_success" ? task.trigger_rule : null;
  const state = stateName(instance?.state);
  const body = (
    <>
      <StateIcon state={state} size={16} />
      <span className={`cut ${styles.name}`} title={task.task_id ?? ""}>
        {label}
      </span>
      <span className={styles.under}>
        {rule ? (
          <span className={styles.rule} title={`Trigger rule: ${rule}`}>
            {rule}
          </span>
        ) : (
          <span className="cut">{operatorLabel(task.operator_name)}</span>
        )}
        {instance?.start_date && (
          <Duration
            start={instance.start_date}
            end={instance.end_date}
            seconds={instance.duration}
            running={state === "running"}
          />
        )}
      </span>
    </>
  );
  return (
    <Ends horizontal={horizontal}>
      {instance ? (
        <Link
          className={styles.node}
          data-state={state}
          to={links.task({
            dagId: instance.dag_id,
            runId: instance.dag_run_id,
            taskId: instance.task_id,
            mapIndex: instance.map_index,
          })}
        >
          {body}
        </Link>
      ) : (
        <div className={styles.node} data-state={state}>
          {body}
        </div>
      )}
    </Ends>
  );
}
