// SPDX-License-Identifier: Apache-2.0
// What can be done with several task instances of a DAG at once.
import type { TaskInstance } from "@/api/types";
import { count } from "@/lib/text";
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
  if (first && tasks.length === 1) return `${verb} ${first.task_display_name}`;
  return `${verb} ${count(tasks.length, "task instance")}`;
}
