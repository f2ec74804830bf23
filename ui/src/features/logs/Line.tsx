// SPDX-License-Identifier: Apache-2.0
import { Fragment, memo, type CSSProperties, type ReactNode } from "react";
import { dateAndTime } from "@/lib/time";
import { ansiParts, hasAnsi, type AnsiPart } from "./ansi";
import { count } from "@/lib/text";
import { withSearch } from "@/router/match";
import { Link } from "@/router/router";
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
  /** The match one is at. */
  current: boolean;
  /** The line that the address names. */
  target: boolean;
  times: boolean;
  wrap: boolean;
  zone: string;
  top: number;
  /** Measures lines of unknown height. */
  measure: ((element: HTMLDivElement | null) => void) | undefined;
  index: number;
}

const kShown = 20_000; // characters of a line

/** What is shown of a line, and how much is not. */
function shownOf(text: string): [string, number] {
  return text.length > kShown ? [text.slice(0, kShown), text.length - kShown] : [text, 0];
}

function time(line: LogLine, zone: string): string {
  if (!line.at || line.follows) return "            ";
  const at = Date.parse(line.at);
  return `${dateAndTime(at, zone).time}.${String(at % 1000).padStart(3, "0")}`;
}

/** One line of a log. */
export const Line = memo(function Line(props: Props) {
  const { line, search, current, target, times, wrap, zone, top, measure, index } = props;
  const [text, hidden] = shownOf(search ? line.plain : line.text);
  return (
    <div
      ref={measure}
      data-index={index}
      className={[
        styles.line,
        wrap ? styles.wrapped : "",
        current ? styles.current : "",
        target ? styles.target : "",
        line.group ? styles.group : "",
      ].join(" ")}
      data-level={line.level}
      data-source={line.source}
      style={{ transform: `translateY(${top}px)` }}
    >
      {line.number === null ? (
        <span className={styles.number} />
      ) : (
        <Link
          className={styles.number}
          to={withSearch(window.location.search, { line: line.number, at: null })}
          replace
          tabIndex={-1}
        >
          {line.number}
        </Link>
      )}
      {times && (
        <span className={styles.time} style={{ whiteSpace: "pre" }}>
          {time(line, zone)}
        </span>
      )}
      <span className={styles.mark} title={line.logger}>
        {markOf(line)}
      </span>
      <span className={styles.text}>
        {search || !hasAnsi(text)
          ? marked(text, search)
          : ansiParts(text).map((part, at) => (
              <span key={at} style={look(part)}>
                {part.text}
              </span>
            ))}
        {hidden > 0 && (
          <span className={styles.number}>… {count(hidden, "more character")} in the download</span>
        )}
      </span>
    </div>
  );
});
