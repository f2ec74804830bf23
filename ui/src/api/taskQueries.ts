// SPDX-License-Identifier: Apache-2.0
import { queryOptions } from "@tanstack/react-query";
import { api } from "./client";
import { ApiError } from "./error";
import { kPageMax } from "./paging";
import type { TaskInstance, TaskRef } from "./types";

const place = ({ dagId, runId, taskId }: TaskRef) => ({
  dag_id: dagId,
  dag_run_id: runId,
  task_id: taskId,
});

const key = (ref: TaskRef, ...rest: string[]) => [
  "task",
  ref.dagId,
  ref.runId,
  ref.taskId,
  ref.mapIndex,
  ...rest,
];

/** The only instance of a task, or the first of a mapped one; undefined where there is none. */
async function firstInstance(ref: TaskRef, signal: AbortSignal) {
  const page = await api.get("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", {
    path: { dag_id: ref.dagId, dag_run_id: ref.runId },
    query: { task_id: ref.taskId, limit: 1 },
    signal,
  });
  return page.task_instances[0];
}

/**
 * Null once it was deleted while it was shown. Without a map index of a task that has become many
 * it is the first of these: whether it has is not known before.
 */
export const taskInstance = (ref: TaskRef) =>
  queryOptions({
    queryKey: key(ref, "detail"),
    queryFn: async ({ client, queryKey, signal }): Promise<TaskInstance | null> => {
      if (ref.mapIndex >= 0)
        return api.get(
          "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}",
          { path: { ...place(ref), map_index: ref.mapIndex }, signal },
        );
      const found = await firstInstance(ref, signal);
      if (found) return found;
      if (client.getQueryData(queryKey) !== undefined) return null;
      throw new ApiError(404, `Run ${ref.runId} of ${ref.dagId} has no task ${ref.taskId}`);
    },
  });

export const taskTries = (ref: TaskRef) =>
  queryOptions({
    queryKey: key(ref, "tries"),
    queryFn: ({ signal }) =>
      api.get(
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/tries",
        { path: { ...place(ref), map_index: ref.mapIndex }, signal },
      ),
    select: (page) => page.task_instances,
  });

export const taskXComs = (ref: TaskRef) =>
  queryOptions({
    queryKey: key(ref, "xcoms"),
    queryFn: ({ signal }) =>
      api.get("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries", {
        path: place(ref),
        query: { limit: kPageMax, map_index: ref.mapIndex },
        signal,
      }),
    select: (page) => page.xcom_entries,
  });

export const xcomValue = (ref: TaskRef, xcomKey: string) =>
  queryOptions({
    queryKey: key(ref, "xcom", xcomKey),
    queryFn: ({ signal }) =>
      api.get(
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{xcom_key}",
        {
          path: { ...place(ref), xcom_key: xcomKey },
          query: { map_index: ref.mapIndex },
          signal,
        },
      ),
  });
