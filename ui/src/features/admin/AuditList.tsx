// SPDX-License-Identifier: Apache-2.0
import { CloseButton, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { api } from "@/api/client";
import { kPageMax } from "@/api/paging";
import type { EventLog } from "@/api/types";
import { DataTable, type Column } from "@/components/DataTable";
import { Panel } from "@/components/Page";
import { Bones, Empty, Failure } from "@/components/States";
import { Time } from "@/components/Time";
import { JsonTree } from "@/components/JsonTree";
import { count } from "@/lib/text";
import { links } from "@/router/links";
import { Link, useSearch } from "@/router/router";
import styles from "../dags/dags.module.css";
import { auditText } from "./auditText";

const kColumns: Column<EventLog>[] = [
  {
    key: "when",
    title: "When",
    width: "150px",
    phoneWidth: "76px",
    cell: (row) => <Time at={row.when} />,
  },
  {
    key: "who",
    title: "Who",
    width: "90px",
    phoneWidth: "68px",
    cell: (row) => <span className="cut">{row.owner ?? "–"}</span>,
  },
  {
    key: "what",
    title: "What",
    width: "minmax(110px, 1fr)",
    cell: (row) => (
      <span className="cut" style={{ fontWeight: 500 }}>
        {row.event.replaceAll("_", " ")}
      </span>
    ),
  },
  {
    key: "on",
    title: "On",
    width: "minmax(110px, 1.4fr)",
    wideOnly: true,
    cell: (row) =>
      row.dag_id ? (
        <Link
          className="cut"
          to={
            row.run_id ? links.run({ dagId: row.dag_id, runId: row.run_id }) : links.dag(row.dag_id)
          }
        >
          {[row.dag_id, row.run_id, row.task_id].filter(Boolean).join(" / ")}
        </Link>
      ) : (
        <span className="faint">–</span>
      ),
  },
  {
    key: "extra",
    title: "Details",
    width: "minmax(110px, 2fr)",
    wideOnly: true,
    cell: (row) => (
      <span className="cut dim" title={auditText(row.extra)}>
        {auditText(row.extra)}
      </span>
    ),
  },
];

const kSince = [
  { value: "any", label: "Any time" },
  { value: "1", label: "Last hour" },
  { value: "24", label: "Last 24 hours" },
  { value: "168", label: "Last 7 days" },
  { value: "720", label: "Last 30 days" },
];

function hoursAgo(hours: string | null): string | undefined {
  if (!hours || !Number(hours)) return undefined;
  // To the minute: the same question while one looks at it.
  const minute = Math.floor(Date.now() / 60_000) - Number(hours) * 60;
  return new Date(minute * 60_000).toISOString();
}

function readExtra(extra: string | null): unknown {
  try {
    return extra ? (JSON.parse(extra) as unknown) : null;
  } catch {
    return extra;
  }
}

/** Who did what and when: of one DAG or of all. */
export function AuditList({ dagId }: { dagId?: string }) {
  const { params, set } = useSearch();
  const [who, setWho] = useState(params.get("who") ?? "");
  const [what, setWhat] = useState(params.get("what") ?? "");
  const [on, setOn] = useState(params.get("on") ?? "");
  const apply = useDebouncedCallback(set, 200);
  const since = params.get("since");
  const after = useMemo(() => hoursAgo(since), [since]);
  const part = (name: string) => (params.get(name) ? `%${params.get(name)}%` : undefined);
  const filter = {
    dag_id: dagId,
    owner_pattern: part("who"),
    event_pattern: part("what")?.replaceAll(" ", "_"),
    dag_id_pattern: dagId ? undefined : part("on"),
    after,
  };
  const filtered = ["who", "what", "on", "since"].some((name) => params.has(name));
  const query = useInfiniteQuery({
    queryKey: ["audit", filter],
    queryFn: ({ pageParam, signal }) =>
      api.get("/api/v2/eventLogs", {
        query: { ...filter, order_by: ["-event_log_id"], limit: kPageMax, offset: pageParam },
        signal,
      }),
    initialPageParam: 0,
    getNextPageParam: (last, pages) => {
      const have = pages.reduce((sum, page) => sum + page.event_logs.length, 0);
      return last.event_logs.length > 0 && have < last.total_entries ? have : undefined;
    },
    placeholderData: keepPreviousData,
    refetchOnMount: "always",
  });
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  const rows = useMemo(
    () => query.data?.pages.flatMap((page) => page.event_logs) ?? [],
    [query.data],
  );
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const [open, setOpen] = useState<EventLog | null>(null);
  return (
    <div className="stack">
      <Panel flush>
        <div className={styles.filters} role="search">
          <TextInput
            data-filter
            aria-label="Who"
            placeholder="Who"
            value={who}
            onChange={(event) => {
              setWho(event.currentTarget.value);
              apply({ who: event.currentTarget.value });
            }}
          />
          <TextInput
            aria-label="What"
            placeholder="What, e.g. trigger"
            w={200}
            value={what}
            onChange={(event) => {
              setWhat(event.currentTarget.value);
              apply({ what: event.currentTarget.value });
            }}
          />
          {!dagId && (
            <TextInput
              aria-label="On which DAG"
              placeholder="On which DAG"
              value={on}
              onChange={(event) => {
                setOn(event.currentTarget.value);
                apply({ on: event.currentTarget.value });
              }}
            />
          )}
          <Select
            aria-label="When"
            w={140}
            allowDeselect={false}
            data={kSince}
            value={since ?? "any"}
            onChange={(hours) => set({ since: hours === "any" ? null : hours })}
          />
          {query.data?.pages[0] && (
            <span className="dim num" aria-live="polite">
              {count(query.data.pages[0].total_entries, "entry", "entries")}
            </span>
          )}
        </div>
        {query.error ? (
          <Failure error={query.error} retry={() => void query.refetch()} />
        ) : !query.data ? (
          <Bones rows={10} />
        ) : rows.length === 0 && filtered ? (
          <Empty title="No entry matches">Take a filter away to see more.</Empty>
        ) : rows.length === 0 ? (
          <Empty title="Nothing was done">Every change somebody makes is written down here.</Empty>
        ) : (
          <DataTable
            label="Audit log"
            columns={kColumns}
            rows={rows}
            rowKey={(row) => String(row.event_log_id)}
            onRow={(row) => setOpen(row === open ? null : row)}
            selected={(row) => row.event_log_id === open?.event_log_id}
            onEnd={more}
          />
        )}
      </Panel>
      {open && (
        <Panel
          title={`${open.event.replaceAll("_", " ")} by ${open.owner ?? "nobody"}`}
          actions={<CloseButton aria-label="Close" onClick={() => setOpen(null)} />}
        >
          <JsonTree value={readExtra(open.extra)} open={4} />
        </Panel>
      )}
    </div>
  );
}
