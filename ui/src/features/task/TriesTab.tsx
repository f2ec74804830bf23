// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { runAttempts } from "@/api/queries";
import { taskTries } from "@/api/taskQueries";
import type { Attempt, TaskRef, TaskTry } from "@/api/types";
import { DataTable, type Column } from "@/components/DataTable";
import { Panel } from "@/components/Page";
import { StateBadge } from "@/components/StateBadge";
import { Empty, Loaded } from "@/components/States";
import { Duration, Time } from "@/components/Time";
import { bytes } from "@/lib/text";
import { span } from "@/lib/time";
import { links } from "@/router/links";
import { Link } from "@/router/router";

function between(from: string | null, to: string | null) {
  if (!from || !to) return <span className="faint">–</span>;
  return <span>{span((Date.parse(to) - Date.parse(from)) / 1000)}</span>;
}

/** A figure of the processes, which nobody has while they run. */
function known(figure: number | null, text: (figure: number) => string) {
  return figure === null ? <span className="faint">–</span> : <span>{text(figure)}</span>;
}

function tryColumns(task: TaskRef): Column<TaskTry>[] {
  return [
    {
      key: "try",
      title: "Try",
      width: "70px",
      cell: (row) => (
        <Link to={links.task(task, undefined, row.try_number)} style={{ fontWeight: 500 }}>
          Try {row.try_number}
        </Link>
      ),
    },
    {
      key: "state",
      title: "State",
      width: "130px",
      cell: (row) => <StateBadge state={row.state} />,
    },
    {
      key: "start",
      title: "Started",
      width: "150px",
      wideOnly: true,
      cell: (row) => <Time at={row.start_date} />,
    },
    {
      key: "took",
      title: "Duration",
      width: "76px",
      end: true,
      cell: (row) => (
        <Duration
          start={row.start_date}
          end={row.end_date}
          seconds={row.duration}
          running={row.state === "running"}
        />
      ),
    },
    {
      key: "version",
      title: "Version",
      width: "minmax(80px, 170px)",
      wideOnly: true,
      cell: (row) => <span className="cut dim">{row.dag_version?.bundle_version}</span>,
    },
    {
      key: "why",
      title: "Why",
      width: "minmax(80px, 2fr)",
      wideOnly: true,
      cell: (row) => (
        <span className="cut dim" title={row.state_reason ?? undefined}>
          {row.state_reason}
        </span>
      ),
    },
  ];
}

const kAttemptColumns: Column<Attempt>[] = [
  {
    key: "id",
    title: "Attempt",
    width: "70px",
    cell: (row) => <span className="num">{row.id}</span>,
  },
  { key: "try", title: "Try", width: "40px", cell: (row) => row.try_number },
  {
    key: "state",
    title: "State",
    width: "minmax(90px, 1fr)",
    cell: (row) => (
      <span className="cut">
        {row.state}
        {row.outcome && <span className="dim">, {row.outcome}</span>}
      </span>
    ),
  },
  {
    key: "queued",
    title: "Queued",
    width: "76px",
    end: true,
    wideOnly: true,
    cell: (row) => between(row.created_at, row.dispatched_at),
  },
  {
    key: "starting",
    title: "Starting",
    width: "76px",
    end: true,
    wideOnly: true,
    cell: (row) => between(row.dispatched_at, row.started_at),
  },
  {
    key: "user",
    title: "User code",
    width: "76px",
    end: true,
    cell: (row) => between(row.started_at, row.ended_at),
  },
  {
    key: "cpu",
    title: "CPU",
    width: "76px",
    end: true,
    wideOnly: true,
    cell: (row) => known(row.cpu_seconds, span),
  },
  {
    key: "memory",
    title: "Memory",
    width: "84px",
    end: true,
    wideOnly: true,
    cell: (row) => known(row.memory_peak_bytes, bytes),
  },
  {
    key: "where",
    title: "Where",
    width: "minmax(90px, 1.2fr)",
    wideOnly: true,
    cell: (row) => (
      <span className="cut dim">
        {row.executor} · {row.hostname ?? row.agent ?? "–"}
        {row.pid !== null && ` · pid ${row.pid}`}
      </span>
    ),
  },
  {
    key: "why",
    title: "Why",
    width: "minmax(80px, 2fr)",
    wideOnly: true,
    cell: (row) => {
      const text = [startedAhead(row), row.reason].filter(Boolean).join("; ");
      return (
        <span className="cut dim" title={text || undefined}>
          {text}
        </span>
      );
    },
  },
];

/** "started ahead, waited 3.2 s" of a place that was there before the attempt. */
function startedAhead(row: Attempt) {
  if (!row.held_since) return null;
  const until = row.dispatched_at ?? row.created_at;
  return `started ahead, waited ${span((Date.parse(until) - Date.parse(row.held_since)) / 1000)}`;
}

/** Each try, and each placement it took: a lost machine costs an attempt but no try. */
export function TriesTab({ task }: { task: TaskRef }) {
  const tries = useQuery(taskTries(task));
  const attempts = useQuery(runAttempts(task));
  const columns = useMemo(() => tryColumns(task), [task]);
  const own = (attempts.data ?? []).filter(
    (each) => each.task_id === task.taskId && each.map_index === task.mapIndex,
  );
  return (
    <div className="stack">
      <Panel flush title="Tries">
        <Loaded query={tries} rows={2}>
          {(rows) =>
            rows.length === 0 ? (
              <Empty title="It has not been tried yet" />
            ) : (
              <DataTable
                label="Tries"
                columns={columns}
                rows={rows}
                rowKey={(row) => String(row.try_number)}
              />
            )
          }
        </Loaded>
      </Panel>
      <Panel flush title="Attempts">
        <Loaded query={attempts} rows={2}>
          {() =>
            own.length === 0 ? (
              <Empty title="It has not been placed yet" />
            ) : (
              <DataTable
                label="Attempts"
                columns={kAttemptColumns}
                rows={own}
                rowKey={(row) => String(row.id)}
              />
            )
          }
        </Loaded>
      </Panel>
    </div>
  );
}
