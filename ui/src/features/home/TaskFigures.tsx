// SPDX-License-Identifier: Apache-2.0
import { SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { recentRuns } from "@/api/queries";
import type { Dashboard, TaskFigure } from "@/api/types";
import { Panel } from "@/components/Page";
import { StateIcon } from "@/components/StateIcon";
import { Empty } from "@/components/States";
import { count } from "@/lib/text";
import { span } from "@/lib/time";
import { links } from "@/router/links";
import { Link } from "@/router/router";
import styles from "./home.module.css";

const kShown = 6;

/** The slowest and the least reliable tasks of the last day. */
export function TaskFigures({ tasks }: { tasks: Dashboard["tasks"] }) {
  const [by, setBy] = useState<"slow" | "flaky">("slow");
  const rows = by === "slow" ? tasks.slowest : tasks.flakiest;
  return (
    <Panel
      title="Tasks to look at"
      flush
      actions={
        <SegmentedControl
          aria-label="By what"
          size="xs"
          data={[
            { value: "slow", label: "Slowest" },
            { value: "flaky", label: "Flakiest" },
          ]}
          value={by}
          onChange={(value) => setBy(value === "slow" ? "slow" : "flaky")}
        />
      }
    >
      {rows.length === 0 ? (
        <Empty title={by === "slow" ? "No task has ended yet" : "Every task is reliable"}>
          Taken from the tries since yesterday.
        </Empty>
      ) : (
        rows
          .slice(0, kShown)
          .map((each) => <Figure key={`${each.dag_id} ${each.task_id}`} figure={each} by={by} />)
      )}
    </Panel>
  );
}

/** How much slower or faster than the days before, where that is worth a word. */
function Trend({ figure }: { figure: TaskFigure }) {
  const before = figure.p50_before;
  if (!before || before < 0.05) return null;
  const change = (figure.p50 - before) / before;
  if (Math.abs(change) < 0.2) return null;
  return (
    <span className={change > 0 ? styles.slower : styles.faster} title="Beside the days before">
      {change > 0 ? "+" : "−"}
      {Math.round(Math.abs(change) * 100)} %
    </span>
  );
}

function Figure({ figure, by }: { figure: TaskFigure; by: "slow" | "flaky" }) {
  // The latest run is where one looks first; until it is known the DAG is.
  const run = useQuery(recentRuns(figure.dag_id, { limit: 14 })).data?.dag_runs[0];
  const to = run
    ? links.task({
        dagId: figure.dag_id,
        runId: run.dag_run_id,
        taskId: figure.task_id,
        mapIndex: -1,
      })
    : links.dag(figure.dag_id);
  const bad = figure.failures + figure.retries;
  return (
    <Link to={to} className={styles.entry}>
      <StateIcon state={figure.failures ? "failed" : figure.retries ? "up_for_retry" : "success"} />
      <span className={styles.entryName}>
        <strong className="cut">{figure.task_id}</strong>
        <span className="faint cut">{figure.dag_id}</span>
      </span>
      <span className="num">
        {by === "slow" ? (
          <>
            <Trend figure={figure} /> {span(figure.p50)}
            <span className="faint" title="Half of all tries; 95 of 100 tries">
              {" "}
              median · {span(figure.p95)} p95
            </span>
          </>
        ) : (
          <>
            {bad} <span className="faint">of {count(figure.tries, "try", "tries")}</span>
          </>
        )}
      </span>
    </Link>
  );
}
