// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { runTasks } from "@/api/queries";
import type { DagRun } from "@/api/types";
import { Panel } from "@/components/Page";
import { StateIcon } from "@/components/StateIcon";
import { Bones, Empty } from "@/components/States";
import { Duration } from "@/components/Time";
import { countStates, type StateName } from "@/lib/states";
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

interface Props {
  runs: DagRun[] | undefined;
  total: number;
}

/** The runs that are under way, each with how far it is. */
export function RunningNow({ runs, total }: Props) {
  return (
    <Panel
      title="Running now"
      flush
      actions={
        runs && total > runs.length ? (
          <Link to={links.runs({ state: "running" })} className="dim">
            All {total}
          </Link>
        ) : undefined
      }
    >
      {!runs ? (
        <Bones rows={3} />
      ) : runs.length === 0 ? (
        <Empty title="Nothing runs">Runs appear here the moment they start.</Empty>
      ) : (
        runs.map((run) => <Running key={`${run.dag_id} ${run.dag_run_id}`} run={run} />)
      )}
    </Panel>
  );
}

function Running({ run }: { run: DagRun }) {
  const ref = { dagId: run.dag_id, runId: run.dag_run_id };
  const { data } = useQuery(runTasks(ref));
  const parts = countStates(data?.map((task) => task.state) ?? []).sort(
    (a, b) => kProgress.indexOf(a.state) - kProgress.indexOf(b.state),
  );
  const done = data?.filter((task) => task.state === "success").length ?? 0;
  return (
    <Link to={links.run(ref)} className={styles.entry}>
      <StateIcon state="running" />
      <span className={styles.entryName}>
        <strong className="cut">{run.dag_display_name}</strong>
        {data && (
          <span className="faint num">
            {done}/{data.length}
          </span>
        )}
      </span>
      <Duration start={run.start_date} end={null} exact running />
      <span className={styles.progress}>
        {parts.map(({ state, count }) => (
          <span key={state} data-state={state} style={{ flexGrow: count }} />
        ))}
      </span>
    </Link>
  );
}
