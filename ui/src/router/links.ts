// SPDX-License-Identifier: Apache-2.0
import type { RunRef, TaskRef } from "@/api/types";
import { path, withSearch } from "./match";

/** Every address of the page, in one place. */
export const links = {
  home: () => "/",
  dags: (search: Record<string, string | undefined> = {}) => "/dags" + withSearch("", search),
  dag: (dagId: string, tab?: string) => (tab ? path("dags", dagId, tab) : path("dags", dagId)),
  runs: (search: Record<string, string | undefined> = {}) => "/runs" + withSearch("", search),
  run: ({ dagId, runId }: RunRef, tab?: string) =>
    tab ? path("dags", dagId, "runs", runId, tab) : path("dags", dagId, "runs", runId),
  compare: ({ dagId, runId }: RunRef, other?: string) =>
    path("dags", dagId, "runs", runId, "compare") + withSearch("", { with: other }),
  task: ({ dagId, runId, taskId, mapIndex }: TaskRef, tab?: string, tryNumber?: number) =>
    path("dags", dagId, "runs", runId, "tasks", taskId, ...(tab ? [tab] : [])) +
    withSearch("", { map: mapIndex < 0 ? null : mapIndex, try: tryNumber }),
  assets: () => "/assets",
  asset: (id: number) => path("assets", id),
  /** All instances of a mapped task, or those in one state. */
  instances: ({ dagId, runId }: RunRef, taskId: string, tab?: string, state?: string) =>
    path("dags", dagId, "runs", runId, "tasks", taskId, ...(tab ? [tab] : [])) +
    withSearch("", { state }),
  importErrors: () => "/import-errors",
  admin: (page: string) => path("admin", page),
};
