// SPDX-License-Identifier: Apache-2.0
// Instances of mapped tasks: what each is called, and what those of a task are together. Pure.
import {
  countStates,
  isFinished,
  kAttention,
  stateLabel,
  stateName,
  type StateName,
} from "./states";

/** So many instances of a task are one line at first, where others have lines too. */
export const kFoldedFrom = 21;

interface Named {
  task_id: string;
  map_index: number;
  rendered_map_index?: string | null;
  task_display_name?: string;
}

/** What an instance is made of here. */
export interface Instance extends Named {
  state: string | null;
  start_date: string | null;
  end_date: string | null;
}

/** Names an instance among all of its run. */
export function instanceKey({ task_id, map_index }: Named): string {
  return `${task_id}[${map_index}]`;
}

/** What tells an instance from the others of its mapped task; null where there are no others. */
export function instanceLabel({
  map_index,
  rendered_map_index,
}: Pick<Named, "map_index" | "rendered_map_index">): string | null {
  return map_index < 0 ? null : rendered_map_index || String(map_index);
}

/** "load", or "load [oslo]" of a mapped task. */
export function instanceName(of: Named, task = of.task_display_name ?? of.task_id): string {
  const label = instanceLabel(of);
  return label === null ? task : `${task} [${label}]`;
}

/** Whether a label or an index has these letters. */
export function instanceMatches(of: Named, search: string): boolean {
  const text = `${instanceLabel(of) ?? ""} ${of.map_index}`;
  return text.toLowerCase().includes(search.trim().toLowerCase());
}

/** The instances of one task, or of several that are shown as one. */
export interface Together<T extends Instance = Instance> {
  /** Ordered by map index where they are of one task. */
  instances: readonly T[];
  /** Whether any is one of many by its nature, however many there are. */
  mapped: boolean;
  /** How many of each state, in order of attention. */
  counts: { state: StateName; count: number }[];
  finished: number;
  /** The first of those whose state asks most. */
  worst: T;
  /** When the first started. */
  start: string | null;
  /** When the last ended; null while any has not finished. */
  end: string | null;
}

function worseOf<T extends Instance>(a: T, b: T): T {
  const rank = (each: T) => kAttention.indexOf(stateName(each.state));
  return rank(b) < rank(a) ? b : a;
}

/** ISO times of one form and zone compare as texts. */
function extreme(times: readonly (string | null)[], sign: 1 | -1): string | null {
  let found: string | null = null;
  for (const time of times)
    if (time !== null && (found === null || (time < found ? -1 : 1) * sign > 0)) found = time;
  return found;
}

/** Requires: at least one instance. */
export function together<T extends Instance>(all: readonly T[]): Together<T> {
  const instances = [...all].sort((a, b) => a.map_index - b.map_index);
  const finished = instances.filter((each) => isFinished(each.state)).length;
  return {
    instances,
    mapped: instances.some((each) => each.map_index >= 0),
    counts: countStates(instances.map((each) => each.state)),
    finished,
    worst: instances.reduce(worseOf),
    start: extreme(
      instances.map((each) => each.start_date),
      -1,
    ),
    end:
      finished < instances.length
        ? null
        : extreme(
            instances.map((each) => each.end_date),
            1,
          ),
  };
}

/** The instances of each of what `keyOf` names, by default of each task, in the order met. */
export function groupBy<T extends Instance>(
  instances: readonly T[],
  keyOf: (instance: T) => string | undefined = (each) => each.task_id,
): Map<string, Together<T>> {
  const lists = new Map<string, T[]>();
  for (const each of instances) {
    const key = keyOf(each);
    if (key === undefined) continue;
    const list = lists.get(key);
    if (list) list.push(each);
    else lists.set(key, [each]);
  }
  return new Map([...lists].map(([key, list]) => [key, together(list)]));
}

/** "2 failed, 38 success". */
export function countsText(counts: Together["counts"]): string {
  return counts
    .map(({ state, count }) => `${count.toLocaleString("en")} ${stateLabel(state).toLowerCase()}`)
    .join(", ");
}

/** How often the tasks of a mapped group were made in a run; 0 as long as that is not known. */
export function timesMade(
  taskIds: readonly string[],
  byTask: ReadonlyMap<string, Together>,
): number {
  const made = taskIds.flatMap((id) => byTask.get(id) ?? []).filter((each) => each.mapped);
  return Math.max(0, ...made.map((each) => each.instances.length));
}
