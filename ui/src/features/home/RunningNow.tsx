// SPDX-License-Identifier: Apache-2.0
import type { Dashboard } from "@/api/types";
import { Panel } from "@/components/Page";
import { StateIcon } from "@/components/StateIcon";
import { Empty } from "@/components/States";
import { Duration } from "@/components/Time";
import { stateName, type StateName } from "@/lib/states";
import { links } from "@/router/links";
import { Link } from "@/router/router";
import styles from "./home.module.css";

// What is done at the left, what is to come at the right.
const kProgress: StateName[] = [
  "success",
  "skipped",
  "failed",
  "upstream_failed",
  "up_for_retry",
  "running",
  "queued",
  "scheduled",
  "none",
];

type OpenRun = Dashboard["open_runs"][number];

interface Props {
  runs: OpenRun[];
  total: number;
}

/** The runs that are under way, each with how far it is. */
export function RunningNow({ runs, total }: Props) {
  return (
    <Panel
      title="Running now"
      flush
      actions={
        total > runs.length ? (
          <Link to={links.runs({ state: "running" })} className="dim">
            All {total}
          </Link>
        ) : undefined
      }
    >
      {runs.length === 0 ? (
        <Empty title="Nothing runs">Runs appear here the moment they start.</Empty>
      ) : (
        runs.map((run) => <Running key={`${run.dag_id} ${run.dag_run_id}`} run={run} />)
      )}
    </Panel>
  );
}

function Running({ run }: { run: OpenRun }) {
  const parts = Object.entries(run.tasks)
    .map(([state, count]) => ({ state: stateName(state), count }))
    .sort((a, b) => kProgress.indexOf(a.state) - kProgress.indexOf(b.state));
  return (
    <Link to={links.run({ dagId: run.dag_id, runId: run.dag_run_id })} className={styles.entry}>
      <StateIcon state={run.state} labelled />
      <span className={styles.entryName}>
        <strong className="cut">{run.dag_display_name}</strong>
        <span className="faint num">
          {run.finished}/{run.task_instances}
        </span>
      </span>
      {run.start_date ? (
        <Duration start={run.start_date} end={null} exact running />
      ) : (
        <span className="faint">waits for room</span>
      )}
      <span className={styles.progress}>
        {parts.map(({ state, count }) => (
          <span key={state} data-state={state} style={{ flexGrow: count }} />
        ))}
      </span>
    </Link>
  );
}
