// SPDX-License-Identifier: Apache-2.0
// What the server tells of a log: windows by byte, what a search finds, what is written from now on.
import { api, buildUrl, request } from "@/api/client";
import type { TaskRef } from "@/api/types";
import { readRecord, type Level, type LogFilter, type LogLine, type Source } from "./line";

/** Which log. */
export interface LogPlace {
  task: TaskRef;
  tryNumber: number;
}

/** Whole records of a log, one after the other. */
export interface Piece {
  lines: LogLine[];
  from: number;
  to: number;
  atStart: boolean;
  atEnd: boolean;
  /** Bytes of the log so far. */
  size: number;
  /** Nothing will be added. */
  complete: boolean;
}

const kFound = 200; // lines of one answer of a search

const kLog =
  "/api/leoflow/v1/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/{try_number}";

function pathOf({ task, tryNumber }: LogPlace) {
  return {
    dag_id: task.dagId,
    dag_run_id: task.runId,
    task_id: task.taskId,
    try_number: tryNumber,
  };
}

/** The whole log as text. */
export function textUrl({ task, tryNumber }: LogPlace): string {
  return buildUrl(
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/{try_number}",
    pathOf({ task, tryNumber }),
    { map_index: task.mapIndex },
  );
}

interface Wanted {
  offset?: number;
  before?: number;
  line?: number;
  tail?: boolean;
  limit?: number;
  count?: boolean;
}

function rawWindow(place: LogPlace, wanted: Wanted, signal: AbortSignal) {
  return api.get(kLog, {
    path: pathOf(place),
    query: { map_index: place.task.mapIndex, ...wanted },
    signal,
  });
}

const text = (record: unknown) => (typeof record === "string" ? record : JSON.stringify(record));

/** Lines from a byte or a line on, before a byte, or the last ones. */
export async function readWindow(
  place: LogPlace,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Piece> {
  let answer = await rawWindow(place, wanted, signal);
  // A line far down is counted to in several steps.
  while (wanted.line !== undefined && answer.first_line === null && answer.size > 0)
    answer = await rawWindow(place, wanted, signal);
  const first = answer.first_line;
  const { offset: from, next_offset: to, size, complete } = answer;
  const lines = answer.lines.flatMap(({ offset, record }, index) =>
    readRecord(text(record), offset, first === null ? null : first + index),
  );
  return { lines, from, to, size, complete, atStart: from === 0, atEnd: to >= size };
}

/** The number of the line at a byte, however long the server counts. */
export async function lineNumber(
  place: LogPlace,
  offset: number,
  signal: AbortSignal,
): Promise<number> {
  for (;;) {
    const answer = await rawWindow(place, { offset, limit: 1, count: true }, signal);
    if (answer.first_line !== null) return answer.first_line;
  }
}

const kLevels: Record<Level, ("info" | "warning" | "error" | "critical")[] | undefined> = {
  debug: undefined,
  info: ["info", "warning", "error", "critical"],
  warning: ["warning", "error", "critical"],
  error: ["error", "critical"],
};
const kStreams: Record<Source, "stdout" | "stderr" | "logger" | "agent"> = {
  stdout: "stdout",
  stderr: "stderr",
  log: "logger",
  agent: "agent",
};

/** One step of a search, forwards from a byte or backwards from one. */
export async function search(
  place: LogPlace,
  filter: LogFilter,
  wanted: { offset: number } | { before: number },
  signal: AbortSignal,
  limit = kFound,
): Promise<Piece> {
  const levels = kLevels[filter.level];
  const answer = await api.get(`${kLog}/search`, {
    path: pathOf(place),
    query: {
      map_index: place.task.mapIndex,
      ...(filter.only ? { q: filter.only } : {}),
      ...(levels ? { level: levels } : {}),
      ...(filter.source === "all" ? {} : { stream: kStreams[filter.source] }),
      ...wanted,
      limit,
    },
    signal,
  });
  const { next_offset: next, size, complete, at_end: over } = answer;
  const lines = answer.lines.flatMap(({ offset, line, record }) =>
    readRecord(text(record), offset, line ?? null),
  );
  return "offset" in wanted
    ? { lines, from: wanted.offset, to: next, size, complete, atStart: false, atEnd: over }
    : { lines, from: next, to: wanted.before, size, complete, atStart: over, atEnd: false };
}

/** Calls back with each record that is written from a byte on, until the try ends. */
export async function follow(
  place: LogPlace,
  offset: number,
  onRecord: (record: string, offset: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const url = buildUrl(`${kLog}/follow`, pathOf(place), {
    map_index: place.task.mapIndex,
    offset,
  });
  const response = await request(url, { headers: { Accept: "application/x-ndjson" }, signal });
  if (!response.body) throw new Error("The browser cannot read streams.");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const placed = JSON.parse(line) as { offset: number; record: unknown };
      onRecord(text(placed.record), placed.offset);
    }
  }
}
