// SPDX-License-Identifier: Apache-2.0
import type { DagRun } from "@/api/types";
import type { Column } from "@/components/DataTable";
import { Chip } from "@/components/Page";
import { StateBadge } from "@/components/StateBadge";
import { Duration, Time } from "@/components/Time";
import { links } from "@/router/links";
import { Link } from "@/router/router";

/** "manual" and "scheduled" as people say them. */
export function runTypeLabel(type: string): string {
  const text = type.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The columns of every list of runs. */
export function runColumns(withDag: boolean): Column<DagRun>[] {
  const dag: Column<DagRun> = {
    key: "dag",
    title: "DAG",
    width: "minmax(120px, 1.4fr)",
    cell: (run) => (
      <span className="row">
        <Link to={links.dag(run.dag_id)} className="cut" style={{ fontWeight: 500 }}>
          {run.dag_display_name}
        </Link>
        <span className="phoneOnly faint" style={{ flex: "none" }}>
          <Time at={run.start_date ?? run.run_after} ago />
        </span>
      </span>
    ),
  };
  return [
    {
      key: "state",
      title: "State",
      width: "100px",
      phoneWidth: "82px",
      cell: (run) => <StateBadge state={run.state} />,
    },
    ...(withDag ? [dag] : []),
    {
      key: "run",
      title: "Run",
      width: "minmax(130px, 2fr)",
      wideOnly: withDag,
      cell: (run) => (
        <div className="row">
          <Link
            to={links.run({ dagId: run.dag_id, runId: run.dag_run_id })}
            className="cut mono"
            title={run.dag_run_id}
          >
            {run.dag_run_id}
          </Link>
          {run.note && (
            <span className="cut faint" title={run.note}>
              {run.note}
            </span>
          )}
        </div>
      ),
    },
    {
      key: "type",
      title: "Type",
      width: "90px",
      wideOnly: true,
      cell: (run) => <span className="dim">{runTypeLabel(run.run_type)}</span>,
    },
    {
      key: "version",
      title: "Version",
      width: "minmax(80px, 150px)",
      wideOnly: true,
      cell: (run) => (run.bundle_version ? <Chip>{run.bundle_version}</Chip> : null),
    },
    {
      key: "by",
      title: "By",
      width: "80px",
      wideOnly: true,
      cell: (run) => (
        <span className="cut dim">{run.triggering_user_name ?? run.triggered_by}</span>
      ),
    },
    {
      key: "started",
      title: "Started",
      sort: "start_date",
      width: "150px",
      wideOnly: true,
      cell: (run) => <Time at={run.start_date} none="waits" />,
    },
    {
      key: "duration",
      title: "Duration",
      sort: "duration",
      width: "90px",
      phoneWidth: "66px",
      end: true,
      cell: (run) => (
        <Duration
          start={run.start_date}
          end={run.end_date}
          seconds={run.duration}
          exact
          running={run.state === "running"}
        />
      ),
    },
  ];
}
