// SPDX-License-Identifier: Apache-2.0
// Queries of assets and their events; of their keys see queries.ts.
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "./client";
import { kPageMax } from "./paging";
import type { RunRef } from "./types";

/** Assets by a part of their names, as many as one page holds. */
export const assets = (search: string) =>
  queryOptions({
    queryKey: ["assets", "list", search],
    queryFn: ({ signal }) =>
      api.get("/api/v2/assets", {
        query: { name_pattern: search || undefined, limit: kPageMax, order_by: ["name"] },
        signal,
      }),
    placeholderData: keepPreviousData,
  });

export const asset = (id: number) =>
  queryOptions({
    queryKey: ["assets", id, "detail"],
    queryFn: ({ signal }) =>
      api.get("/api/v2/assets/{asset_id}", { path: { asset_id: id }, signal }),
  });

/** The newest events of an asset. */
export const assetEvents = (id: number) =>
  queryOptions({
    queryKey: ["assets", id, "events"],
    queryFn: ({ signal }) =>
      api.get("/api/v2/assets/events", {
        query: { asset_id: id, limit: kPageMax, order_by: ["-id"] },
        signal,
      }),
    placeholderData: keepPreviousData,
  });

/** The events that a run is there for. */
export const runAssetEvents = ({ dagId, runId }: RunRef) =>
  queryOptions({
    queryKey: ["run", dagId, runId, "assetEvents"],
    queryFn: ({ signal }) =>
      api.get("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/upstreamAssetEvents", {
        path: { dag_id: dagId, dag_run_id: runId },
        signal,
      }),
    select: (page) => page.asset_events,
  });
