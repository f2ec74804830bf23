// SPDX-License-Identifier: Apache-2.0
import { stripAnsi } from "./ansi";

export type Level = "debug" | "info" | "warning" | "error";
export type Source = "stdout" | "stderr" | "log" | "agent";

/** One row of the log. */
export interface LogLine {
  /** From 1, over the whole log. */
  number: number;
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

const kHidden = /^::(endgroup::|group::Log message source details)/;

/** The rows of one record; `number` is that of the first. */
export function readRecord(record: string, number: number): LogLine[] {
  let message: Message;
  try {
    message = JSON.parse(record) as Message;
  } catch {
    message = { event: record };
  }
  const event = String(message.event ?? "");
  if (kHidden.test(event)) return [];
  const group = event.startsWith("::group::");
  const logger = typeof message.logger === "string" ? message.logger : "";
  const first = group ? event.slice("::group::".length) : event + extras(message);
  const trace = typeof message.exception === "string" ? `\n${message.exception}` : "";
  return (first + trace).split("\n").map((text, index) => ({
    number: number + index,
    at: typeof message.timestamp === "string" ? message.timestamp : null,
    level: levelOf(message.level),
    source: sourceOf(logger),
    logger,
    text,
    plain: stripAnsi(text),
    follows: index > 0,
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
