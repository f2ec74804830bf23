// SPDX-License-Identifier: Apache-2.0
import { Button } from "@mantine/core";
import { useInfiniteQuery, useQueries, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { latestRuns, runsOf, type LatestRuns } from "@/api/latestRuns";
import { dagsInfinite } from "@/api/queries";
import type { Dag } from "@/api/types";
import { useAuth } from "@/auth/AuthProvider";
import { DataTable } from "@/components/DataTable";
import { Page, Panel } from "@/components/Page";
import { Bones, Empty, Failure } from "@/components/States";
import { count } from "@/lib/text";
import { links } from "@/router/links";
import { Link, useSearch } from "@/router/router";
import { dagColumns } from "./columns";
import { DagFilters } from "./DagFilters";
import { useFavourite } from "./favourites";
import { readFilter } from "./filter";
import { usePause } from "./usePause";
import { useTrigger } from "../trigger/TriggerProvider";

const loaded = (results: { data: LatestRuns | undefined }[]): LatestRuns[] =>
  results.flatMap(({ data }) => data ?? []);

/** The newest runs of a DAG that is in one of the pages of rows. */
function useLatestRuns(pages: readonly { dags: Dag[] }[] | undefined) {
  const client = useQueryClient();
  const queries = (pages ?? [])
    .filter(({ dags }) => dags.length > 0)
    .map(({ dags }) =>
      latestRuns(
        client,
        dags.map(({ dag_id }) => dag_id),
      ),
    );
  const runs = useQueries({ queries, combine: loaded });
  return useCallback((dagId: string) => runsOf(runs, dagId), [runs]);
}

/** Every DAG: found as one types, filtered, started, paused. */
export function DagsPage() {
  const { params, set } = useSearch();
  const { me } = useAuth();
  const favourite = useFavourite();
  const pause = usePause();
  const { trigger } = useTrigger();
  const filter = useMemo(() => readFilter(params), [params]);
  const query = useInfiniteQuery(dagsInfinite(filter));
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  const onlyFavourites = params.get("view") === "favourites";

  const rows = useMemo(() => {
    const all: Dag[] = query.data?.pages.flatMap((page) => page.dags) ?? [];
    if (onlyFavourites) return all.filter((dag) => dag.is_favorite);
    if (filter.order && filter.order !== "dag_id") return all;
    return [...all].sort((a, b) => Number(b.is_favorite) - Number(a.is_favorite));
  }, [query.data, onlyFavourites, filter.order]);

  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);

  const runs = useLatestRuns(query.data?.pages);
  const columns = useMemo(
    () =>
      dagColumns(
        {
          favourite: (dag) => void favourite(dag),
          pause: (dag) => void pause(dag.dag_id, !dag.is_paused),
          trigger: (dag) => trigger(dag.dag_id),
          canRun: me.can.trigger,
        },
        runs,
      ),
    [favourite, pause, trigger, me.can.trigger, runs],
  );
  const total = onlyFavourites ? rows.length : query.data?.pages[0]?.total_entries;

  return (
    <Page
      name="DAGs"
      title="DAGs"
      sub={total === undefined ? " " : count(total, "DAG") + (params.size ? " match" : "")}
    >
      <Panel flush>
        <DagFilters params={params} set={set} />
        {query.error ? (
          <Failure error={query.error} retry={() => void query.refetch()} />
        ) : !query.data ? (
          <Bones rows={12} />
        ) : rows.length === 0 ? (
          <NoDags
            filtered={params.size > 0}
            favourites={onlyFavourites}
            reset={() => set(noFilter(params))}
          />
        ) : (
          <DataTable
            label="DAGs"
            columns={columns}
            rows={rows}
            rowKey={(dag) => dag.dag_id}
            rowLink={(dag) => links.dag(dag.dag_id)}
            rowHeight={48}
            order={filter.order ?? "dag_id"}
            onOrder={(order) => set({ order })}
            onEnd={more}
          />
        )}
      </Panel>
    </Page>
  );
}

function noFilter(params: URLSearchParams): Record<string, null> {
  return Object.fromEntries([...params.keys()].map((key) => [key, null]));
}

interface NoDagsProps {
  filtered: boolean;
  favourites: boolean;
  reset: () => void;
}

function NoDags({ filtered, favourites, reset }: NoDagsProps) {
  if (favourites)
    return (
      <Empty
        title="No favourites here"
        action={
          <Button variant="default" onClick={reset}>
            Show all
          </Button>
        }
      >
        Press the star before a DAG: it stays on top of the list for you.
      </Empty>
    );
  if (filtered)
    return (
      <Empty
        title="No DAG matches"
        action={
          <Button variant="default" onClick={reset}>
            Show all
          </Button>
        }
      >
        Take a filter away, or search for a shorter part of the name.
      </Empty>
    );
  return (
    <Empty title="No DAGs yet" action={<Link to={links.home()}>First steps</Link>}>
      Put a <code>dag.py</code> into the workspace folder: it appears here the moment it is saved.
    </Empty>
  );
}
