// SPDX-License-Identifier: Apache-2.0
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import type { DagRun, TaskInstance } from "@/api/types";
import { StateIcon } from "@/components/StateIcon";
import { instanceLabel } from "@/lib/mapped";
import { stateName } from "@/lib/states";
import { span } from "@/lib/time";
import type { LaneRow, Segment } from "@/lib/timeline";
import { links } from "@/router/links";
import { Link } from "@/router/router";
import { Times } from "../run/taskColumns";
import styles from "./timeline.module.css";

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

function segmentTitle({ phase, tryNumber, from, to }: Segment): string {
  const tries = tryNumber > 0 ? `, try ${tryNumber}` : "";
  return `${kPhases[phase]}${tries}: ${span((to - from) / 1000)}`;
}

interface LaneProps {
  run: DagRun;
  row: LaneRow;
  /** The task instance it is about; of a fold, the one whose state asks most. */
  task: TaskInstance | undefined;
  top: number;
  ticks: readonly number[];
  place: (at: number) => string;
  onFold: (task: string) => void;
}

/** A line of the timeline: it leads to its task instance, or folds those of a mapped task. */
export function LaneView(props: LaneProps) {
  const { run, row, top, onFold } = props;
  const { taskId, mapIndex } = row.lane;
  const ref = { dagId: run.dag_id, runId: run.dag_run_id, taskId, mapIndex };
  return (
    <div role="listitem">
      {row.fold ? (
        <button
          type="button"
          className={`${styles.lane} ${styles.fold}`}
          style={{ top }}
          aria-expanded={row.fold.open}
          onClick={() => onFold(taskId)}
        >
          <Line {...props} />
        </button>
      ) : (
        <Link to={links.task(ref)} className={styles.lane} style={{ top }}>
          <Line {...props} />
        </Link>
      )}
    </div>
  );
}

function Name({ row: { lane, fold }, task }: LaneProps) {
  const of = { map_index: lane.mapIndex, rendered_map_index: task?.rendered_map_index ?? null };
  const label = fold ? null : instanceLabel(of);
  const Chevron = fold?.open ? IconChevronDown : IconChevronRight;
  return (
    <>
      <StateIcon state={task?.state} />
      <span className={styles.nameOf}>
        <span className="cut">{lane.taskId}</span>
        {label !== null && <span className="cut">{`\u00a0[${label}]`}</span>}
      </span>
      {fold && <Times count={fold.count} />}
      {fold && <Chevron size={14} className={styles.chevron} />}
    </>
  );
}

function tookOf({ lane, fold }: LaneRow): string {
  const user = lane.segments.filter((each) => each.phase === "user");
  const last = user.at(-1);
  const first = fold ? user[0] : last;
  return first && last ? span((last.to - first.from) / 1000) : "–";
}

function Line(props: LaneProps) {
  const { row, task, ticks, place } = props;
  return (
    <>
      <span className={styles.name}>
        <Name {...props} />
      </span>
      <span className={styles.track}>
        {ticks.map((at) => (
          <span key={at} className={styles.rule} style={{ left: place(at) }} />
        ))}
        {row.lane.segments.map((each, index) => (
          <span
            key={index}
            className={`${styles.segment} ${styles[each.phase]}`}
            data-state={segmentState(each, task)}
            style={{
              left: place(each.from),
              width: `calc(${place(each.to)} - ${place(each.from)})`,
            }}
            title={segmentTitle(each)}
          />
        ))}
      </span>
      <span className={styles.took}>{tookOf(row)}</span>
    </>
  );
}
