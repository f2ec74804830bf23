// SPDX-License-Identifier: Apache-2.0
import { Fragment, memo, type CSSProperties, type ReactNode } from "react";
import { dateAndTime } from "@/lib/time";
import { ansiParts, hasAnsi, type AnsiPart } from "./ansi";
import type { LogLine } from "./line";
import styles from "./log.module.css";

function css(color: string | null): string | undefined {
  if (!color) return undefined;
  const match = /^ansi-(\d+)$/.exec(color);
  return match ? `var(--ansi-${Number(match[1]) % 8})` : color;
}

function look(part: AnsiPart): CSSProperties {
  return {
    color: css(part.color),
    background: part.background
      ? `color-mix(in oklab, ${css(part.background)} 25%, transparent)`
      : undefined,
    fontWeight: part.bold ? 600 : undefined,
    opacity: part.dim ? 0.7 : undefined,
    fontStyle: part.italic ? "italic" : undefined,
    textDecoration: part.underline ? "underline" : undefined,
  };
}

/** The text with what is searched for marked. */
export function marked(text: string, search: string): ReactNode {
  if (!search) return text;
  const parts: ReactNode[] = [];
  const low = text.toLowerCase();
  const want = search.toLowerCase();
  let at = 0;
  for (let hit = low.indexOf(want); hit >= 0; hit = low.indexOf(want, at)) {
    parts.push(text.slice(at, hit));
    at = hit + want.length;
    parts.push(
      <mark key={hit} className={styles.hit}>
        {text.slice(hit, at)}
      </mark>,
    );
  }
  parts.push(text.slice(at));
  return <Fragment>{parts}</Fragment>;
}

function markOf(line: LogLine): string {
  if (line.follows) return "";
  if (line.source === "stderr") return "stderr";
  if (line.level === "error" || line.level === "warning")
    return line.level === "error" ? "error" : "warn";
  return line.source === "agent" ? "agent" : "";
}

interface Props {
  line: LogLine;
  search: string;
  current: boolean;
  times: boolean;
  wrap: boolean;
  zone: string;
  top: number;
  /** Measures lines of unknown height. */
  measure: ((element: HTMLDivElement | null) => void) | undefined;
  index: number;
}

function time(line: LogLine, zone: string): string {
  if (!line.at || line.follows) return "            ";
  const at = Date.parse(line.at);
  return `${dateAndTime(at, zone).time}.${String(at % 1000).padStart(3, "0")}`;
}

/** One line of a log. */
export const Line = memo(function Line(props: Props) {
  const { line, search, current, times, wrap, zone, top, measure, index } = props;
  return (
    <div
      ref={measure}
      data-index={index}
      className={[
        styles.line,
        wrap ? styles.wrapped : "",
        current ? styles.current : "",
        line.group ? styles.group : "",
      ].join(" ")}
      data-level={line.level}
      data-source={line.source}
      style={{ transform: `translateY(${top}px)` }}
    >
      <span className={styles.number}>{line.number}</span>
      {times && (
        <span className={styles.time} style={{ whiteSpace: "pre" }}>
          {time(line, zone)}
        </span>
      )}
      <span className={styles.mark} title={line.logger}>
        {markOf(line)}
      </span>
      <span className={styles.text}>
        {search || !hasAnsi(line.text)
          ? marked(line.plain, search)
          : ansiParts(line.text).map((part, at) => (
              <span key={at} style={look(part)}>
                {part.text}
              </span>
            ))}
      </span>
    </div>
  );
});
