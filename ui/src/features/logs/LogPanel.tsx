// SPDX-License-Identifier: Apache-2.0
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef, useState, type UIEvent } from "react";
import type { TaskRef } from "@/api/types";
import { useZone } from "@/app/ZoneProvider";
import { Panel } from "@/components/Page";
import { Failure } from "@/components/States";
import { useToasts } from "@/components/toast";
import { useStored } from "@/lib/stored";
import { count } from "@/lib/text";
import { useLive } from "@/live/LiveProvider";
import { useSearch } from "@/router/router";
import { useShortcuts } from "@/shell/shortcuts";
import { downloadLog } from "./download";
import { Line } from "./Line";
import { passes, type Level, type LogLine, type Source } from "./line";
import styles from "./log.module.css";
import { LogTools, type LogOptions } from "./LogTools";
import { logUrl, useLog } from "./useLog";

const kLine = 20;
const kNearEnd = 40; // pixels from the end that still count as being there

interface Props {
  task: TaskRef;
  tryNumber: number;
  /** Whether more may come. */
  open: boolean;
}

/** Search and filters are in the address; how lines look is remembered by the browser. */
function useLogOptions(open: boolean): [LogOptions, (patch: Partial<LogOptions>) => void] {
  const { params, set: setParams } = useSearch();
  const [wrap, setWrap] = useStored<"yes" | "no">("log.wrap", "no");
  const [times, setTimes] = useStored<"yes" | "no">("log.times", "yes");
  const [follow, setFollow] = useState(open);
  const options: LogOptions = {
    search: params.get("find") ?? "",
    onlyMatching: params.has("only"),
    level: (params.get("level") ?? "debug") as Level,
    source: (params.get("source") ?? "all") as Source | "all",
    wrap: wrap === "yes",
    times: times === "yes",
    follow,
  };
  const set = (patch: Partial<LogOptions>) => {
    if (patch.wrap !== undefined) setWrap(patch.wrap ? "yes" : "no");
    if (patch.times !== undefined) setTimes(patch.times ? "yes" : "no");
    if (patch.follow !== undefined) setFollow(patch.follow);
    const address: Record<string, string | null> = {};
    if (patch.search !== undefined) address["find"] = patch.search || null;
    if (patch.onlyMatching !== undefined) address["only"] = patch.onlyMatching ? "1" : null;
    if (patch.level) address["level"] = patch.level === "debug" ? null : patch.level;
    if (patch.source) address["source"] = patch.source === "all" ? null : patch.source;
    if (Object.keys(address).length > 0) setParams(address);
  };
  return [options, set];
}

function hitsIn(lines: readonly LogLine[], search: string): number[] {
  if (!search) return [];
  const want = search.toLowerCase();
  return lines.flatMap((line, index) => (line.plain.toLowerCase().includes(want) ? [index] : []));
}

