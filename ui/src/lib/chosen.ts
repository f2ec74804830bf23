// SPDX-License-Identifier: Apache-2.0
// What is chosen in a grid of runs by tasks. Pure: each change is a new value.

/** Task ids by run id; a run without any is not in it. */
export type ChosenCells = ReadonlyMap<string, ReadonlySet<string>>;

/** Whether every one of `tasks` is chosen in every one of `runs`. */
export function hasAll(chosen: ChosenCells, runs: readonly string[], tasks: readonly string[]) {
  return runs.every((run) => {
    const own = chosen.get(run);
    return own !== undefined && tasks.every((task) => own.has(task));
  });
}

/** `chosen` with `tasks` of each of `runs`. */
export function chooseCells(
  chosen: ChosenCells,
  runs: readonly string[],
  tasks: readonly string[],
): ChosenCells {
  const next = new Map(chosen);
  for (const run of runs) next.set(run, new Set([...(next.get(run) ?? []), ...tasks]));
  return next;
}

/** Chooses all of them, or none when all are chosen. */
export function toggleCells(
  chosen: ChosenCells,
  runs: readonly string[],
  tasks: readonly string[],
): ChosenCells {
  if (!hasAll(chosen, runs, tasks)) return chooseCells(chosen, runs, tasks);
  const next = new Map(chosen);
  for (const run of runs) {
    const left = new Set(next.get(run));
    for (const task of tasks) left.delete(task);
    if (left.size > 0) next.set(run, left);
    else next.delete(run);
  }
  return next;
}

/** The part of a list from one place to another, both included, whichever comes first. */
export function between<T>(list: readonly T[], a: number, b: number): T[] {
  return list.slice(Math.min(a, b), Math.max(a, b) + 1);
}
