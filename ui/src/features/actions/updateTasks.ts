// SPDX-License-Identifier: Apache-2.0
import { api } from "@/api/client";
import { ApiError } from "@/api/error";
import type { TaskInstance } from "@/api/types";
import type { MarkState } from "./MarkTaskDialog";

const kEntitiesMax = 500; // of one request; the server takes twice as many

/** Marks or notes on task instances of any runs; how many. The first refusal is thrown at the end. */
export async function updateTasks(
  dagId: string,
  tasks: readonly TaskInstance[],
  change: { new_state: MarkState } | { note: string },
): Promise<number> {
  let done = 0;
  let refused: string | undefined;
  for (let at = 0; at < tasks.length; at += kEntitiesMax) {
    const entities = tasks
      .slice(at, at + kEntitiesMax)
      .map(({ dag_run_id, task_id, map_index }) => ({ dag_run_id, task_id, map_index, ...change }));
    const answer = await api.patch("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", {
      path: { dag_id: dagId, dag_run_id: "~" },
      body: { actions: [{ action: "update", entities, action_on_non_existence: "skip" }] },
    });
    done += answer.update?.success.length ?? 0;
    refused ??= answer.update?.errors[0]?.error;
  }
  if (refused !== undefined) throw new ApiError(409, refused);
  return done;
}
