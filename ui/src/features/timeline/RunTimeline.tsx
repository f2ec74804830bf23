// SPDX-License-Identifier: Apache-2.0
import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import { runAttempts, runTasks } from "@/api/queries";
import type { DagRun, TaskInstance } from "@/api/types";
import { StateIcon } from "@/components/StateIcon";
import { Empty, Loaded } from "@/components/States";
import { useNow } from "@/lib/now";
import { isOpen, stateName } from "@/lib/states";
import { clock, instant, span } from "@/lib/time";
import { axisStep, lanes, type Lane, type Segment } from "@/lib/timeline";
import { links } from "@/router/links";
import { Link } from "@/router/router";
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
  const byKey = useMemo(
    () => new Map((tasks.data ?? []).map((row) => [`${row.task_id}[${row.map_index}]`, row])),
    [tasks.data],
  );
  return (
    <Loaded query={attempts}>
      {() =>
        all.length === 0 ? (
          <Empty title="No task has started">
            Each task appears here with the moment it is queued.
          </Empty>
        ) : (
          <Chart run={run} all={all} now={now} byKey={byKey} />
        )
      }
    </Loaded>
  );
}

interface ChartProps {
  run: DagRun;
  all: readonly Lane[];
  now: number;
  byKey: ReadonlyMap<string, TaskInstance>;
}

function Chart({ run, all, now, byKey }: ChartProps) {
  const area = useRef<HTMLDivElement>(null);
  const phone = useMediaQuery("(max-width: 720px)") ?? false;
  const virtual = useVirtualizer({
    count: all.length,
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
          const lane = all[item.index];
          if (!lane) return null;
          return (
            <LaneView
              key={lane.key}
              run={run}
              lane={lane}
              task={byKey.get(lane.key)}
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

const kPhases = {
  user: "User code",
  starting: "Starting",
  queued: "Queued",
  retry: "Waits for retry",
};

function segmentState(segment: Segment, task: TaskInstance | undefined): string {
  if (segment.outcome === "succeeded") return "success";
  if (segment.outcome === null) return "running";
  if (segment.outcome === "skipped") return "skipped";
  return segment.outcome === "failed" ? "failed" : stateName(task?.state);
}

interface LaneProps {
  run: DagRun;
  lane: Lane;
  task: TaskInstance | undefined;
  top: number;
  ticks: readonly number[];
  place: (at: number) => string;
}

function LaneView({ run, lane, task, top, ticks, place }: LaneProps) {
  const user = lane.segments.filter((each) => each.phase === "user");
  const last = user.at(-1);
  const label = lane.mapIndex >= 0 ? `${lane.taskId} [${lane.mapIndex}]` : lane.taskId;
  const to = links.task({
    dagId: run.dag_id,
    runId: run.dag_run_id,
    taskId: lane.taskId,
    mapIndex: lane.mapIndex,
  });
  return (
    <div role="listitem">
      <Link to={to} className={styles.lane} style={{ top }}>
        <span className={styles.name}>
          <StateIcon state={task?.state} />
          <span className="cut">{label}</span>
        </span>
        <span className={styles.track}>
          {ticks.map((at) => (
            <span key={at} className={styles.rule} style={{ left: place(at) }} />
          ))}
          {lane.segments.map((each, index) => (
            <span
              key={index}
              className={`${styles.segment} ${styles[each.phase]}`}
              data-state={segmentState(each, task)}
              style={{
                left: place(each.from),
                width: `calc(${place(each.to)} - ${place(each.from)})`,
              }}
              title={`${kPhases[each.phase]}, try ${each.tryNumber}: ${span((each.to - each.from) / 1000)}`}
            />
          ))}
        </span>
        <span className={styles.took}>{last ? span((last.to - last.from) / 1000) : "–"}</span>
      </Link>
    </div>
  );
}
