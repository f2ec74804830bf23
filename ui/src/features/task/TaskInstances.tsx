// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { runTasks } from "@/api/queries";
import type { TaskInstance, TaskRef } from "@/api/types";
import type { Column } from "@/components/DataTable";
import { Page, Panel } from "@/components/Page";
import { SearchField } from "@/components/SearchField";
import { StateBadge } from "@/components/StateBadge";
import { Bones, Empty, Failure } from "@/components/States";
import { Duration, Time } from "@/components/Time";
import { instanceLabel, instanceMatches, together, type Together } from "@/lib/mapped";
import { stateName } from "@/lib/states";
import { count, operatorLabel } from "@/lib/text";
import { links } from "@/router/links";
import { Link, useSearch } from "@/router/router";
import filters from "../dags/dags.module.css";
import { StateCounts } from "../run/StateCounts";
import { rowLink, Times, type TaskRow } from "../run/taskColumns";
import { TaskRows } from "../run/TaskRows";
import { TaskActions } from "./TaskActions";
import styles from "./task.module.css";

type All = Together<TaskInstance>;

/** Names an instance by its label; the index stands beside it where that is another. */
function labelColumn(tab: string | undefined): Column<TaskRow> {
  return {
    key: "instance",
    title: "Instance",
    width: "minmax(160px, 2fr)",
    phoneWidth: "minmax(90px, 2fr)",
    cell: (row) => {
      const label = instanceLabel(row.worst);
      const index = String(row.worst.map_index);
      return (
        <div className="row">
          <Link to={rowLink(row, tab)} className="cut" style={{ fontWeight: 500 }}>
            {label ?? row.worst.task_id}
          </Link>
          {label !== null && label !== index && <span className="faint num">{index}</span>}
        </div>
      );
    },
  };
}

/** How far a mapped task is, as a bar of its states. */
function Progress({ all }: { all: All }) {
  return (
    <div className={styles.progress} aria-hidden>
      {[...all.counts].reverse().map(({ state, count: share }) => (
        <span key={state} data-state={state} style={{ flexGrow: share }} />
      ))}
    </div>
  );
}

interface Props {
  refTask: TaskRef;
  /** The view that the instances are opened in; unset for the first one. */
  tab: string | undefined;
}

function List({ refTask, tab, all }: Props & { all: All }) {
  const { params } = useSearch();
  const state = params.get("state");
  const search = params.get("q") ?? "";
  const rows = useMemo(
    () =>
      all.instances
        .filter((task) => state === null || stateName(task.state) === state)
        .filter((task) => instanceMatches(task, search))
        .map((task) => together([task])),
    [all, state, search],
  );
  const name = useMemo(() => labelColumn(tab), [tab]);
  const filtered = state !== null || search !== "";
  const every = count(all.instances.length, "instance");
  return (
    <TaskRows
      run={refTask}
      rows={rows}
      name={name}
      all="Choose all that are listed"
      title={filtered ? `${rows.length.toLocaleString("en")} of ${every}` : every}
      actions={
        <span className="dim">
          {all.finished.toLocaleString("en")} of {all.instances.length.toLocaleString("en")} done
        </span>
      }
      tab={tab}
      none={<Empty title="No instance matches">Take a filter away to see more.</Empty>}
    >
      <Progress all={all} />
      <div className={filters.filters} role="search">
        <SearchField label="Find instances" hint="Find by label or index…" width={220} />
        <StateCounts
          counts={all.counts}
          shown={state}
          to={(each) =>
            links.instances(refTask, refTask.taskId, tab, each === state ? undefined : each)
          }
        />
      </div>
    </TaskRows>
  );
}

/** All instances of a mapped task: how far they are together, and each of them. */
export function TaskInstances({ refTask, tab }: Props) {
  const query = useQuery(runTasks(refTask));
  const all = useMemo(() => {
    const own = (query.data ?? []).filter((each) => each.task_id === refTask.taskId);
    return own.some((each) => each.map_index >= 0) ? together(own) : null;
  }, [query.data, refTask.taskId]);
  return (
    <Page
      name={refTask.taskId}
      title={
        <>
          {refTask.taskId}
          {all && <Times count={all.instances.length} />}
          {all && <StateBadge state={all.worst.state} soft />}
        </>
      }
      sub={all && <Meta all={all} />}
      actions={all && <TaskActions refTask={refTask} tasks={all.instances} all />}
    >
      {all ? (
        <List refTask={refTask} tab={tab} all={all} />
      ) : query.error ? (
        <Failure error={query.error} retry={() => void query.refetch()} />
      ) : (
        <Panel flush>
          <Bones rows={8} />
        </Panel>
      )}
    </Page>
  );
}

function Meta({ all: { worst, start, end } }: { all: All }) {
  const run = { dagId: worst.dag_id, runId: worst.dag_run_id };
  return (
    <span className="row wrap" style={{ gap: "4px 14px" }}>
      <span>{operatorLabel(worst.operator_name)}, mapped</span>
      <span>
        of <Link to={links.run(run)}>{worst.dag_display_name}</Link>
      </span>
      {start && (
        <span>
          first started <Time at={start} />
        </span>
      )}
      {start && (
        <span>
          took <Duration start={start} end={end} exact running={end === null} />
        </span>
      )}
    </span>
  );
}
