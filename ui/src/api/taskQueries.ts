// SPDX-License-Identifier: Apache-2.0
import { queryOptions } from "@tanstack/react-query";
import { api } from "./client";
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

/** Null once it was deleted while it was shown. */
export const taskInstance = (ref: TaskRef) =>
  queryOptions({
    queryKey: key(ref, "detail"),
    queryFn: ({ signal }): Promise<TaskInstance | null> =>
      api.get("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}", {
        path: { ...place(ref), map_index: ref.mapIndex },
        signal,
      }),
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
