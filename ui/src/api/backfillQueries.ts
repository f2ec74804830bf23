// SPDX-License-Identifier: Apache-2.0
// Queries of backfills; of their keys see queries.ts.
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "./client";
import { kPageMax } from "./paging";

export const backfills = (dagId: string) =>
  queryOptions({
    queryKey: ["dag", dagId, "backfills"],
    queryFn: ({ signal }) =>
      api.get("/api/v2/backfills", {
        query: { dag_id: dagId, limit: kPageMax, order_by: ["-id"] },
        signal,
      }),
    select: (page) => page.backfills,
  });

export const backfillProgress = (dagId: string, id: number) =>
  queryOptions({
    queryKey: ["dag", dagId, "backfills", id],
    queryFn: ({ signal }) =>
      api.get("/api/leoflow/v1/backfills/{backfill_id}/progress", {
        path: { backfill_id: id },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
