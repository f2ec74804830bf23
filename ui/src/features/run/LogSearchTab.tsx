// SPDX-License-Identifier: Apache-2.0
import { Select } from "@mantine/core";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { api } from "@/api/client";
import { runTasks } from "@/api/queries";
import type { DagRun, RunLogMatch, TaskInstance } from "@/api/types";
import { useZone } from "@/app/ZoneProvider";
import { DataTable, type Column } from "@/components/DataTable";
import { Panel } from "@/components/Page";
import { SearchField } from "@/components/SearchField";
import { Bones, Empty, Failure } from "@/components/States";
import { instanceKey, instanceName } from "@/lib/mapped";
import { dateAndTime } from "@/lib/time";
import { links } from "@/router/links";
import { Link, useSearch } from "@/router/router";
import { stripAnsi } from "../logs/ansi";
import { marked } from "../logs/Line";
import styles from "../dags/dags.module.css";

const kLevels = [
  { value: "all", label: "Every level" },
  { value: "warning", label: "Warnings and errors" },
  { value: "error", label: "Errors" },
] as const;
type Level = "debug" | "info" | "warning" | "error" | "critical";
const kLevelsOf: Record<string, Level[]> = {
  warning: ["warning", "error", "critical"],
  error: ["error", "critical"],
};
const kStreams = [
  { value: "all", label: "Every source" },
  { value: "stdout", label: "stdout" },
  { value: "stderr", label: "stderr" },
];
const kLines = 200;

function when(match: RunLogMatch, zone: string): string {
  const at = Date.parse(String(match.record.timestamp ?? ""));
  return Number.isNaN(at) ? "" : dateAndTime(at, zone).time;
}

/** What matched: the message, or the line of its exception that has the text. */
function textOf(match: RunLogMatch, search: string): string {
  const event = stripAnsi(String(match.record.event));
  const has = (line: string) => line.toLowerCase().includes(search.toLowerCase());
  const trace = (match.record as Record<string, unknown>)["exception"];
  if (has(event) || typeof trace !== "string") return event;
  const line = trace.split("\n").find(has);
  return line === undefined ? event : `${event}: ${line.trim()}`;
}

interface Shown {
  run: DagRun;
  search: string;
  zone: string;
  /** The run's task instances by key. */
  instances: ReadonlyMap<string, TaskInstance>;
}

function columns({ run, search, zone, instances }: Shown): Column<RunLogMatch>[] {
  return [
    {
      key: "at",
      title: "Time",
      width: "76px",
      wideOnly: true,
      cell: (match) => <span className="mono faint">{when(match, zone)}</span>,
    },
    {
      key: "task",
      title: "Task",
      width: "minmax(100px, 220px)",
      phoneWidth: "96px",
      cell: (match) => (
        <Link to={linkTo(run, match, search)} className="cut" style={{ fontWeight: 500 }}>
          {instanceName(instances.get(instanceKey(match)) ?? match, match.task_id)}
          {match.try_number > 1 && <span className="faint"> try {match.try_number}</span>}
        </Link>
      ),
    },
    {
      key: "line",
      title: "Line",
      width: "minmax(140px, 4fr)",
      cell: (match) => {
        const text = textOf(match, search);
        return (
          <span className="cut mono" title={text}>
            {marked(text, search)}
          </span>
        );
      },
    },
  ];
}

function linkTo(run: DagRun, match: RunLogMatch, search: string): string {
  const to = links.task(
    {
      dagId: run.dag_id,
      runId: run.dag_run_id,
      taskId: match.task_id,
      mapIndex: match.map_index,
    },
    undefined,
    match.try_number,
  );
  const at = `${to}&at=${match.offset}`;
  return search ? `${at}&find=${encodeURIComponent(search)}` : at;
}

/** Looks through the logs of all tasks of a run, tries included. */
export function LogSearchTab({ run }: { run: DagRun }) {
  const { params, set } = useSearch();
  const { zone } = useZone();
  const search = params.get("q") ?? "";
  const level = params.get("level") ?? "all";
  const stream = params.get("source") ?? "all";
  const wanted = search !== "" || level !== "all" || stream !== "all";
  const query = useInfiniteQuery({
    queryKey: ["runLogs", run.dag_id, run.dag_run_id, search, level, stream],
    queryFn: ({ pageParam, signal }) =>
      api.get("/api/leoflow/v1/dags/{dag_id}/dagRuns/{dag_run_id}/logs/search", {
        path: { dag_id: run.dag_id, dag_run_id: run.dag_run_id },
        query: {
          ...(search ? { q: search } : {}),
          ...(kLevelsOf[level] ? { level: kLevelsOf[level] } : {}),
          ...(stream === "stdout" || stream === "stderr" ? { stream } : {}),
          ...(pageParam ? { cursor: pageParam } : {}),
          limit: kLines,
        },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    enabled: wanted,
    placeholderData: keepPreviousData,
    staleTime: 0,
  });
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const tasks = useQuery(runTasks({ dagId: run.dag_id, runId: run.dag_run_id })).data;
  const instances = useMemo(
    () => new Map((tasks ?? []).map((task) => [instanceKey(task), task])),
    [tasks],
  );
  const matches = query.data?.pages.flatMap((page) => page.matches) ?? [];
  return (
    <Panel flush>
      <div className={styles.filters} role="search">
        <SearchField label="Find in all logs" hint="Find in the logs of all tasks…" width={300} />
        <Select
          aria-label="Level"
          w={170}
          allowDeselect={false}
          data={kLevels}
          value={level}
          onChange={(value) => set({ level: value === "all" ? null : value })}
        />
        <Select
          aria-label="Source"
          w={130}
          allowDeselect={false}
          data={kStreams}
          value={stream}
          onChange={(value) => set({ source: value === "all" ? null : value })}
        />
        {wanted && query.data && (
          <span className="dim num" aria-live="polite">
            {matches.length.toLocaleString("en")}
            {hasNextPage && "+"} lines
          </span>
        )}
      </div>
      {!wanted ? (
        <Empty title="Look through every log of this run">
          Type what you look for, or choose a level: the lines of all tasks and tries are listed
          together, each leads to its place.
        </Empty>
      ) : query.error ? (
        <Failure error={query.error} retry={() => void query.refetch()} />
      ) : !query.data ? (
        <Bones rows={6} />
      ) : matches.length === 0 ? (
        hasNextPage ? (
          <Bones rows={3} />
        ) : (
          <Empty title="No line matches">Search for a shorter part, or for every level.</Empty>
        )
      ) : (
        <DataTable
          label="Lines found"
          columns={columns({ run, search, zone, instances })}
          rows={matches}
          rowKey={(match) => `${match.attempt} ${match.offset}`}
          rowLink={(match) => linkTo(run, match, search)}
          onEnd={more}
        />
      )}
    </Panel>
  );
}
