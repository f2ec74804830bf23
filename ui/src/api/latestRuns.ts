// SPDX-License-Identifier: Apache-2.0
// The newest runs of the DAGs of a list: one request for a page of rows.
import { queryOptions, type QueryClient } from "@tanstack/react-query";
import { api } from "./client";
import type { LatestRun } from "./types";

/** How many of each DAG. */
export const kLatestRuns = 14;

export interface LatestRuns {
  dag_runs: LatestRun[];
}

/** Runs by their DAG, newest first. */
export type RunsByDag = ReadonlyMap<string, readonly LatestRun[]>;

export function byDag(runs: readonly LatestRun[]): RunsByDag {
  const found = new Map<string, LatestRun[]>();
  for (const run of runs) {
    const own = found.get(run.dag_id);
    if (own) own.push(run);
    else found.set(run.dag_id, [run]);
  }
  return found;
}

/** What other pages of rows have loaded of these DAGs, so that a search does not empty its rows. */
function known(client: QueryClient, dagIds: readonly string[]): LatestRuns {
  const loaded = client
    .getQueryCache()
    .findAll({ queryKey: ["latestRuns"] })
    .sort((a, b) => a.state.dataUpdatedAt - b.state.dataUpdatedAt)
    .map((query) => byDag((query.state.data as LatestRuns | undefined)?.dag_runs ?? []));
  const newest = (dag: string) => loaded.findLast((runs) => runs.has(dag))?.get(dag) ?? [];
  return { dag_runs: dagIds.flatMap(newest) };
}

export const latestRuns = (client: QueryClient, dagIds: readonly string[]) =>
  queryOptions<LatestRuns>({
    queryKey: ["latestRuns", dagIds],
    queryFn: ({ signal }) =>
      api.post("/api/leoflow/v1/dagRuns/latest", {
        body: { dag_ids: [...dagIds], limit: kLatestRuns },
        signal,
      }),
    placeholderData: () => known(client, dagIds),
  });
