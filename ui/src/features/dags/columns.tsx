// SPDX-License-Identifier: Apache-2.0
import { ActionIcon, Switch } from "@mantine/core";
import { IconPlayerPlay, IconStar, IconStarFilled } from "@tabler/icons-react";
import { kLatestRuns } from "@/api/latestRuns";
import type { Dag, LatestRun } from "@/api/types";
import type { Column } from "@/components/DataTable";
import { Hint } from "@/components/Hint";
import { Chip } from "@/components/Page";
import { RunBars } from "@/components/RunBars";
import { StateIcon } from "@/components/StateIcon";
import { Time } from "@/components/Time";
import { links } from "@/router/links";
import { Link } from "@/router/router";
import styles from "./dags.module.css";
import { scheduleLabel } from "./schedule";

interface Actions {
  favourite: (dag: Dag) => void;
  pause: (dag: Dag) => void;
  trigger: (dag: Dag) => void;
  canRun: boolean;
}

function DagName({ dag, favourite }: Pick<Actions, "favourite"> & { dag: Dag }) {
  const on = dag.is_favorite;
  return (
    <div className="row" style={{ gap: 4 }}>
      <button
        type="button"
        className={styles.star}
        aria-pressed={on}
        aria-label={`Favourite ${dag.dag_id}`}
        onClick={() => favourite(dag)}
      >
        {on ? <IconStarFilled size={15} /> : <IconStar size={15} stroke={1.6} />}
      </button>
      <div style={{ minWidth: 0 }}>
        <div className="row">
          <Link
            to={links.dag(dag.dag_id)}
            className={`cut ${styles.name} ${dag.is_paused ? styles.paused : ""}`}
          >
            {dag.dag_display_name}
          </Link>
          {dag.has_import_errors && (
            <Hint label="Its file does not compile: the last good version runs">
              <Link to={links.importErrors()} aria-label="Import error">
                <StateIcon state="failed" />
              </Link>
            </Hint>
          )}
        </div>
        {dag.description && <div className={`cut ${styles.under}`}>{dag.description}</div>}
      </div>
    </div>
  );
}

function Latest({ run }: { run: LatestRun | undefined }) {
  if (!run) return <span className="faint">–</span>;
  return (
    <Link
      to={links.run({ dagId: run.dag_id, runId: run.dag_run_id })}
      className="row"
      style={{ gap: 6 }}
    >
      <StateIcon state={run.state} labelled />
      <Time at={run.start_date ?? run.run_after} ago />
    </Link>
  );
}

function Tags({ dag }: { dag: Dag }) {
  return (
    <div className="row" style={{ gap: 4, overflow: "hidden" }}>
      {dag.tags.slice(0, 3).map((tag) => (
        <Chip key={tag.name} to={links.dags({ tag: tag.name })}>
          {tag.name}
        </Chip>
      ))}
      {dag.tags.length > 3 && <span className="faint">+{dag.tags.length - 3}</span>}
    </div>
  );
}

function Next({ dag }: { dag: Dag }) {
  if (!dag.next_dagrun_run_after) return <span className="faint">–</span>;
  if (dag.is_paused) return <span className="faint">paused</span>;
  return <Time at={dag.next_dagrun_run_after} ago />;
}

export function dagColumns(
  actions: Actions,
  runs: (dagId: string) => readonly LatestRun[],
): Column<Dag>[] {
  const { canRun } = actions;
  return [
    {
      key: "name",
      title: "DAG",
      sort: "dag_id",
      width: "minmax(160px, 3fr)",
      phoneWidth: "minmax(0, 1fr)",
      cell: (dag) => <DagName dag={dag} favourite={actions.favourite} />,
    },
    {
      key: "runs",
      title: "Last runs",
      width: "112px",
      cell: (dag) => <RunBars runs={runs(dag.dag_id)} slots={kLatestRuns} />,
    },
    {
      key: "last",
      title: "Latest",
      width: "104px",
      wideOnly: true,
      cell: (dag) => <Latest run={runs(dag.dag_id)[0]} />,
    },
    {
      key: "schedule",
      title: "Schedule",
      width: "minmax(90px, 1.3fr)",
      wideOnly: true,
      cell: (dag) => (
        <span
          className={dag.timetable_summary ? "cut dim" : "cut faint"}
          title={dag.timetable_summary ?? undefined}
        >
          {scheduleLabel(dag)}
        </span>
      ),
    },
    {
      key: "next",
      title: "Next run",
      width: "84px",
      wideOnly: true,
      cell: (dag) => <Next dag={dag} />,
    },
    {
      key: "owner",
      title: "Owner",
      width: "minmax(70px, 0.9fr)",
      wideOnly: true,
      cell: (dag) => (
        <Link to={links.dags({ owner: dag.owners[0] })} className="cut dim">
          {dag.owners.join(", ")}
        </Link>
      ),
    },
    {
      key: "tags",
      title: "Tags",
      width: "minmax(90px, 1.2fr)",
      wideOnly: true,
      cell: (dag) => <Tags dag={dag} />,
    },
    {
      key: "do",
      title: <span className="sr">Actions</span>,
      width: "80px",
      end: true,
      cell: (dag) => (
        <div className="row">
          <Hint label={dag.is_paused ? "Paused: press to resume its schedule" : "Active"}>
            <Switch
              checked={!dag.is_paused}
              disabled={!canRun}
              onChange={() => actions.pause(dag)}
              aria-label={`${dag.dag_id} is active`}
            />
          </Hint>
          <Hint label="Trigger">
            <ActionIcon
              disabled={!canRun}
              onClick={() => actions.trigger(dag)}
              aria-label={`Trigger ${dag.dag_id}`}
            >
              <IconPlayerPlay size={15} stroke={1.7} />
            </ActionIcon>
          </Hint>
        </div>
      ),
    },
  ];
}
