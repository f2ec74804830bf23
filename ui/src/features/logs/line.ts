// SPDX-License-Identifier: Apache-2.0
import { stripAnsi } from "./ansi";

export type Level = "debug" | "info" | "warning" | "error";
export type Source = "stdout" | "stderr" | "log" | "agent";

/** One row of the log. */
export interface LogLine {
  /** Of its record: where it starts in the log, in bytes. */
  offset: number;
  /** Of its record, from 1; null while it is not known and for later lines of a record. */
  number: number | null;
  at: string | null;
  level: Level;
  source: Source;
  logger: string;
  /** With terminal colours. */
  text: string;
  /** Without: what is searched. */
  plain: string;
  /** A later line of a text with several. */
  follows: boolean;
  /** Which line of its record it is, from 0. */
  part: number;
  group: boolean;
}

interface Message {
  event?: unknown;
  timestamp?: unknown;
  level?: unknown;
  logger?: unknown;
  exception?: unknown;
  sources?: unknown;
  [key: string]: unknown;
}

function levelOf(value: unknown): Level {
  const name = String(value ?? "info").toLowerCase();
  if (name === "debug" || name === "trace") return "debug";
  if (name.startsWith("warn")) return "warning";
  return ["error", "critical", "fatal", "exception"].includes(name) ? "error" : "info";
}

function sourceOf(logger: string): Source {
  if (logger === "task.stdout") return "stdout";
  if (logger === "task.stderr") return "stderr";
  return logger === "agent" ? "agent" : "log";
}

const kKnown = new Set(["event", "timestamp", "level", "logger", "exception", "sources", "chan"]);

function extras(message: Message): string {
  return Object.entries(message)
    .filter(([key]) => !kKnown.has(key))
    .map(([key, value]) => `  ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("");
}

/** The rows of one record. */
export function readRecord(record: string, offset: number, number: number | null): LogLine[] {
  let message: Message;
  try {
    message = JSON.parse(record) as Message;
  } catch {
    message = { event: record };
  }
  const event = String(message.event ?? "").replace(/^::endgroup::/, "");
  const group = event.startsWith("::group::");
  const logger = typeof message.logger === "string" ? message.logger : "";
  const first = group ? event.slice("::group::".length) : event + extras(message);
  const trace = typeof message.exception === "string" ? `\n${message.exception}` : "";
  return (first + trace).split("\n").map((text, index) => ({
    offset,
    number: index === 0 ? number : null,
    at: typeof message.timestamp === "string" ? message.timestamp : null,
    level: levelOf(message.level),
    source: sourceOf(logger),
    logger,
    text,
    plain: stripAnsi(text),
    follows: index > 0,
    part: index,
    group: group && index === 0,
  }));
}

export interface LogFilter {
  level: Level;
  source: Source | "all";
  /** Only lines with this text. */
  only: string;
}

const kLevels: Level[] = ["debug", "info", "warning", "error"];

export function passes(line: LogLine, filter: LogFilter): boolean {
  if (filter.source !== "all" && line.source !== filter.source) return false;
  if (kLevels.indexOf(line.level) < kLevels.indexOf(filter.level)) return false;
  return !filter.only || line.plain.toLowerCase().includes(filter.only.toLowerCase());
}
