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

const kByDag = new WeakMap<LatestRuns, ReadonlyMap<string, readonly LatestRun[]>>();

/** The runs of one DAG among those of a page of rows, newest first; undefined for a DAG without. */
function runsIn(page: LatestRuns, dagId: string): readonly LatestRun[] | undefined {
  let found = kByDag.get(page);
  if (!found) {
    const runs = new Map<string, LatestRun[]>();
    for (const run of page.dag_runs) {
      const own = runs.get(run.dag_id);
      if (own) own.push(run);
      else runs.set(run.dag_id, [run]);
    }
    kByDag.set(page, (found = runs));
  }
  return found.get(dagId);
}

/** The same among the pages of rows that are loaded. */
export function runsOf(pages: readonly LatestRuns[], dagId: string): readonly LatestRun[] {
  for (const page of pages) {
    const runs = runsIn(page, dagId);
    if (runs) return runs;
  }
  return [];
}

/** What other pages of rows have loaded of these DAGs, so that a search does not empty its rows. */
function known(client: QueryClient, dagIds: readonly string[]): LatestRuns {
  const pages = client
    .getQueryCache()
    .findAll({ queryKey: ["latestRuns"] })
    .sort((a, b) => b.state.dataUpdatedAt - a.state.dataUpdatedAt)
    .flatMap((query) => (query.state.data as LatestRuns | undefined) ?? []);
  return { dag_runs: dagIds.flatMap((dagId) => runsOf(pages, dagId)) };
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
