// SPDX-License-Identifier: Apache-2.0
import { SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import { fetchAll, kPageMax } from "@/api/paging";
import { Panel } from "@/components/Page";
import { StateIcon } from "@/components/StateIcon";
import { Empty, Loaded } from "@/components/States";
import { span } from "@/lib/time";
import { links } from "@/router/links";
import { Link } from "@/router/router";
import styles from "./home.module.css";
import { taskFigures, type TaskFigure } from "./stats";

const kShown = 6;
const kSample = 500;

/** The newest task instances that ended; loaded again now and then, not with each change. */
function recentlyEnded() {
  return {
    queryKey: ["slow", "taskFigures"],
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      fetchAll(async (offset) => {
        const page = await api.get("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", {
          path: { dag_id: "~", dag_run_id: "~" },
          query: {
            state: ["success", "failed"],
            order_by: ["-end_date"],
            limit: kPageMax,
            offset,
          },
          signal,
        });
        return { rows: page.task_instances, total: Math.min(page.total_entries, kSample) };
      }),
  };
}

/** The slowest and the least reliable tasks among the newest task instances. */
export function TaskFigures() {
  const [by, setBy] = useState<"slow" | "flaky">("slow");
  const query = useQuery(recentlyEnded());
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
      <Loaded query={query}>
        {(ended) => {
          const all = taskFigures(ended);
          const rows =
            by === "slow"
              ? all.sort((a, b) => b.median - a.median)
              : all.filter((each) => each.trouble > 0).sort((a, b) => b.trouble - a.trouble);
          if (rows.length === 0)
            return (
              <Empty title={by === "slow" ? "No task has ended yet" : "Every task is reliable"}>
                Taken from the last {kSample} task instances.
              </Empty>
            );
          return rows
            .slice(0, kShown)
            .map((each) => <Figure key={`${each.dagId} ${each.taskId}`} figure={each} by={by} />);
        }}
      </Loaded>
    </Panel>
  );
}

function Figure({ figure, by }: { figure: TaskFigure; by: "slow" | "flaky" }) {
  const { newest } = figure;
  const ref = {
    dagId: figure.dagId,
    runId: newest.dag_run_id,
    taskId: figure.taskId,
    mapIndex: newest.map_index,
  };
  return (
    <Link to={links.task(ref)} className={styles.entry}>
      <StateIcon state={newest.state} />
      <span className={styles.entryName}>
        <strong className="cut">{newest.task_display_name}</strong>
        <span className="faint cut">{figure.dagId}</span>
      </span>
      <span className="num">
        {by === "slow" ? span(figure.median) : `${Math.round(figure.trouble * 100)} %`}
        <span className="faint"> of {figure.count}</span>
      </span>
    </Link>
  );
}
