// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { dagTasks } from "@/api/queries";
import type { Task } from "@/api/types";
import { DataTable, type Column } from "@/components/DataTable";
import { Chip, Panel } from "@/components/Page";
import { Loaded } from "@/components/States";
import { topological } from "@/lib/graph";
import { operatorLabel } from "@/lib/text";
import { span } from "@/lib/time";

interface Delta {
  days: number;
  seconds: number;
  microseconds: number;
}

/** Seconds of the API's TimeDelta. */
export function deltaSeconds(delta: Delta): number {
  return delta.days * 86_400 + delta.seconds + delta.microseconds / 1e6;
}

const kColumns: Column<Task>[] = [
  {
    key: "task",
    title: "Task",
    width: "minmax(120px, 2fr)",
    cell: (task) => (
      <span className="row">
        <span className="cut" style={{ fontWeight: 500 }} title={task.doc_md ?? task.task_id ?? ""}>
          {task.task_display_name}
        </span>
        {task.is_mapped && <Chip>mapped</Chip>}
      </span>
    ),
  },
  {
    key: "operator",
    title: "Operator",
    width: "minmax(90px, 1fr)",
    cell: (task) => <span className="cut dim">{operatorLabel(task.operator_name)}</span>,
  },
  {
    key: "rule",
    title: "Trigger rule",
    width: "120px",
    wideOnly: true,
    cell: (task) => (
      <span className={task.trigger_rule === "all_success" ? "faint" : undefined}>
        {task.trigger_rule}
      </span>
    ),
  },
  {
    key: "retries",
    title: "Retries",
    width: "120px",
    cell: (task) =>
      task.retries ? (
        <span className="num">
          {task.retries}
          {task.retry_delay && (
            <span className="faint"> every {span(deltaSeconds(task.retry_delay))}</span>
          )}
        </span>
      ) : (
        <span className="faint">none</span>
      ),
  },
  {
    key: "timeout",
    title: "Timeout",
    width: "80px",
    wideOnly: true,
    cell: (task) =>
      task.execution_timeout ? (
        <span className="num">{span(deltaSeconds(task.execution_timeout))}</span>
      ) : (
        <span className="faint">none</span>
      ),
  },
  {
    key: "pool",
    title: "Pool",
    width: "minmax(90px, 1fr)",
    wideOnly: true,
    cell: (task) => (
      <span className="cut dim">
        {task.pool}
        {(task.pool_slots ?? 1) > 1 && ` × ${task.pool_slots}`}
      </span>
    ),
  },
  {
    key: "downstream",
    title: "Then",
    width: "minmax(90px, 2fr)",
    wideOnly: true,
    cell: (task) => {
      const next = (task.downstream_task_ids ?? []) as string[];
      return (
        <span className="cut dim" title={next.join(", ")}>
          {next.length > 0 ? next.join(", ") : <span className="faint">–</span>}
        </span>
      );
    },
  },
];

/** What the DAG consists of, in the order it runs. */
export function TasksTab({ dagId }: { dagId: string }) {
  const query = useQuery(dagTasks(dagId));
  const rows = useMemo(() => {
    const tasks = query.data ?? [];
    const byId = new Map(tasks.map((task) => [task.task_id ?? "", task]));
    const order = topological(
      tasks.map((task) => ({
        id: task.task_id ?? "",
        downstream: (task.downstream_task_ids ?? []) as string[],
      })),
    );
    return order.flatMap((id) => byId.get(id) ?? []);
  }, [query.data]);
  return (
    <Panel flush>
      <Loaded query={query}>
        {() => (
          <DataTable
            label="Tasks"
            columns={kColumns}
            rows={rows}
            rowKey={(task) => task.task_id ?? ""}
          />
        )}
      </Loaded>
    </Panel>
  );
}
