// SPDX-License-Identifier: Apache-2.0
import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useMemo, useRef, useState } from "react";
import type { TaskRef } from "@/api/types";
import { useZone } from "@/app/ZoneProvider";
import { Panel } from "@/components/Page";
import { Failure } from "@/components/States";
import { useToasts } from "@/components/toast";
import { useStored } from "@/lib/stored";
import { bytes, count } from "@/lib/text";
import { useSearch } from "@/router/router";
import { useShortcuts } from "@/shell/shortcuts";
import type { LogView, Target } from "./document";
import { downloadLog } from "./download";
import { GoToLine } from "./GoToLine";
import { hitText } from "./hits";
import type { Level, LogFilter, LogLine, Source } from "./line";
import styles from "./log.module.css";
import { LogRows, type RowsHandle } from "./LogRows";
import { LogTools, type LogOptions } from "./LogTools";
import { textUrl, type LogPlace } from "./place";
import { useHits, useLog } from "./useLog";

const kTyping = 200; // ms without a key before it is searched

interface Props {
  task: TaskRef;
  tryNumber: number;
  /** Whether more may come. */
  open: boolean;
}

/** Search, filters and line are in the address; how lines look is remembered by the browser. */
function useLogOptions(open: boolean): [LogOptions, (patch: Partial<LogOptions>) => void] {
  const { params, set: setParams } = useSearch();
  const [wrap, setWrap] = useStored<"yes" | "no">("log.wrap", "no");
  const [times, setTimes] = useStored<"yes" | "no">("log.times", "yes");
  const [follow, setFollow] = useState(open && !params.has("line") && !params.has("at"));
  const options: LogOptions = {
    search: params.get("find") ?? "",
    onlyMatching: params.has("only"),
    level: (params.get("level") ?? "debug") as Level,
    source: (params.get("source") ?? "all") as Source | "all",
    line: Number(params.get("line")) || null,
    at: params.has("at") ? Number(params.get("at")) : null,
    wrap: wrap === "yes",
    times: times === "yes",
    follow,
  };
  const set = (patch: Partial<LogOptions>) => {
    if (patch.wrap !== undefined) setWrap(patch.wrap ? "yes" : "no");
    if (patch.times !== undefined) setTimes(patch.times ? "yes" : "no");
    if (patch.follow !== undefined) setFollow(patch.follow);
    const address: Record<string, string | null> = {};
    // Who searches leaves the line that the address names.
    if (patch.search !== undefined)
      Object.assign(address, { find: patch.search || null, line: null, at: null });
    if (patch.onlyMatching !== undefined) address["only"] = patch.onlyMatching ? "1" : null;
    if (patch.level) address["level"] = patch.level === "debug" ? null : patch.level;
    if (patch.source) address["source"] = patch.source === "all" ? null : patch.source;
    if (patch.line !== undefined) {
      address["line"] = patch.line === null ? null : String(patch.line);
      address["at"] = null;
    }
    if (Object.keys(address).length > 0) setParams(address);
  };
  return [options, set];
}

