// SPDX-License-Identifier: Apache-2.0
// Queries by what they show. The first parts of a key are what live changes make stale: see
// live/apply.ts.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { ChosenCells } from "@/lib/chosen";
import type { Group } from "@/lib/graph";
import { inTurns } from "@/lib/inTurns";
import { loadCells } from "./cells";
import { api } from "./client";
import { fetchAll, kPageMax } from "./paging";
import type { RunRef, RunState } from "./types";

export interface DagFilter {
  search?: string;
  tags?: string[];
  owners?: string[];
  paused?: boolean;
  lastState?: RunState;
  importErrors?: boolean;
  favourite?: boolean;
  order?: string;
}

function dagQuery(filter: DagFilter) {
  return {
    dag_id_pattern: filter.search,
    tags: filter.tags,
    owners: filter.owners,
    paused: filter.paused,
    last_dag_run_state: filter.lastState,
    has_import_errors: filter.importErrors,
    is_favorite: filter.favourite,
    order_by: [filter.order ?? "dag_id"],
  };
}

export const dagsInfinite = (filter: DagFilter) =>
  infiniteQueryOptions({
    queryKey: ["dags", "list", filter],
    queryFn: ({ pageParam, signal }) =>
      api.get("/api/v2/dags", {
        query: { ...dagQuery(filter), limit: kPageMax, offset: pageParam },
        signal,
      }),
    initialPageParam: 0,
    getNextPageParam: (last, pages) => {
      const have = pages.reduce((sum, page) => sum + page.dags.length, 0);
      return last.dags.length > 0 && have < last.total_entries ? have : undefined;
    },
    placeholderData: keepPreviousData,
  });

export const dagSearch = (search: string, limit: number) =>
  queryOptions({
    queryKey: ["dags", "search", search, limit],
    queryFn: ({ signal }) =>
      api.get("/api/v2/dags", { query: { dag_id_pattern: search, limit }, signal }),
    select: (page) => page.dags,
    placeholderData: keepPreviousData,
  });

export const dagTags = () =>
  queryOptions({
    queryKey: ["dags", "tags"],
    queryFn: ({ signal }) => api.get("/api/v2/dagTags", { query: { limit: kPageMax }, signal }),
    select: (page) => page.tags,
  });

export const dagDetails = (dagId: string) =>
  queryOptions({
    queryKey: ["dag", dagId, "details"],
    queryFn: ({ signal }) =>
      api.get("/api/v2/dags/{dag_id}/details", { path: { dag_id: dagId }, signal }),
  });

export const dagTasks = (dagId: string) =>
  queryOptions({
    queryKey: ["dag", dagId, "structure"],
    queryFn: ({ signal }) =>
      api.get("/api/v2/dags/{dag_id}/tasks", { path: { dag_id: dagId }, signal }),
    select: (page) => page.tasks,
  });

export const dagTaskGroups = (dagId: string) =>
  queryOptions({
    queryKey: ["dag", dagId, "structure", "groups"],
    queryFn: ({ signal }) =>
      api.get("/api/leoflow/v1/dags/{dag_id}/taskGroups", { path: { dag_id: dagId }, signal }),
    select: (page): Group[] =>
      page.task_groups.map(({ group_id, task_ids, is_mapped }) => ({
        id: group_id,
        tasks: task_ids,
        mapped: is_mapped,
      })),
  });

export const dagVersions = (dagId: string) =>
  queryOptions({
    queryKey: ["dag", dagId, "versions"],
    queryFn: ({ signal }) =>
      api.get("/api/v2/dags/{dag_id}/dagVersions", {
        path: { dag_id: dagId },
        query: { limit: kPageMax, order_by: ["-version_number"] },
        signal,
      }),
    select: (page) => page.dag_versions,
  });

export const dagSource = (dagId: string, version: number | undefined) =>
  queryOptions({
    queryKey: ["dag", dagId, "source", version ?? "latest"],
    queryFn: ({ signal }) =>
      api.get("/api/v2/dagSources/{dag_id}", {
        path: { dag_id: dagId },
        query: { version_number: version },
        signal,
      }),
  });

export interface RunFilter {
  state?: RunState[];
  type?: string[];
  search?: string;
  order?: string;
  limit?: number;
}

type RunTypes = ("manual" | "scheduled" | "backfill")[];

function runQuery(filter: RunFilter) {
  return {
    state: filter.state,
    run_type: filter.type as RunTypes | undefined,
    run_id_pattern: filter.search,
    order_by: [filter.order ?? "-run_after"],
  };
}

/** The newest runs of a DAG, or of all with `~`, newest first unless ordered otherwise. */
export const recentRuns = (dagId: string, filter: RunFilter = {}) =>
  queryOptions({
    queryKey: dagId === "~" ? ["runs", "recent", filter] : ["dag", dagId, "runs", "recent", filter],
    queryFn: ({ signal }) =>
      api.get("/api/v2/dags/{dag_id}/dagRuns", {
        path: { dag_id: dagId },
        query: { ...runQuery(filter), limit: filter.limit ?? 25 },
        signal,
      }),
    placeholderData: keepPreviousData,
  });

