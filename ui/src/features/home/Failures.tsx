// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { allTasks } from "@/api/taskQueries";
import { Panel } from "@/components/Page";
import { StateIcon } from "@/components/StateIcon";
import { Empty, Loaded } from "@/components/States";
import { Time } from "@/components/Time";
import { links } from "@/router/links";
import { Link } from "@/router/router";
import styles from "./home.module.css";
import { groupFailures, type Failure } from "./stats";

const kShown = 8;

/** The newest failures with their reasons. */
export function Failures() {
  const query = useQuery(allTasks({ states: ["failed"], limit: 50, order: "-end_date" }));
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
      <Loaded query={query}>
        {(page) =>
          page.task_instances.length === 0 ? (
            <Empty title="Nothing failed">Failed tasks are listed here with their reason.</Empty>
          ) : (
            groupFailures(page.task_instances)
              .slice(0, kShown)
              .map((group) => <Failed key={group.newest.id} {...group} />)
          )
        }
      </Loaded>
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
      <StateIcon state={task.state} />
      <span className={styles.entryName}>
        <strong className="cut">{task.task_display_name}</strong>
        <span className="faint cut">{task.dag_display_name}</span>
        {count > 1 && <span className="faint num">×{count}</span>}
      </span>
      <span className="faint">
        <Time at={task.end_date} ago />
      </span>
      <span className={styles.why}>
        {task.state_reason ?? "No reason was reported: see its log"}
      </span>
    </Link>
  );
}
