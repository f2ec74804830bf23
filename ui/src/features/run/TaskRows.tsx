// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState, type ReactNode } from "react";
import { runReasons, runTasks } from "@/api/queries";
import type { RunRef } from "@/api/types";
import { useAuth } from "@/auth/AuthProvider";
import { DataTable, type Column } from "@/components/DataTable";
import { Panel } from "@/components/Page";
import { Loaded } from "@/components/States";
import { useChosen } from "@/components/useChosen";
import { instanceKey } from "@/lib/mapped";
import { count } from "@/lib/text";
import { ChosenBar } from "../actions/ChosenBar";
import { kTasksActions, type TasksAction } from "../actions/chosenTasks";
import { rowKey, rowLink, rowName, taskColumns, type TaskRow } from "./taskColumns";

const ChosenTasksDialog = lazy(() =>
  import("../actions/ChosenTasksDialog").then((m) => ({ default: m.ChosenTasksDialog })),
);

interface Props {
  run: RunRef;
  rows: readonly TaskRow[];
  name: Column<TaskRow>;
  /** Names the box that chooses them all. */
  all: string;
  title: ReactNode;
  actions: ReactNode;
  /** Above the table. */
  children?: ReactNode;
  /** In place of the table where there are no rows. */
  none: ReactNode;
  /** Rows of mapped instances lead to this view of them. */
  tab?: string | undefined;
}

/** Task instances of a run in lines, of which some can be chosen for something to be done. */
export function TaskRows({ run, rows, name, all, title, actions, children, none, tab }: Props) {
  const { me } = useAuth();
  const query = useQuery(runTasks(run));
  const reasons = useQuery(runReasons(run)).data;
  const [action, setAction] = useState<TasksAction | null>(null);
  const why = useMemo(
    () => new Map((reasons ?? []).map((each) => [instanceKey(each), each.reason])),
    [reasons],
  );
  const chosen = useChosen(rows, { keyOf: rowKey, nameOf: rowName, all });
  const columns = [...(me.can.trigger ? [chosen.column] : []), name, ...taskColumns(why)];
  const tasks = chosen.rows.flatMap((row) => row.instances);
  return (
    <Panel
      flush
      title={
        tasks.length > 0 ? (
          <ChosenBar
            label="Chosen task instances"
            text={`${tasks.length.toLocaleString("en")} chosen`}
            actions={kTasksActions}
            onAction={setAction}
            onNone={chosen.none}
          />
        ) : (
          title
        )
      }
      actions={actions}
    >
      {children}
      <Loaded query={query}>
        {() =>
          rows.length === 0 ? (
            none
          ) : (
            <DataTable
              label="Task instances"
              columns={columns}
              rows={rows}
              rowKey={rowKey}
              rowLink={(row) => rowLink(row, tab)}
              selected={chosen.has}
            />
          )
        }
      </Loaded>
      <Suspense>
        {action && (
          <ChosenTasksDialog
            dagId={run.dagId}
            tasks={tasks}
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

/** "7 tasks, 36 instances". */
export function tasksText(tasks: number, instances: number): string {
  const text = count(tasks, "task");
  return instances > tasks ? `${text}, ${count(instances, "instance")}` : text;
}
