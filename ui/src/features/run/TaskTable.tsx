// SPDX-License-Identifier: Apache-2.0
import { Button, Checkbox } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { dagTasks, runReasons, runTasks } from "@/api/queries";
import type { DagRun, TaskInstance } from "@/api/types";
import { useAuth } from "@/auth/AuthProvider";
import { DataTable, type Column } from "@/components/DataTable";
import { Panel } from "@/components/Page";
import { StateBadge } from "@/components/StateBadge";
import { Empty, Loaded } from "@/components/States";
import { Duration, Time } from "@/components/Time";
import { topological } from "@/lib/graph";
import { countStates, isFinished, stateLabel } from "@/lib/states";
import { operatorLabel } from "@/lib/text";
import { links } from "@/router/links";
import { Link } from "@/router/router";
import { ClearDialog } from "../actions/ClearDialog";
import type { MarkState } from "../actions/MarkTaskDialog";
import { MarkTasksDialog } from "../actions/MarkTasksDialog";
import { StateIcon } from "@/components/StateIcon";
import styles from "./run.module.css";

const key = (task: TaskInstance) => `${task.task_id}[${task.map_index}]`;

function taskLink(task: TaskInstance): string {
  return links.task({
    dagId: task.dag_id,
    runId: task.dag_run_id,
    taskId: task.task_id,
    mapIndex: task.map_index,
  });
}

interface Pick {
  chosen: ReadonlySet<string>;
  choose: (task: TaskInstance) => void;
  all: boolean;
  chooseAll: () => void;
}

const kMarks: [state: MarkState, title: string][] = [
  ["success", "Mark success…"],
  ["failed", "Mark failed…"],
  ["skipped", "Mark skipped…"],
];

function columnsFor(
  reasons: ReadonlyMap<string, string>,
  pick: Pick | null,
): Column<TaskInstance>[] {
  const box: Column<TaskInstance> = {
    key: "pick",
    title: pick && (
      <Checkbox
        size="xs"
        aria-label="Choose all tasks"
        checked={pick.all}
        indeterminate={pick.chosen.size > 0 && !pick.all}
        onChange={pick.chooseAll}
      />
    ),
    width: "20px",
    cell: (task) =>
      pick && (
        <Checkbox
          size="xs"
          aria-label={`Choose ${task.task_id}`}
          checked={pick.chosen.has(key(task))}
          onChange={() => pick.choose(task)}
        />
      ),
  };
  return [
    ...(pick ? [box] : []),
    {
      key: "task",
      title: "Task",
      width: "minmax(110px, 2fr)",
      cell: (task) => (
        <div className="row">
          <Link to={taskLink(task)} className="cut" style={{ fontWeight: 500 }}>
            {task.task_display_name}
            {task.map_index >= 0 && ` [${task.rendered_map_index ?? task.map_index}]`}
          </Link>
          <span className="cut faint wideOnly">{operatorLabel(task.operator_name)}</span>
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
      width: "150px",
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
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [clearing, setClearing] = useState(false);
  const [marking, setMarking] = useState<MarkState | null>(null);

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
  const choose = (task: TaskInstance) => {
    const next = new Set(chosen);
    if (!next.delete(key(task))) next.add(key(task));
    setChosen(next);
  };
  const all = rows.length > 0 && chosen.size === rows.length;
  const chooseAll = () => setChosen(all ? new Set() : new Set(rows.map(key)));
  const columns = columnsFor(why, me.can.trigger ? { chosen, choose, all, chooseAll } : null);
  const picked = rows.filter((task) => chosen.has(key(task)));

  return (
    <Panel
      flush
      title={
        picked.length > 0 ? (
          <span className={styles.selection}>
            {picked.length} chosen
            <Button size="compact-xs" onClick={() => setClearing(true)}>
              Clear…
            </Button>
            {kMarks.map(([state, title]) => (
              <Button
                key={state}
                size="compact-xs"
                variant="default"
                onClick={() => setMarking(state)}
              >
                {title}
              </Button>
            ))}
            <Button
              size="compact-xs"
              variant="subtle"
              color="gray"
              onClick={() => setChosen(new Set())}
            >
              None
            </Button>
          </span>
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
              selected={(task) => chosen.has(key(task))}
            />
          )
        }
      </Loaded>
      {marking && (
        <MarkTasksDialog
          tasks={picked}
          state={marking}
          onClose={(done) => {
            setMarking(null);
            if (done) setChosen(new Set());
          }}
        />
      )}
      {clearing && (
        <ClearDialog
          {...ref}
          taskIds={[...new Set(picked.map((task) => task.task_id))]}
          onClose={() => setClearing(false)}
        />
      )}
    </Panel>
  );
}
