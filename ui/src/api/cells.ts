// SPDX-License-Identifier: Apache-2.0
// Cells of the grid. Runs that are asked for in the same moment come in one answer.
import { api } from "./client";
import type { GridCell, RunRef } from "./types";

const kRunsMax = 20; // of one request, so that its address stays short
const kCellsMax = 4000; // of one answer, so that reading it does not hold up a frame

/** The cells of a run by task id. */
export type Cells = ReadonlyMap<string, GridCell>;

interface Wanted {
  ref: RunRef;
  tasks: number;
  done: (cells: Cells) => void;
  fail: (error: unknown) => void;
}

let wanted: Wanted[] = [];

async function load(dagId: string, part: readonly Wanted[]): Promise<void> {
  try {
    const { runs } = await api.get("/api/leoflow/v1/dags/{dag_id}/grid", {
      path: { dag_id: dagId },
      query: { dag_run_id: part.map(({ ref }) => ref.runId) },
    });
    const found = new Map(runs.map((run) => [run.dag_run_id, run.tasks]));
    for (const { ref, done } of part)
      done(new Map((found.get(ref.runId) ?? []).map((cell) => [cell.task_id, cell])));
  } catch (error) {
    for (const { fail } of part) fail(error);
  }
}

function loadWanted(): void {
  const byDag = new Map<string, Wanted[]>();
  for (const each of wanted) {
    const { dagId } = each.ref;
    byDag.set(dagId, [...(byDag.get(dagId) ?? []), each]);
  }
  wanted = [];
  for (const [dagId, all] of byDag) {
    const tasks = Math.max(1, ...all.map((each) => each.tasks));
    const width = Math.max(1, Math.min(kRunsMax, Math.floor(kCellsMax / tasks)));
    for (let at = 0; at < all.length; at += width) void load(dagId, all.slice(at, at + width));
  }
}

/** The cells of a run of about `tasks` tasks; none when there is no such run any more. */
export function loadCells(ref: RunRef, tasks: number): Promise<Cells> {
  return new Promise((done, fail) => {
    if (wanted.length === 0) setTimeout(loadWanted);
    wanted.push({ ref, tasks, done, fail });
  });
}
