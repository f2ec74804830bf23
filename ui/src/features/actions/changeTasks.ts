// SPDX-License-Identifier: Apache-2.0
import { api } from "@/api/client";
import { ApiError } from "@/api/error";
import type { TaskInstance } from "@/api/types";

const kTasksMax = 1000; // of one request, as many as the server takes

export type MarkState = "success" | "failed" | "skipped";

/** What else a mark reaches, from the task instances that are named. */
export interface Reach {
  include_downstream: boolean;
  include_upstream: boolean;
  include_future: boolean;
  include_past: boolean;
}

export type TasksChange =
  | { action: "delete" }
  | { action: "mark"; note: string }
  | ({ action: "mark"; new_state: MarkState } & Partial<Reach>);

export interface Changed {
  /** The first of those that are (or would be) touched, and how many these are. */
  tasks: TaskInstance[];
  total: number;
  /** What the server refuses, a sentence each. */
  errors: string[];
}

async function send(tasks: readonly TaskInstance[], change: TasksChange, dry: boolean) {
  const changed: Changed = { tasks: [], total: 0, errors: [] };
  for (let at = 0; at < tasks.length; at += kTasksMax) {
    const named = tasks
      .slice(at, at + kTasksMax)
      .map(({ dag_id, dag_run_id, task_id, map_index }) => ({
        dag_id,
        dag_run_id,
        task_id,
        map_index,
      }));
    const answer = await api.post("/api/leoflow/v1/taskInstances/bulk", {
      body: { ...change, task_instances: named, dry_run: dry },
    });
    changed.tasks.push(...answer.task_instances);
    changed.total += answer.total_entries;
    changed.errors.push(...answer.errors);
  }
  return changed;
}

/** What a change of task instances of any runs would touch. */
export const previewTasks = (tasks: readonly TaskInstance[], change: TasksChange) =>
  send(tasks, change, true);

/** Changes task instances of any runs; how many. The first refusal is thrown at the end. */
export async function changeTasks(
  tasks: readonly TaskInstance[],
  change: TasksChange,
): Promise<number> {
  const { total, errors } = await send(tasks, change, false);
  if (errors[0] !== undefined) throw new ApiError(409, errors[0]);
  return total;
}
