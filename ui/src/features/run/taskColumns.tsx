// SPDX-License-Identifier: Apache-2.0
// A line for a task instance, or for all of a mapped task: what lists of both consist of.
import type { TaskInstance } from "@/api/types";
import type { Column } from "@/components/DataTable";
import { StateBadge } from "@/components/StateBadge";
import { Duration, Time } from "@/components/Time";
import { instanceKey, instanceName, type Together } from "@/lib/mapped";
import { isFinished, stateLabel } from "@/lib/states";
import { operatorLabel } from "@/lib/text";
import { links } from "@/router/links";
import { Link } from "@/router/router";
import styles from "./run.module.css";

export type TaskRow = Together<TaskInstance>;

const isMany = ({ instances }: TaskRow) => instances.length > 1;

export function rowKey(row: TaskRow): string {
  return isMany(row) ? row.worst.task_id : instanceKey(row.worst);
}

export function rowName(row: TaskRow): string {
  return isMany(row) ? row.worst.task_id : instanceName(row.worst, row.worst.task_id);
}

/** To the instance, or to the list of them. */
export function rowLink({ instances, worst }: TaskRow, tab?: string): string {
  const run = { dagId: worst.dag_id, runId: worst.dag_run_id };
  const { task_id: taskId, map_index: mapIndex } = worst;
  return instances.length > 1
    ? links.instances(run, taskId, tab)
    : links.task({ ...run, taskId, mapIndex }, tab);
}

/** Names the task, as it is called in its run. */
export const kTaskColumn: Column<TaskRow> = {
  key: "task",
  title: "Task",
  width: "minmax(180px, 2fr)",
  phoneWidth: "minmax(110px, 2fr)",
  cell: (row) => (
    <div className="row">
      <Link to={rowLink(row)} className="cut" style={{ fontWeight: 500 }}>
        {isMany(row) ? row.worst.task_display_name : instanceName(row.worst)}
      </Link>
      {isMany(row) && <Times count={row.instances.length} />}
      <span className="cut faint wideOnly" style={{ flexShrink: 99 }}>
        {operatorLabel(row.worst.operator_name)}
      </span>
    </div>
  ),
};

/** "×40": how many instances something stands for. */
export function Times({ count }: { count: number }) {
  return (
    <span className={styles.times} title={`${count.toLocaleString("en")} instances`}>
      ×{count.toLocaleString("en")}
    </span>
  );
}

function State({ row }: { row: TaskRow }) {
  const [first, ...rest] = row.counts;
  if (!first || rest.length === 0) return <StateBadge state={row.worst.state} />;
  const label = `${first.count.toLocaleString("en")} ${stateLabel(first.state).toLowerCase()}`;
  return <StateBadge state={first.state} label={label} />;
}

function Where({ row }: { row: TaskRow }) {
  const hosts = new Set(row.instances.flatMap((each) => each.hostname ?? []));
  const [host] = hosts;
  if (host === undefined) return <span className="faint">–</span>;
  if (hosts.size > 1) return `${hosts.size} hosts`;
  const { pid } = row.worst;
  return (
    <>
      {host} {!isMany(row) && pid && <span className="faint">pid {pid}</span>}
    </>
  );
}

/** Of a task instance its own duration, of many from the first start to the last end. */
function Took({ row }: { row: TaskRow }) {
  const { worst, start, end } = row;
  return isMany(row) ? (
    <Duration start={start} end={end} running={start !== null && end === null} />
  ) : (
    <Duration
      start={worst.start_date}
      end={worst.end_date}
      seconds={worst.duration}
      running={worst.state === "running"}
    />
  );
}

/** What follows the name. `reasons` are what the scheduler says about open ones, by key. */
export function taskColumns(reasons: ReadonlyMap<string, string>): Column<TaskRow>[] {
  return [
    {
      key: "state",
      title: "State",
      width: "minmax(110px, 150px)",
      phoneWidth: "118px",
      cell: (row) => <State row={row} />,
    },
    {
      key: "tries",
      title: "Try",
      width: "40px",
      end: true,
      wideOnly: true,
      cell: ({ instances }) => {
        const tries = Math.max(...instances.map((task) => task.try_number));
        return <span className={tries > 1 ? undefined : "dim"}>{tries || "–"}</span>;
      },
    },
    {
      key: "started",
      title: "Started",
      width: "minmax(76px, 150px)",
      wideOnly: true,
      cell: ({ start }) => <Time at={start} />,
    },
    {
      key: "duration",
      title: "Duration",
      width: "76px",
      phoneWidth: "62px",
      end: true,
      cell: (row) => <Took row={row} />,
    },
    {
      key: "where",
      title: "Ran on",
      width: "minmax(80px, 0.8fr)",
      wideOnly: true,
      cell: (row) => (
        <span className="cut dim">
          <Where row={row} />
        </span>
      ),
    },
    {
      key: "why",
      title: "Why",
      width: "minmax(100px, 2.4fr)",
      wideOnly: true,
      cell: ({ worst }) => {
        const why = isFinished(worst.state) ? worst.state_reason : reasons.get(instanceKey(worst));
        return (
          <span className="cut dim" title={why ?? undefined}>
            {why}
          </span>
        );
      },
    },
  ];
}
