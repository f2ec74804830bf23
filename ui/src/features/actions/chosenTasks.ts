// SPDX-License-Identifier: Apache-2.0
// What can be done with several task instances of a DAG at once.
import type { TaskIdAndIndex, TaskInstance } from "@/api/types";
import { instanceName } from "@/lib/mapped";
import { count } from "@/lib/text";
import type { ClearTarget } from "./ClearDialog";
import type { MarkState } from "./changeTasks";

export type TasksAction = "clear" | MarkState | "note" | "delete";

export const kTasksActions: readonly { key: TasksAction; title: string; destroys?: boolean }[] = [
  { key: "clear", title: "Clear…" },
  { key: "success", title: "Mark success…" },
  { key: "failed", title: "Mark failed…" },
  { key: "skipped", title: "Mark skipped…" },
  { key: "note", title: "Note…" },
  { key: "delete", title: "Delete…", destroys: true },
];

/** "Mark load", "Mark 3 task instances". */
export function titleOf(verb: string, tasks: readonly TaskInstance[] | undefined): string {
  if (!tasks) return verb;
  const [first] = tasks;
  if (first && tasks.length === 1) return `${verb} ${instanceName(first)}`;
  return `${verb} ${count(tasks.length, "task instance")}`;
}

/** What is cleared for task instances of any runs: just these of a mapped task. */
export function targetsOf(tasks: readonly TaskInstance[]): ClearTarget[] {
  const byRun = new Map<string, TaskIdAndIndex[]>();
  for (const { dag_run_id: run, task_id: id, map_index: map } of tasks) {
    const own = byRun.get(run) ?? [];
    own.push(map < 0 ? id : [id, map]);
    byRun.set(run, own);
  }
  return [...byRun].map(([runId, taskIds]) => ({ runId, taskIds }));
}
