// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState } from "react";
import { dagTasks, runReasons, runTasks } from "@/api/queries";
import type { DagRun, TaskInstance } from "@/api/types";
import { useAuth } from "@/auth/AuthProvider";
import { DataTable, type Column } from "@/components/DataTable";
import { Panel } from "@/components/Page";
import { StateBadge } from "@/components/StateBadge";
import { Empty, Loaded } from "@/components/States";
import { Duration, Time } from "@/components/Time";
import { useChosen } from "@/components/useChosen";
import { topological } from "@/lib/graph";
import { countStates, isFinished, stateLabel } from "@/lib/states";
import { operatorLabel } from "@/lib/text";
import { links } from "@/router/links";
import { Link } from "@/router/router";
import { ChosenBar } from "../actions/ChosenBar";
import { kTasksActions, type TasksAction } from "../actions/chosenTasks";
import { StateIcon } from "@/components/StateIcon";

const ChosenTasksDialog = lazy(() =>
  import("../actions/ChosenTasksDialog").then((m) => ({ default: m.ChosenTasksDialog })),
);

const key = (task: TaskInstance) => `${task.task_id}[${task.map_index}]`;

function taskLink(task: TaskInstance): string {
  return links.task({
    dagId: task.dag_id,
    runId: task.dag_run_id,
    taskId: task.task_id,
    mapIndex: task.map_index,
  });
}

function columnsFor(
  reasons: ReadonlyMap<string, string>,
  pick: Column<TaskInstance> | null,
): Column<TaskInstance>[] {
  return [
    ...(pick ? [pick] : []),
    {
      key: "task",
      title: "Task",
      width: "minmax(180px, 2fr)",
      phoneWidth: "minmax(110px, 2fr)",
      cell: (task) => (
        <div className="row">
          <Link to={taskLink(task)} className="cut" style={{ fontWeight: 500 }}>
            {task.task_display_name}
            {task.map_index >= 0 && ` [${task.rendered_map_index ?? task.map_index}]`}
          </Link>
          <span className="cut faint wideOnly" style={{ flexShrink: 99 }}>
            {operatorLabel(task.operator_name)}
          </span>
        </div>
      ),
    },
    {
      key: "state",
      title: "State",
      width: "minmax(110px, 150px)",
      phoneWidth: "118px",
      cell: (task) => <StateBadge state={task.state} />,
    },
    {
      key: "tries",
      title: "Try",
      width: "40px",
      end: true,
      wideOnly: true,
      cell: (task) => (
        <span className={task.try_number > 1 ? undefined : "dim"}>{task.try_number || "–"}</span>
      ),
    },
    {
      key: "started",
      title: "Started",
      width: "minmax(76px, 150px)",
      wideOnly: true,
      cell: (task) => <Time at={task.start_date} />,
    },
    {
      key: "duration",
      title: "Duration",
      width: "76px",
      phoneWidth: "62px",
      end: true,
      cell: (task) => (
        <Duration
          start={task.start_date}
          end={task.end_date}
          seconds={task.duration}
          running={task.state === "running"}
        />
      ),
    },
    {
      key: "where",
      title: "Ran on",
      width: "minmax(80px, 0.8fr)",
      wideOnly: true,
      cell: (task) => (
        <span className="cut dim">
          {task.hostname ? (
            <>
              {task.hostname} {task.pid && <span className="faint">pid {task.pid}</span>}
            </>
          ) : (
            <span className="faint">–</span>
          )}
        </span>
      ),
    },
    {
      key: "why",
      title: "Why",
      width: "minmax(100px, 2.4fr)",
      wideOnly: true,
      cell: (task) => {
        const why = isFinished(task.state) ? task.state_reason : reasons.get(key(task));
        return (
          <span className="cut dim" title={why ?? undefined}>
            {why}
          </span>
        );
      },
    },
  ];
}

/** Every task of a run: state, tries, how long, where, why. */
export function TaskTable({ run }: { run: DagRun }) {
  const ref = { dagId: run.dag_id, runId: run.dag_run_id };
  const { me } = useAuth();
  const query = useQuery(runTasks(ref));
  const structure = useQuery(dagTasks(run.dag_id));
  const reasons = useQuery(runReasons(ref));
  const [action, setAction] = useState<TasksAction | null>(null);

  const rows = useMemo(() => {
    const nodes = (structure.data ?? []).map((task) => ({
      id: task.task_id ?? "",
      downstream: (task.downstream_task_ids ?? []) as string[],
    }));
    const order = new Map(topological(nodes).map((id, index) => [id, index]));
    const rank = (task: TaskInstance) => order.get(task.task_id) ?? order.size;
    return [...(query.data ?? [])].sort((a, b) => rank(a) - rank(b) || a.map_index - b.map_index);
  }, [query.data, structure.data]);
  const why = useMemo(
    () =>
      new Map(
        (reasons.data ?? []).map((each) => [`${each.task_id}[${each.map_index}]`, each.reason]),
      ),
    [reasons.data],
  );
  const chosen = useChosen(rows, {
    keyOf: key,
    nameOf: (task) => task.task_id,
    all: "Choose all tasks",
  });
  const columns = columnsFor(why, me.can.trigger ? chosen.column : null);

  return (
    <Panel
      flush
      title={
        chosen.rows.length > 0 ? (
          <ChosenBar
            label="Chosen task instances"
            text={`${chosen.rows.length} chosen`}
            actions={kTasksActions}
            onAction={setAction}
            onNone={chosen.none}
          />
        ) : (
          `${rows.length} tasks`
        )
      }
      actions={
        <span className="row wrap dim" style={{ gap: 12 }}>
          {countStates(rows.map((task) => task.state)).map(({ state, count }) => (
            <span key={state} className="row" style={{ gap: 5 }} title={stateLabel(state)}>
              <StateIcon state={state} size={13} labelled />
              <span className="num">{count}</span>
            </span>
          ))}
        </span>
      }
    >
      <Loaded query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty title="This run has no tasks" />
          ) : (
            <DataTable
              label="Task instances"
              columns={columns}
              rows={rows}
              rowKey={key}
              rowLink={taskLink}
              selected={chosen.has}
            />
          )
        }
      </Loaded>
      <Suspense>
        {action && (
          <ChosenTasksDialog
            dagId={run.dag_id}
            tasks={chosen.rows}
            action={action}
            onClose={(done) => {
              setAction(null);
              if (done) chosen.none();
            }}
          />
        )}
      </Suspense>
    </Panel>
  );
}
