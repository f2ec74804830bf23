// SPDX-License-Identifier: Apache-2.0
import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import { runAttempts, runTasks } from "@/api/queries";
import type { DagRun, TaskInstance } from "@/api/types";
import { Empty, Loaded } from "@/components/States";
import { groupBy, instanceKey, kFoldedFrom } from "@/lib/mapped";
import { useNow } from "@/lib/now";
import { isOpen } from "@/lib/states";
import { clock, instant, span } from "@/lib/time";
import { axisStep, foldLanes, lanes, type Lane, type LaneRow } from "@/lib/timeline";
import { useSearch } from "@/router/router";
import { LaneView } from "./LaneView";
import styles from "./timeline.module.css";

const kLane = 30;
const kAxis = 28;

/** From when to when a run is drawn: from its first attempt, which clearing may leave before it. */
export function runBounds(run: DagRun, all: readonly Lane[], now: number): [number, number] {
  const start = instant(run.start_date ?? run.queued_at) ?? now;
  const end = instant(run.end_date) ?? now;
  const froms = all.flatMap((lane) => lane.segments.map((each) => each.from));
  const tos = all.flatMap((lane) => lane.segments.map((each) => each.to));
  return [Math.min(start, ...froms), Math.max(start + 1, end, ...tos)];
}

/** Every task of a run on one clock: waiting, starting, user code, each try. */
export function RunTimeline({ run }: { run: DagRun }) {
  const ref = { dagId: run.dag_id, runId: run.dag_run_id };
  const attempts = useQuery(runAttempts(ref));
  const tasks = useQuery(runTasks(ref));
  const now = useNow(isOpen(run.state) ? "tenth" : "still");
  const all = useMemo(() => lanes(attempts.data ?? [], now), [attempts.data, now]);
  const { params, set } = useSearch();
  const open = params.getAll("open").join("\n");
  const rows = useMemo(() => foldLanes(all, new Set(open.split("\n")), kFoldedFrom), [all, open]);
  const byKey = useMemo(
    () => new Map((tasks.data ?? []).map((row) => [instanceKey(row), row])),
    [tasks.data],
  );
  const byTask = useMemo(() => groupBy(tasks.data ?? []), [tasks.data]);
  const toggle = (task: string) => {
    const next = new Set(params.getAll("open"));
    if (!next.delete(task)) next.add(task);
    set({ open: [...next] });
  };
  return (
    <Loaded query={attempts}>
      {() =>
        all.length === 0 ? (
          <Empty title="No task has started">
            Each task appears here with the moment it is queued.
          </Empty>
        ) : (
          <Chart
            run={run}
            all={all}
            rows={rows}
            now={now}
            taskOf={({ lane, fold }) =>
              fold ? byTask.get(lane.taskId)?.worst : byKey.get(lane.key)
            }
            onFold={toggle}
          />
        )
      }
    </Loaded>
  );
}

interface ChartProps {
  run: DagRun;
  /** Every lane, and the lines that are drawn of them. */
  all: readonly Lane[];
  rows: readonly LaneRow[];
  now: number;
  /** The task instance a line is about; of a fold, the one whose state asks most. */
  taskOf: (row: LaneRow) => TaskInstance | undefined;
  onFold: (task: string) => void;
}

function Chart({ run, all, rows, now, taskOf, onFold }: ChartProps) {
  const area = useRef<HTMLDivElement>(null);
  const phone = useMediaQuery("(max-width: 720px)") ?? false;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => area.current,
    estimateSize: () => kLane,
    overscan: 10,
    scrollMargin: kAxis,
  });
  const [from, to] = runBounds(run, all, now);
  const step = axisStep((to - from) / 1000, phone ? 2 : 7) * 1000;
  const ticks = Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, n) => n * step);
  const place = (at: number) => `${((at - from) / (to - from)) * 100}%`;
  return (
    <div
      ref={area}
      className={styles.area}
      tabIndex={0}
      role="list"
      aria-label="Timeline of the run"
    >
      <div className={styles.axis} aria-hidden>
        <span className={styles.axisName}>Task</span>
        <span className={styles.ticks}>
          {ticks.map((at) => (
            <span key={at} className={styles.tick} style={{ left: place(from + at) }}>
              {step < 1000 ? span(at / 1000) : clock(at / 1000).replace(/\.000$/, "")}
            </span>
          ))}
        </span>
      </div>
      <div style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          return (
            <LaneView
              key={row.lane.key}
              run={run}
              row={row}
              task={taskOf(row)}
              onFold={onFold}
              top={item.start}
              ticks={ticks.map((at) => from + at)}
              place={place}
            />
          );
        })}
      </div>
    </div>
  );
}