/** The log of one try: live, searchable, of any size. */
export function LogPanel({ task, tryNumber, open }: Props) {
  const [again, setAgain] = useState(0);
  const { view, source } = useLog(task, tryNumber, again);
  const [options, set] = useLogOptions(open);
  const [hit, setHit] = useState(0);
  const { zone } = useZone();
  const { fail } = useToasts();
  const area = useRef<HTMLDivElement>(null);
  const top = useRef(0);
  const { search, onlyMatching, level, source: from, wrap, follow } = options;

  // A stream that broke is opened again as soon as the server is back.
  const { status } = useLive();
  const live = status.state === "live";
  const broken = useRef(false);
  useEffect(() => {
    broken.current = view.state === "failed";
  }, [view.state]);
  useEffect(() => {
    if (live && broken.current) setAgain((before) => before + 1);
  }, [live]);

  const lines = useMemo(() => {
    const only = onlyMatching ? search : "";
    if (!only && level === "debug" && from === "all") return view.lines;
    return view.lines.filter((line) => passes(line, { level, source: from, only }));
  }, [view.lines, onlyMatching, search, level, from]);
  const hits = useMemo(() => hitsIn(lines, search), [lines, search]);

  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => area.current,
    estimateSize: () => kLine,
    overscan: 30,
  });
  const items = virtual.getVirtualItems();
  const last = lines[items.at(-1)?.index ?? 0]?.number ?? 0;

  useEffect(() => {
    if (follow || search || level !== "debug" || from !== "all") source?.wantAll();
    else source?.want(last);
  }, [source, follow, search, level, from, last]);

  useEffect(() => {
    if (follow && area.current) area.current.scrollTop = area.current.scrollHeight;
  }, [follow, lines, wrap]);

  const onScroll = useCallback(
    (event: UIEvent<HTMLDivElement>) => {
      const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
      // Only who scrolls back wants to stay there: new lines move the end away as well.
      const back = scrollTop < top.current;
      top.current = scrollTop;
      if (follow && back && scrollHeight - scrollTop - clientHeight > kNearEnd)
        set({ follow: false });
    },
    // `set` is new each time but always does the same.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [follow],
  );

  // What is searched for comes into sight with its first match.
  const first = hits[0];
  useEffect(() => {
    setHit(0);
    if (search && first !== undefined) virtual.scrollToIndex(first, { align: "center" });
    // The list scrolls by itself otherwise: only another search or another first match counts.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [search, first]);

  function move(step: number) {
    if (hits.length === 0) return;
    const next = (hit + step + hits.length) % hits.length;
    setHit(next);
    set({ follow: false });
    virtual.scrollToIndex(hits[next] ?? 0, { align: "center" });
  }

  useShortcuts({
    f: () => set({ follow: !follow }),
    w: () => set({ wrap: !wrap }),
    n: () => move(1),
    N: () => move(-1),
  });

  const name = `${task.dagId}.${task.taskId}.try${tryNumber}.log`;
  return (
    <Panel flush>
      <div className={styles.frame}>
        <LogTools
          options={options}
          set={set}
          hits={hits.length}
          hit={Math.min(hit, Math.max(0, hits.length - 1))}
          move={move}
          download={() =>
            void downloadLog(logUrl(task, tryNumber, false), name).catch((error: unknown) => {
              if (!(error instanceof DOMException && error.name === "AbortError")) fail(error);
            })
          }
        />
        <div
          ref={area}
          className={styles.area}
          onScroll={onScroll}
          role="log"
          aria-label={`Log of try ${tryNumber}`}
          aria-live="off"
          tabIndex={0}
        >
          {view.error && lines.length === 0 ? (
            <Failure error={view.error} retry={() => setAgain(again + 1)} />
          ) : lines.length === 0 ? (
            <div className={styles.empty}>{emptyText(view.state, view.lines.length > 0)}</div>
          ) : (
            <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
              {items.map((item) => {
                const line = lines[item.index];
                return (
                  line && (
                    <Line
                      key={line.number}
                      index={item.index}
                      line={line}
                      search={search}
                      current={item.index === hits[hit]}
                      times={options.times}
                      wrap={wrap}
                      zone={zone}
                      top={item.start}
                      measure={wrap ? virtual.measureElement : undefined}
                    />
                  )
                );
              })}
            </div>
          )}
        </div>
        <div className={styles.foot}>
          <span className="num">
            {count(view.dropped + view.lines.length, "line")}
            {lines.length < view.lines.length && `, ${lines.length.toLocaleString("en")} shown`}
          </span>
          {view.dropped > 0 && (
            <span>
              The first {view.dropped.toLocaleString("en")} were let go: download has them all.
            </span>
          )}
          <span style={{ marginLeft: "auto" }}>{stateText(view.state, open)}</span>
        </div>
      </div>
    </Panel>
  );
}

function emptyText(state: string, filtered: boolean): string {
  if (filtered) return "No line passes the filters.";
  return state === "ended" ? "This try has printed nothing." : "Waiting for the first line…";
}

function stateText(state: string, open: boolean): string {
  if (state === "held") return "More below: scroll, or press f for the end";
  if (state === "failed") return "The stream broke";
  if (state === "ended") return "End of log";
  return open ? "Live" : "Reading…";
}
