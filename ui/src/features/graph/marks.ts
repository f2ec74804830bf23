// SPDX-License-Identifier: Apache-2.0
// What a run shows on the items of a graph: states, and how many a mapped one stands for. Pure.
import type { Task, TaskInstance } from "@/api/types";
import { groupBy, timesMade, type Together } from "@/lib/mapped";
import { isFinished } from "@/lib/states";
import { count } from "@/lib/text";
import type { Item, Shape } from "./shape";

export type Marks = Together<TaskInstance>;

export interface RunMarks {
  /** By the id of a task or a folded group. */
  byItem: ReadonlyMap<string, Marks>;
  /** Of a mapped group how often it was made, "×3", or "mapped"; null of others. */
  timesOf: (group: string) => string | null;
}

export function marksOf(shape: Shape, instances: readonly TaskInstance[]): RunMarks {
  const itemOf = new Map(shape.items.flatMap(({ id, tasks }) => tasks.map((task) => [task, id])));
  const byTask = groupBy(instances);
  const mapped = new Map(
    shape.groups.filter((group) => group.mapped).map((group) => [group.id, group.tasks]),
  );
  return {
    byItem: groupBy(instances, (each) => itemOf.get(each.task_id)),
    timesOf: (group) => {
      const tasks = mapped.get(group);
      return tasks ? times(timesMade(tasks, byTask)) : null;
    },
  };
}

/** Whether an item stands for several: in a run by its instances, without one by what it is. */
export function isMany(task: Task, of: Marks | undefined): boolean {
  return of ? of.mapped || isUnmade(task, of) : task.is_mapped === true;
}

/** A mapped task of which it is not known yet how many it becomes. */
function isUnmade(task: Task, of: Marks): boolean {
  return task.is_mapped === true && !isFinished(of.worst.state);
}

function times(made: number): string {
  return made > 0 ? `×${made.toLocaleString("en")}` : "mapped";
}

/** "×40", or that it is not known how many. */
export function timesText(of: Marks | undefined): string {
  return times(of?.mapped ? of.instances.length : 0);
}

/** "38 of 40 done" until all are. */
export function progressText(of: Marks): string | null {
  const total = of.instances.length;
  if (!of.mapped || of.finished === total) return null;
  return `${of.finished.toLocaleString("en")} of ${total.toLocaleString("en")} done`;
}

/** What is written at a folded group: "2 tasks", "2 tasks ×3". */
export function foldedText(item: Item, times: string | null): string {
  const text = count(item.tasks.length, "task");
  return times === null ? text : `${text} ${times}`;
}
