// SPDX-License-Identifier: Apache-2.0
import type { Dashboard } from "@/api/types";
import { Panel } from "@/components/Page";
import { StateIcon } from "@/components/StateIcon";
import { Empty } from "@/components/States";
import { Time } from "@/components/Time";
import { instanceName } from "@/lib/mapped";
import { links } from "@/router/links";
import { Link } from "@/router/router";
import styles from "./home.module.css";
import { groupFailures, type Failure } from "./stats";

const kShown = 8;

/** The newest failures with their reasons. */
export function Failures({ failures }: { failures: Dashboard["failures"] }) {
  return (
    <Panel
      title="What failed, and why"
      flush
      actions={
        <Link to={links.runs({ state: "failed" })} className="dim">
          Failed runs
        </Link>
      }
    >
      {failures.length === 0 ? (
        <Empty title="Nothing failed">Failed tasks are listed here with their reason.</Empty>
      ) : (
        groupFailures(failures)
          .slice(0, kShown)
          .map((group) => (
            <Failed key={`${group.newest.dag_run_id} ${group.newest.task_id}`} {...group} />
          ))
      )}
    </Panel>
  );
}

function Failed({ newest: task, count }: Failure) {
  const ref = {
    dagId: task.dag_id,
    runId: task.dag_run_id,
    taskId: task.task_id,
    mapIndex: task.map_index,
  };
  return (
    <Link to={links.task(ref)} className={styles.entry}>
      <StateIcon state="failed" />
      <span className={styles.entryName}>
        <strong className="cut">{instanceName(task)}</strong>
        <span className="faint cut">{task.dag_id}</span>
        {count > 1 && <span className="faint num">×{count}</span>}
      </span>
      <span className="faint">
        <Time at={task.end_date} ago />
      </span>
      <span className={styles.why}>{task.reason ?? "No reason was reported: see its log"}</span>
    </Link>
  );
}
