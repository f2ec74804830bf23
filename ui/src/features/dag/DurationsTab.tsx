// SPDX-License-Identifier: Apache-2.0
import { SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Cells } from "@/api/cells";
import { dagTasks, recentRuns } from "@/api/queries";
import type { DagRun } from "@/api/types";
import { useZone } from "@/app/ZoneProvider";
import { Panel } from "@/components/Page";
import { Empty, Loaded } from "@/components/States";
import { links } from "@/router/links";
import { navigate, useSearch } from "@/router/router";
import { Chart, type Series } from "../charts/Chart";
import styles from "./dag.module.css";
import { cellSeconds, useCells } from "./grid/useGrid";

const kColors = [
  "--s-running",
  "--s-retry",
  "--s-deferred",
  "--s-success",
  "--s-failed",
  "--s-skipped-text",
  "--s-upstream",
  "--s-queued",
];

const kNoRuns: DagRun[] = [];

function runSeries(runs: readonly DagRun[]): Series[] {
  const of = (state: string) => runs.map((run) => (run.state === state ? run.duration : null));
  return [
    { label: "Duration", color: "--s-queued", values: runs.map((run) => run.duration) },
    { label: "Success", color: "--s-success", values: of("success"), pointsOnly: true },
    { label: "Failed", color: "--s-failed", values: of("failed"), pointsOnly: true },
  ];
}

/** A line for each of the tasks that take longest. */
function taskSeries(runs: readonly DagRun[], cells: readonly (Cells | undefined)[]): Series[] {
  const totals = new Map<string, number>();
  for (const own of cells)
    for (const cell of own?.values() ?? [])
      totals.set(cell.task_id, (totals.get(cell.task_id) ?? 0) + (cellSeconds(cell) ?? 0));
  return [...totals]
    .sort((a, b) => b[1] - a[1])
    .slice(0, kColors.length)
    .map(([taskId], index) => ({
      label: taskId,
      color: kColors[index] ?? "--s-queued",
      values: runs.map((_, at) => cellSeconds(cells[at]?.get(taskId))),
    }));
}

/** How long runs and their slowest tasks take, over time. */
export function DurationsTab({ dagId }: { dagId: string }) {
  const { params, set } = useSearch();
  const { zone } = useZone();
  const count = params.get("runs") ?? "50";
  const query = useQuery(recentRuns(dagId, { limit: Number(count) }));
  const runs = useMemo(
    () =>
      (query.data?.dag_runs ?? [])
        .filter((run) => run.start_date && run.duration !== null)
        .sort((a, b) => (a.start_date ?? "").localeCompare(b.start_date ?? "")),
    [query.data],
  );
  const tasks = useQuery(dagTasks(dagId));
  const cells = useCells(tasks.data ? runs : kNoRuns, tasks.data?.length ?? 0);
  const times = useMemo(() => runs.map((run) => Date.parse(run.start_date ?? "") / 1000), [runs]);
  const ofRuns = useMemo(() => runSeries(runs), [runs]);
  const ofTasks = useMemo(() => taskSeries(runs, cells), [runs, cells]);
  const open = (index: number) => {
    const run = runs[index];
    if (run) navigate(links.run({ dagId, runId: run.dag_run_id }));
  };
  return (
    <>
      <div className={styles.controls}>
        <SegmentedControl
          aria-label="How many runs"
          data={["25", "50", "100"].map((value) => ({ value, label: `${value} runs` }))}
          value={count}
          onChange={(value) => set({ runs: value === "50" ? null : value })}
        />
      </div>
      <Loaded query={query}>
        {() =>
          runs.length === 0 ? (
            <Panel>
              <Empty title="No run has ended yet">Durations appear with the first one.</Empty>
            </Panel>
          ) : (
            <div className="stack">
              <Panel title="Runs">
                <Chart
                  label="Duration of runs over time"
                  times={times}
                  series={ofRuns}
                  zone={zone}
                  onPoint={open}
                />
              </Panel>
              <Panel title="Slowest tasks">
                <Chart
                  label="Duration of the slowest tasks over time"
                  times={times}
                  series={ofTasks}
                  zone={zone}
                  onPoint={open}
                />
              </Panel>
            </div>
          )
        }
      </Loaded>
    </>
  );
}
