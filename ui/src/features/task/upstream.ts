// SPDX-License-Identifier: Apache-2.0
// Which instances a task instance looks at, and how few links name many. Pure.
import type { Task, TaskInstance } from "@/api/types";
import type { Group } from "@/lib/graph";
import { countsText, groupBy, instanceName, together, type Together } from "@/lib/mapped";
import { stateLabel, type StateName } from "@/lib/states";

/** Trigger rules that look at every instance, in a mapped group too. */
const kLookAtAll = new Set(["one_success", "one_failed", "one_done"]);

interface Run {
  structure: readonly Task[];
  groups: readonly Group[];
  instances: readonly TaskInstance[];
}

const nextOf = (task: Task | undefined) => (task?.downstream_task_ids ?? []) as string[];

/**
 * The instances directly upstream or downstream of one: within a mapped group only those of its own
 * index, unless a trigger rule looks at all.
 */
export function neighbours(
  of: TaskInstance,
  where: "upstream" | "downstream",
  { structure, groups, instances }: Run,
): TaskInstance[] {
  const byId = new Map(structure.map((task) => [task.task_id ?? "", task]));
  const next = new Set(nextOf(byId.get(of.task_id)));
  // A task with instances that is not mapped itself is in a mapped group.
  const isInGroup = (each: TaskInstance) =>
    each.map_index >= 0 && !byId.get(each.task_id)?.is_mapped;
  const share = (a: string, b: string) =>
    groups.some(({ tasks }) => tasks.includes(a) && tasks.includes(b));
  return instances.filter((each) => {
    const [up, down] = where === "upstream" ? [each, of] : [of, each];
    const linked =
      where === "upstream"
        ? nextOf(byId.get(each.task_id)).includes(of.task_id)
        : next.has(each.task_id);
    if (!linked || !isInGroup(up) || !isInGroup(down) || !share(up.task_id, down.task_id))
      return linked;
    const rule = byId.get(down.task_id)?.trigger_rule ?? "";
    return kLookAtAll.has(rule) || up.map_index === down.map_index;
  });
}

/** One link for what of a task is meant. */
export interface TaskLink {
  taskId: string;
  /** The instance it leads to; unset: the list of all. */
  mapIndex?: number;
  /** The state that the list is filtered by. */
  state?: StateName;
  icon: string | null;
  /** "load", "load [oslo]", "load: 2 of 40 failed". */
  text: string;
  title: string;
}

function linkOf(named: Together<TaskInstance>, all: Together<TaskInstance>): TaskLink {
  const { worst, counts, instances } = named;
  const { task_id: taskId, map_index: mapIndex } = worst;
  const base = { taskId, icon: worst.state, title: `${taskId}: ${countsText(all.counts)}` };
  if (instances.length === 1)
    return { ...base, mapIndex, text: instanceName(worst, taskId), title: taskId };
  const total = all.instances.length.toLocaleString("en");
  const some = instances.length.toLocaleString("en");
  const [first] = counts;
  if (counts.length > 1 || !first)
    return {
      ...base,
      text: some === total ? `${taskId} ×${total}` : `${taskId}: ${some} of ${total}`,
    };
  const state = stateLabel(first.state).toLowerCase();
  return { ...base, state: first.state, text: `${taskId}: ${some} of ${total} ${state}` };
}

/** A link for each task of `named`, however many instances of it; `instances` are all of the run. */
export function taskLinks(
  named: readonly TaskInstance[],
  instances: readonly TaskInstance[],
): TaskLink[] {
  const ids = new Set(named.map((each) => each.task_id));
  const all = groupBy(instances.filter((each) => ids.has(each.task_id)));
  return [...groupBy(named)].map(([id, group]) =>
    linkOf(group, all.get(id) ?? together(group.instances)),
  );
}
