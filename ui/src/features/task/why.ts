// SPDX-License-Identifier: Apache-2.0
// "Why is it in this state?" in one sentence. Pure.
import type { TaskInstance, TaskState } from "@/api/types";
import { stateLabel } from "@/lib/states";
import { span } from "@/lib/time";

export interface Why {
  text: string;
  /** Tasks of the run that the sentence is about. */
  because: TaskInstance[];
}

interface Known {
  task: TaskInstance;
  /** What the scheduler says about an open task. */
  reason: string | undefined;
  /** The instances directly upstream. */
  upstream: readonly TaskInstance[];
  triggerRule: string | null | undefined;
}

const kBad: TaskState[] = ["failed", "upstream_failed"];

function tries(task: TaskInstance): string {
  return `try ${task.try_number} of ${Math.max(task.try_number, task.max_tries + 1)}`;
}

function ended(task: TaskInstance, how: string): Why {
  const took = task.duration === null ? "" : ` after ${span(task.duration)}`;
  const where = task.hostname ? ` on ${task.hostname}` : "";
  const why = task.state_reason ? `: ${task.state_reason}` : "";
  return { text: `${how} on ${tries(task)}${took}${where}${why}`, because: [] };
}

function waiting({ upstream, triggerRule }: Known): Why {
  const open = upstream.filter((each) => each.state !== "success" && each.state !== "skipped");
  if (open.length === 0) return { text: "Nothing has been decided about it yet.", because: [] };
  const rule = triggerRule && triggerRule !== "all_success" ? ` (trigger rule ${triggerRule})` : "";
  return { text: `It waits for its upstream tasks${rule}:`, because: open };
}

export function whyInState(known: Known): Why {
  const { task, reason, upstream, triggerRule } = known;
  switch (task.state) {
    case "success":
      return ended(task, "It succeeded");
    case "failed":
      return task.try_number > 0
        ? ended(task, "It failed")
        : { text: task.state_reason ?? "It was marked as failed before it ran.", because: [] };
    case "upstream_failed":
      return {
        text: `It did not run: its trigger rule ${triggerRule ?? "all_success"} cannot hold any more, because of`,
        because: upstream.filter((each) => kBad.includes(each.state)),
      };
    case "skipped": {
      const skipped = upstream.filter((each) => each.state === "skipped");
      if (task.state_reason) return { text: `It was skipped: ${task.state_reason}`, because: [] };
      return skipped.length > 0
        ? { text: "It was skipped, because upstream was skipped:", because: skipped }
        : {
            text: `It was skipped: its trigger rule ${triggerRule ?? "all_success"} did not hold.`,
            because: [],
          };
    }
    case "running":
      return {
        text: `It runs now, ${tries(task)}${task.hostname ? `, on ${task.hostname}` : ""}.`,
        because: [],
      };
    case "up_for_retry": {
      const next = reason ? ` Next: ${reason}.` : "";
      const failed = task.state_reason ? `: ${task.state_reason}` : "";
      return { text: `${capital(tries(task))} failed${failed}.${next}`, because: [] };
    }
    case "removed":
      return {
        text:
          task.map_index >= 0
            ? "What it is mapped over has fewer elements now."
            : "The DAG's version no longer has this task.",
        because: [],
      };
    default:
      if (reason) return { text: `${stateLabel(task.state)}: ${reason}`, because: [] };
      return task.state === null
        ? waiting(known)
        : { text: `${stateLabel(task.state)}.`, because: [] };
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
