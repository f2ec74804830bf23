// SPDX-License-Identifier: Apache-2.0
import type { Node, NodeProps } from "@xyflow/react";
import type { Task } from "@/api/types";
import { StateIcon } from "@/components/StateIcon";
import { Duration } from "@/components/Time";
import { countsText } from "@/lib/mapped";
import { stateName } from "@/lib/states";
import { operatorLabel } from "@/lib/text";
import { links } from "@/router/links";
import { Link } from "@/router/router";
import { Badge } from "./Badge";
import { Ends } from "./Ends";
import styles from "./graph.module.css";
import { isMany, progressText, timesText, type Marks } from "./marks";

interface TaskData {
  task: Task;
  label: string;
  /** Its instances in the run that is shown. */
  of: Marks | undefined;
  horizontal: boolean;
  [key: string]: unknown;
}

export type TaskNodeType = Node<TaskData, "task">;

/** How long it took; all of a mapped task from the first start to the last end. */
function Took({ of }: { of: Marks }) {
  const { worst, mapped, start, end } = of;
  if (start === null) return null;
  return mapped ? (
    <Duration start={start} end={end} running={end === null} />
  ) : (
    <Duration
      start={worst.start_date}
      end={worst.end_date}
      seconds={worst.duration}
      running={worst.state === "running"}
    />
  );
}

function linkOf({ worst, mapped }: Marks): string {
  const run = { dagId: worst.dag_id, runId: worst.dag_run_id };
  return mapped
    ? links.instances(run, worst.task_id)
    : links.task({ ...run, taskId: worst.task_id, mapIndex: worst.map_index });
}

/** What stands below the name: how far it is, an unusual trigger rule, or what it is. */
function Under({ task, of }: { task: Task; of: Marks | undefined }) {
  const progress = of && progressText(of);
  if (progress) return <span className="cut">{progress}</span>;
  const rule = task.trigger_rule && task.trigger_rule !== "all_success" ? task.trigger_rule : null;
  return rule ? (
    <span className={styles.rule} title={`Trigger rule: ${rule}`}>
      {rule}
    </span>
  ) : (
    <span className="cut">{operatorLabel(task.operator_name)}</span>
  );
}

/** A task of the graph: its state, what it is, how many, how long it took, its trigger rule. */
export function TaskNode({ data }: NodeProps<TaskNodeType>) {
  const { task, label, of, horizontal } = data;
  const state = stateName(of?.worst.state);
  const many = isMany(task, of);
  const className = `${styles.node} ${many ? styles.many : ""}`;
  const body = (
    <>
      <StateIcon state={state} size={16} />
      <span className={styles.line}>
        <span className={`cut ${styles.name}`} title={task.task_id ?? ""}>
          {label}
        </span>
        {many && (
          <Badge
            text={timesText(of)}
            title={of?.mapped ? countsText(of.counts) : "Mapped: one instance for each element"}
          />
        )}
      </span>
      <span className={styles.under}>
        <Under task={task} of={of} />
        {of && <Took of={of} />}
      </span>
    </>
  );
  return (
    <Ends horizontal={horizontal}>
      {of ? (
        <Link className={className} data-state={state} to={linkOf(of)}>
          {body}
        </Link>
      ) : (
        <div className={className} data-state={state}>
          {body}
        </div>
      )}
    </Ends>
  );
}
