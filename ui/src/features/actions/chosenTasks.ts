// SPDX-License-Identifier: Apache-2.0
// What can be done with several task instances of a DAG at once.
import type { MarkState } from "./MarkTaskDialog";

export type TasksAction = "clear" | MarkState | "note";

export const kTasksActions: readonly { key: TasksAction; title: string }[] = [
  { key: "clear", title: "Clear…" },
  { key: "success", title: "Mark success…" },
  { key: "failed", title: "Mark failed…" },
  { key: "skipped", title: "Mark skipped…" },
  { key: "note", title: "Note…" },
];