export const runsInfinite = (dagId: string, filter: RunFilter) =>
  infiniteQueryOptions({
    queryKey: dagId === "~" ? ["runs", "list", filter] : ["dag", dagId, "runs", "list", filter],
    queryFn: ({ pageParam, signal }) =>
      api.get("/api/v2/dags/{dag_id}/dagRuns", {
        path: { dag_id: dagId },
        query: { ...runQuery(filter), limit: kPageMax, offset: pageParam },
        signal,
      }),
    initialPageParam: 0,
    getNextPageParam: (last, pages) => {
      const have = pages.reduce((sum, page) => sum + page.dag_runs.length, 0);
      return last.dag_runs.length > 0 && have < last.total_entries ? have : undefined;
    },
    placeholderData: keepPreviousData,
  });

const place = ({ dagId, runId }: RunRef) => ({ dag_id: dagId, dag_run_id: runId });

export const run = (ref: RunRef) =>
  queryOptions({
    queryKey: ["run", ref.dagId, ref.runId, "detail"],
    queryFn: ({ signal }) =>
      api.get("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", { path: place(ref), signal }),
  });

function loadTasks(ref: RunRef, signal: AbortSignal) {
  return fetchAll(async (offset) => {
    const page = await api.get("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", {
      path: place(ref),
      query: { limit: kPageMax, offset },
      signal,
    });
    return { rows: page.task_instances, total: page.total_entries };
  });
}

export const runTasks = (ref: RunRef) =>
  queryOptions({
    queryKey: ["run", ref.dagId, ref.runId, "tasks"],
    queryFn: ({ signal }) => loadTasks(ref, signal),
  });

/** What the grid shows of a run of about `tasks` tasks. */
export const runCells = (ref: RunRef, tasks: number, finished: boolean) =>
  queryOptions({
    queryKey: ["cells", ref.dagId, ref.runId],
    queryFn: () => loadCells(ref, tasks),
    structuralSharing: false,
    staleTime: finished ? 60_000 : 0,
  });

const kRunsAtOnce = 4;

/** Task instances by run and task, of as many runs as there are. */
export const chosenTasks = (dagId: string, chosen: ChosenCells) => {
  const cells = [...chosen].map(([run, tasks]) => ({ run, tasks: [...tasks] }));
  return queryOptions({
    queryKey: ["preview", "tasks", dagId, cells],
    queryFn: async ({ signal }) => {
      const lists = await inTurns(cells, kRunsAtOnce, ({ run, tasks }) =>
        fetchAll(async (offset) => {
          const page = await api.post(
            "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list",
            {
              path: { dag_id: "~", dag_run_id: "~" },
              body: {
                dag_ids: [dagId],
                dag_run_ids: [run],
                task_ids: tasks,
                page_limit: kPageMax,
                page_offset: offset,
              },
              signal,
            },
          );
          return { rows: page.task_instances, total: page.total_entries };
        }),
      );
      return lists.flat();
    },
    staleTime: 0,
    gcTime: 0,
  });
};

export const runAttempts = (ref: RunRef) =>
  queryOptions({
    queryKey: ["run", ref.dagId, ref.runId, "attempts"],
    queryFn: ({ signal }) =>
      api.get("/api/leoflow/v1/dags/{dag_id}/dagRuns/{dag_run_id}/attempts", {
        path: place(ref),
        signal,
      }),
    select: (page) => page.attempts,
  });

export const runReasons = (ref: RunRef) =>
  queryOptions({
    queryKey: ["run", ref.dagId, ref.runId, "reasons"],
    queryFn: ({ signal }) =>
      api.get("/api/leoflow/v1/dags/{dag_id}/dagRuns/{dag_run_id}/reasons", {
        path: place(ref),
        signal,
      }),
    select: (page) => page.reasons,
  });

export const runStaging = (ref: RunRef) =>
  queryOptions({
    queryKey: ["run", ref.dagId, ref.runId, "staging"],
    queryFn: ({ signal }) =>
      api.get("/api/leoflow/v1/staging", {
        query: { dag_id: ref.dagId, run_id: ref.runId },
        signal,
      }),
    select: (page) => page.staging_volumes,
  });

/** Everything the home page shows, in one answer. */
export const dashboard = () =>
  queryOptions({
    queryKey: ["dashboard"],
    queryFn: ({ signal }) => api.get("/api/leoflow/v1/dashboard", { signal }),
    refetchOnMount: "always",
  });

export const importErrors = () =>
  queryOptions({
    queryKey: ["importErrors"],
    queryFn: ({ signal }) =>
      api.get("/api/v2/importErrors", {
        query: { limit: kPageMax, order_by: ["-timestamp"] },
        signal,
      }),
  });