/** The log of one try: live, searchable, of any size. */
export function LogPanel({ task, tryNumber, open }: Props) {
  const [options, set] = useLogOptions(open);
  const { line, at, wrap, follow, level, source } = options;
  const { zone } = useZone();
  const { fail } = useToasts();
  const rows = useRef<RowsHandle>(null);
  const [current, setCurrent] = useState<number | null>(null);

  const place = useMemo<LogPlace>(() => ({ task, tryNumber }), [task, tryNumber]);
  const [typed] = useDebouncedValue(options.search, kTyping);
  const search = options.search && typed;
  const finding: LogFilter = { level, source, only: search };
  const shown: LogFilter = { level, source, only: options.onlyMatching ? search : "" };
  const target = (): Target => {
    if (follow) return "end";
    if (line !== null) return { line };
    if (at !== null) return { offset: at };
    const top = rows.current?.top() ?? 0;
    return top > 0 ? { offset: top } : "start";
  };
  const { log, view } = useLog(place, shown, target);
  const { hits, found } = useHits(place, finding, () => (follow ? 0 : (rows.current?.top() ?? 0)));

  useEffect(() => log?.pin(follow), [log, follow]);
  useEffect(() => {
    if (follow && log && !log.read().atEnd && log.read().loading !== "open") void log.open("end");
  }, [log, follow]);

  // Another line in the address is gone to; the first one is where the log was opened.
  const gone = useRef(line);
  useEffect(() => {
    if (line !== null && line !== gone.current) void log?.open({ line });
    gone.current = line;
  }, [log, line]);

  // What is searched for comes into sight with its first match.
  const first = found.offsets[0];
  const named = line !== null || at !== null;
  useEffect(() => setCurrent(null), [search, level, source]);
  useEffect(() => {
    if (first === undefined || current !== null || named) return;
    setCurrent(first);
    if (!follow) rows.current?.show(first);
    // Once for each search: one scrolls by oneself from then on.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [hits, first]);
  useEffect(() => {
    const fresh = search ? view.lines.filter((each) => has(each, search)) : [];
    hits?.add([...new Set(fresh.map((each) => each.offset))]);
  }, [hits, search, view.lines]);

  async function move(step: number) {
    const next = await hits?.next(current ?? rows.current?.top() ?? 0, step < 0);
    if (next === undefined || next === null) return;
    setCurrent(next);
    set({ follow: false });
    rows.current?.show(next);
  }

  useShortcuts({
    f: () => set({ follow: !follow }),
    w: () => set({ wrap: !wrap }),
    n: () => void move(1),
    N: () => void move(-1),
  });

  const name = `${task.dagId}.${task.taskId}.try${tryNumber}.log`;
  return (
    <Panel flush>
      <div className={styles.frame}>
        <LogTools
          options={options}
          set={set}
          found={search ? hitText(found, current) : ""}
          any={found.offsets.length > 0}
          move={(step) => void move(step)}
          download={() =>
            void downloadLog(textUrl(place), name).catch((error: unknown) => {
              if (!(error instanceof DOMException && error.name === "AbortError")) fail(error);
            })
          }
        />
        <LogRows
          ref={rows}
          log={log}
          view={view}
          label={`Log of try ${tryNumber}`}
          search={search}
          hits={found.offsets}
          current={search ? current : null}
          isTarget={(each) => (line !== null ? each.number === line : each.offset === at)}
          follow={follow}
          onFollow={(on) => set({ follow: on })}
          times={options.times}
          wrap={wrap}
          zone={zone}
          empty={
            view.error ? (
              <Failure error={view.error} retry={() => void log?.open(target())} />
            ) : (
              <div className={styles.empty}>{emptyText(view, shown)}</div>
            )
          }
        />
        <div className={styles.foot}>
          <span className="num">{sizeText(view, shown)}</span>
          <GoToLine onGo={(to) => set({ line: to, follow: false })} />
          <span style={{ marginLeft: "auto" }}>{stateText(view, open)}</span>
        </div>
      </div>
    </Panel>
  );
}

function has(line: LogLine, search: string): boolean {
  return line.plain.toLowerCase().includes(search.toLowerCase());
}

const isFiltered = ({ level, source, only }: LogFilter) =>
  only !== "" || level !== "debug" || source !== "all";

function sizeText(view: LogView, filter: LogFilter): string {
  const whole = view.atStart && view.atEnd;
  if (isFiltered(filter))
    return `${count(view.lines.length, "line")}${whole ? "" : "+"} of ${bytes(view.size)}`;
  return whole ? count(view.lines.length, "line") : bytes(view.size);
}

function emptyText(view: LogView, filter: LogFilter): string {
  if (view.loading === "open") return "Reading…";
  if (isFiltered(filter)) return "No line passes the filters.";
  return view.complete ? "This try has printed nothing." : "Waiting for the first line…";
}

function stateText(view: LogView, open: boolean): string {
  if (view.error) return "The log broke off";
  if (!view.atEnd) return view.loading ? "Reading…" : "More below: scroll, or press f for the end";
  if (view.complete) return "End of log";
  return open ? "Live" : "Waiting for the last lines…";
}
