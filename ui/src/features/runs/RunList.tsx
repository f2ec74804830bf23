// SPDX-License-Identifier: Apache-2.0
import { SegmentedControl } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo, type ReactNode } from "react";
import { runsInfinite, type RunFilter } from "@/api/queries";
import type { RunState } from "@/api/types";
import { useAuth } from "@/auth/AuthProvider";
import { DataTable } from "@/components/DataTable";
import { SearchField } from "@/components/SearchField";
import { Bones, Empty, Failure } from "@/components/States";
import { links } from "@/router/links";
import { useSearch } from "@/router/router";
import styles from "../dags/dags.module.css";
import { runColumns } from "./runColumns";
import { useChosenRuns } from "./useChosenRuns";

const kStates = ["all", "running", "queued", "success", "failed"] as const;
const kTypes = ["all", "scheduled", "manual"] as const;

function label(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function readFilter(params: URLSearchParams): RunFilter {
  const filter: RunFilter = {};
  const state = params.get("state");
  if (state) filter.state = [state as RunState];
  const type = params.get("type");
  if (type) filter.type = [type];
  const search = params.get("q");
  if (search) filter.search = search;
  const order = params.get("order");
  if (order) filter.order = order;
  return filter;
}

interface Props {
  /** `~` for the runs of every DAG. */
  dagId: string;
  empty: ReactNode;
}

/** Runs with their filters, which live in the address. */
export function RunList({ dagId, empty }: Props) {
  const { params, set } = useSearch();
  const filter = useMemo(() => readFilter(params), [params]);
  const query = useInfiniteQuery(runsInfinite(dagId, filter));
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  const rows = useMemo(
    () => query.data?.pages.flatMap((page) => page.dag_runs) ?? [],
    [query.data],
  );
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const { me } = useAuth();
  const { column, isChosen, bar } = useChosenRuns(rows);
  const columns = [...(me.can.trigger ? [column] : []), ...runColumns(dagId === "~")];
  const filtered = ["state", "type", "q"].some((key) => params.has(key));
  return (
    <>
      <div className={styles.filters} role="search">
        <SearchField label="Find runs by id" hint="Find by run id…" width={220} />
        <SegmentedControl
          aria-label="State"
          data={kStates.map((value) => ({ value, label: label(value) }))}
          value={params.get("state") ?? "all"}
          onChange={(state) => set({ state: state === "all" ? null : state })}
        />
        <SegmentedControl
          aria-label="Type"
          data={kTypes.map((value) => ({ value, label: value === "all" ? "Any" : label(value) }))}
          value={params.get("type") ?? "all"}
          onChange={(type) => set({ type: type === "all" ? null : type })}
        />
      </div>
      {bar}
      {query.error ? (
        <Failure error={query.error} retry={() => void query.refetch()} />
      ) : !query.data ? (
        <Bones rows={12} />
      ) : rows.length === 0 ? (
        filtered ? (
          <Empty title="No run matches">Take a filter away to see more.</Empty>
        ) : (
          empty
        )
      ) : (
        <DataTable
          label="Runs"
          columns={columns}
          rows={rows}
          rowKey={(run) => `${run.dag_id} ${run.dag_run_id}`}
          rowLink={(run) => links.run({ dagId: run.dag_id, runId: run.dag_run_id })}
          selected={isChosen}
          order={filter.order ?? "-run_after"}
          onOrder={(order) => set({ order })}
          onEnd={more}
        />
      )}
    </>
  );
}
