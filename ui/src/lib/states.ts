// SPDX-License-Identifier: Apache-2.0
// Names of states. What a state means is always said by icon and colour together.

export type StateName =
  | "success"
  | "failed"
  | "running"
  | "queued"
  | "scheduled"
  | "up_for_retry"
  | "up_for_reschedule"
  | "upstream_failed"
  | "skipped"
  | "deferred"
  | "restarting"
  | "removed"
  | "none";

const kLabels: Record<StateName, string> = {
  success: "Success",
  failed: "Failed",
  running: "Running",
  queued: "Queued",
  scheduled: "Scheduled",
  up_for_retry: "Waits for retry",
  up_for_reschedule: "Waits to look again",
  upstream_failed: "Upstream failed",
  skipped: "Skipped",
  deferred: "Deferred",
  restarting: "Restarting",
  removed: "Removed",
  none: "Not started",
};

export function stateName(state: string | null | undefined): StateName {
  return state && state in kLabels ? (state as StateName) : "none";
}

export function stateLabel(state: string | null | undefined): string {
  return kLabels[stateName(state)];
}

const kOpen = new Set<StateName>(["running", "queued", "scheduled", "restarting", "deferred"]);

/** Whether it changes without anybody doing something. */
export function isOpen(state: string | null | undefined): boolean {
  const name = stateName(state);
  return kOpen.has(name) || name === "up_for_retry" || name === "up_for_reschedule";
}

export function isFinished(state: string | null | undefined): boolean {
  const name = stateName(state);
  return ["success", "failed", "skipped", "upstream_failed", "removed"].includes(name);
}

/** Worst first: the order in which states deserve attention. */
export const kAttention: StateName[] = [
  "failed",
  "upstream_failed",
  "up_for_retry",
  "restarting",
  "running",
  "deferred",
  "up_for_reschedule",
  "queued",
  "scheduled",
  "none",
  "skipped",
  "removed",
  "success",
];

/** How many of each state, in order of attention. */
export function countStates(
  states: Iterable<string | null | undefined>,
): { state: StateName; count: number }[] {
  const counts = new Map<StateName, number>();
  for (const state of states) {
    const name = stateName(state);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return inOrder(counts);
}

function inOrder(counts: ReadonlyMap<StateName, number>) {
  return kAttention.flatMap((state) => {
    const count = counts.get(state);
    return count ? [{ state, count }] : [];
  });
}

/** The same of numbers by state as the server has them. */
export function countsOf(states: Record<string, number>): { state: StateName; count: number }[] {
  const counts = new Map<StateName, number>();
  for (const [state, count] of Object.entries(states)) {
    const name = stateName(state);
    counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return inOrder(counts);
}
