// SPDX-License-Identifier: Apache-2.0
import type { TaskInstance } from "@/api/types";
import { StateIcon } from "@/components/StateIcon";
import { instanceName } from "@/lib/mapped";
import { count } from "@/lib/text";
import styles from "./actions.module.css";

const kShown = 200;

interface Props {
  /** What the server says it would touch. */
  tasks: readonly TaskInstance[] | undefined;
  /** How many there are, if these are only the first. */
  total?: number | undefined;
  /** Said when it is nothing. */
  none: string;
}

/** A preview: every task instance an action would change. */
export function TouchList({ tasks, total = tasks?.length ?? 0, none }: Props) {
  if (!tasks) return <div className={styles.touch}>Looking what this touches…</div>;
  if (tasks.length === 0) return <div className={styles.touch}>{none}</div>;
  return (
    <div>
      <div className="dim" style={{ marginBottom: 6 }}>
        This touches {count(total, "task instance")}:
      </div>
      <ul className={styles.touch} tabIndex={0}>
        {tasks.slice(0, kShown).map((task) => (
          <li key={task.id}>
            <StateIcon state={task.state} labelled />
            <span className="cut">{instanceName(task)}</span>
            <span className="faint cut">{task.dag_run_id}</span>
          </li>
        ))}
        {total > kShown && <li className="faint">and {total - kShown} more</li>}
      </ul>
    </div>
  );
}
