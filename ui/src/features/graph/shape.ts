// SPDX-License-Identifier: Apache-2.0
// What a graph consists of once groups are folded or drawn as boxes. Pure.
import type { Task } from "@/api/types";
import { groupsByTask, labelBelow, type Group } from "@/lib/graph";

/** What edges lead to: a task, or a group that is folded. */
export interface Item {
  id: string;
  label: string;
  /** Unset: a group. */
  task?: Task;
  /** Ids of the tasks it stands for; its own for a task. */
  tasks: readonly string[];
  /** The open group it lies in. */
  box: string | undefined;
}

/** A group that is open. */
export interface Box {
  id: string;
  label: string;
  /** The open group it lies in. */
  box: string | undefined;
  /** 1 = no box in it; a box around others has one more than the highest of them. */
  height: number;
}

export interface Shape {
  items: Item[];
  /** Outer boxes before those in them. */
  boxes: Box[];
  /** All of the DAG, open or folded. */
  groups: readonly Group[];
  edges: { from: string; to: string }[];
}

/** The tasks of a DAG in its groups; of what is folded only the outermost group is left. */
export function shapeOf(
  tasks: readonly Task[],
  groups: readonly Group[],
  folded: ReadonlySet<string>,
): Shape {
  const groupsOf = groupsByTask(groups);
  const members = new Map(groups.map((group) => [group.id, group.tasks]));
  const items = new Map<string, Item>();
  const boxes = new Map<string, Box>();
  const itemOf = new Map<string, string>();
  for (const task of tasks) {
    const id = task.task_id ?? "";
    const around = groupsOf.get(id) ?? [];
    const fold = around.findIndex((group) => folded.has(group));
    const open = fold < 0 ? around : around.slice(0, fold);
    for (const [depth, group] of open.entries()) {
      const box = open[depth - 1];
      const height = Math.max(boxes.get(group)?.height ?? 1, open.length - depth);
      boxes.set(group, { id: group, label: labelBelow(group, box), box, height });
    }
    const box = open.at(-1);
    const group = around[fold];
    itemOf.set(id, group ?? id);
    if (group === undefined) {
      const named = task.task_display_name && task.task_display_name !== id;
      const label = named ? (task.task_display_name ?? id) : labelBelow(id, box);
      items.set(id, { id, label, task, tasks: [id], box });
    } else if (!items.has(group)) {
      items.set(group, {
        id: group,
        label: labelBelow(group, box),
        tasks: members.get(group) ?? [],
        box,
      });
    }
  }
  const edges = new Map<string, { from: string; to: string }>();
  for (const task of tasks)
    for (const next of (task.downstream_task_ids ?? []) as string[]) {
      const from = itemOf.get(task.task_id ?? "");
      const to = itemOf.get(next);
      if (from !== undefined && to !== undefined && from !== to)
        edges.set(`${from}→${to}`, { from, to });
    }
  return {
    items: [...items.values()],
    boxes: [...boxes.values()],
    groups,
    edges: [...edges.values()],
  };
}
