// SPDX-License-Identifier: Apache-2.0
// Where the time of a run went, from its attempts. Pure.
import type { Attempt } from "@/api/types";
import { instanceKey } from "./mapped";
import { instant } from "./time";

export type Phase = "user" | "starting" | "queued" | "retry" | "decide";

export interface Segment {
  phase: Exclude<Phase, "decide">;
  from: number;
  to: number;
  /** How the attempt that this belongs to ended: succeeded, failed, ... or null while it runs. */
  outcome: string | null;
  tryNumber: number;
}

export interface Lane {
  key: string;
  taskId: string;
  mapIndex: number;
  segments: Segment[];
}

type Place = Pick<
  Attempt,
  | "task_id"
  | "map_index"
  | "try_number"
  | "created_at"
  | "dispatched_at"
  | "started_at"
  | "ended_at"
  | "outcome"
>;

function attemptSegments(attempt: Place, now: number): Segment[] {
  const created = instant(attempt.created_at) ?? now;
  const end = instant(attempt.ended_at) ?? now;
  const started = instant(attempt.started_at);
  const dispatched = instant(attempt.dispatched_at) ?? started ?? end;
  const found: Segment[] = [];
  // A task that was over within a millisecond ran all the same.
  const add = (phase: Segment["phase"], from: number, to: number) => {
    if (to > from || phase === "user")
      found.push({ phase, from, to, outcome: attempt.outcome, tryNumber: attempt.try_number });
  };
  add("queued", created, dispatched);
  add("starting", dispatched, started ?? end);
  if (started !== null) add("user", started, Math.max(started, end));
  return found;
}

/** One lane per task instance, with its attempts and the waits between them. */
export function lanes(attempts: readonly Place[], now: number): Lane[] {
  const found = new Map<string, Lane>();
  const sorted = [...attempts].sort((a, b) => a.created_at.localeCompare(b.created_at));
  for (const attempt of sorted) {
    const { task_id, map_index } = attempt;
    if (task_id === null) continue;
    const key = instanceKey({ task_id, map_index });
    const lane = found.get(key) ?? {
      key,
      taskId: task_id,
      mapIndex: map_index,
      segments: [],
    };
    const before = lane.segments.at(-1);
    const created = instant(attempt.created_at) ?? now;
    if (before && created > before.to)
      lane.segments.push({ ...before, phase: "retry", from: before.to, to: created });
    lane.segments.push(...attemptSegments(attempt, now));
    found.set(key, lane);
  }
  return [...found.values()];
}

/** A line of a chart: a task instance, or all of a mapped task together. */
export interface LaneRow {
  lane: Lane;
  /** How many it stands for, and whether they follow it; unset for an instance. */
  fold?: { count: number; open: boolean };
}

/** Tasks with `from` lanes or more are one, which theirs follow when it is `open`. */
export function foldLanes(
  all: readonly Lane[],
  open: ReadonlySet<string>,
  from: number,
): LaneRow[] {
  const byTask = new Map<string, Lane[]>();
  for (const lane of all) {
    const own = byTask.get(lane.taskId);
    if (own) own.push(lane);
    else byTask.set(lane.taskId, [lane]);
  }
  const rows: LaneRow[] = [];
  for (const lane of all) {
    const own = byTask.get(lane.taskId) ?? [];
    if (own.length < from) rows.push({ lane });
    else if (own[0] === lane) {
      const isOpen = open.has(lane.taskId);
      rows.push({ lane: merged(own), fold: { count: own.length, open: isOpen } });
      if (isOpen)
        rows.push(
          ...[...own].sort((a, b) => a.mapIndex - b.mapIndex).map((each) => ({ lane: each })),
        );
    }
  }
  return rows;
}

/** What several lanes were doing together: the first of user code, starting, queued, waiting. */
function merged(lanes: readonly Lane[]): Lane {
  const { taskId } = lanes[0] as Lane;
  const segments: Segment[] = [];
  sweep(lanes, -Infinity, Infinity, (phase, from, to) => {
    if (phase === "decide") return;
    const last = segments.at(-1);
    if (last?.phase === phase && last.to === from) last.to = to;
    else segments.push({ phase, from, to, outcome: "mixed", tryNumber: 0 });
  });
  const goesOn = lanes.some(({ segments: own }) =>
    own.some((each) => each.phase === "user" && each.outcome === null),
  );
  const last = segments.at(-1);
  if (last?.phase === "user" && goesOn) last.outcome = null;
  return { key: taskId, taskId, mapIndex: -1, segments };
}

/** Seconds of a run's wall time by what it was spent on; they add up to all of it. */
export type Account = Record<Phase, number>;

// When several things happen at once, the run is where the first of these is.
const kOrder: Segment["phase"][] = ["user", "starting", "queued", "retry"];

/** Tells stretch by stretch, from the first to the last, what was done. */
function sweep(
  all: readonly Lane[],
  from: number,
  to: number,
  tell: (phase: Phase, from: number, to: number) => void,
): void {
  const edges: { at: number; phase: Segment["phase"]; step: number }[] = [];
  for (const lane of all)
    for (const { phase, from: start, to: end } of lane.segments) {
      const [a, b] = [Math.max(start, from), Math.min(end, to)];
      if (b <= a) continue;
      edges.push({ at: a, phase, step: 1 }, { at: b, phase, step: -1 });
    }
  edges.sort((a, b) => a.at - b.at);
  const open = { user: 0, starting: 0, queued: 0, retry: 0 };
  let at = from;
  const spend = (until: number) => {
    if (until > at) tell(kOrder.find((each) => open[each] > 0) ?? "decide", at, until);
    at = Math.max(at, until);
  };
  for (const edge of edges) {
    spend(edge.at);
    open[edge.phase] += edge.step;
  }
  spend(to);
}

export function account(all: readonly Lane[], from: number, to: number): Account {
  const result: Account = { user: 0, starting: 0, queued: 0, retry: 0, decide: 0 };
  sweep(all, from, to, (phase, start, end) => (result[phase] += (end - start) / 1000));
  return result;
}

/** What we add to the user's own time: starting and deciding. Waits for room or retry are not ours. */
export function overhead(parts: Account): number {
  return parts.starting + parts.decide;
}

/** Round steps for an axis of `seconds`, about `count` of them. */
export function axisStep(seconds: number, count: number): number {
  const raw = seconds / count;
  const sizes = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600,
    900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400,
  ];
  return sizes.find((size) => size >= raw) ?? Math.ceil(raw / 86_400) * 86_400;
}
