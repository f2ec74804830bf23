// SPDX-License-Identifier: Apache-2.0
import { useVirtualizer } from "@tanstack/react-virtual";
import {
  useEffect,
  useId,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  type KeyboardEvent,
  type Ref,
  type UIEvent,
} from "react";
import type { LogDocument, LogView } from "./document";
import { Line } from "./Line";
import type { LogLine } from "./line";
import { Rail } from "./Rail";
import styles from "./log.module.css";

const kLine = 20;
const kNear = 150; // lines from either end of what is held at which more is loaded
const kNearEnd = 40; // pixels from the end that still count as being there

export interface RowsHandle {
  /** Brings the record at a byte into sight, loading it where needed. */
  show: (offset: number) => void;
  /** The byte of the first line in sight. */
  top: () => number;
}

interface Props {
  ref: Ref<RowsHandle>;
  log: LogDocument | null;
  view: LogView;
  label: string;
  search: string;
  hits: readonly number[];
  current: number | null;
  isTarget: (line: LogLine) => boolean;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  times: boolean;
  wrap: boolean;
  zone: string;
  /** Instead of lines while there are none. */
  empty: React.ReactNode;
}

const keyOf = (line: LogLine | undefined) => (line ? `${line.offset}:${line.part}` : "");

/** The lines in sight. What is added or let go above them does not move them. */
export function LogRows(props: Props) {
  const { log, view, follow, wrap } = props;
  const { lines } = view;
  const id = useId();
  const area = useRef<HTMLDivElement>(null);
  const anchor = useRef({ key: "", index: 0, into: 0 });
  const opened = useRef(0);
  const before = useRef(0);

  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => area.current,
    getItemKey: (index) => keyOf(lines[index]),
    estimateSize: () => kLine,
    overscan: 30,
  });
  const items = virtual.getVirtualItems();
  const scrolled = virtual.scrollOffset ?? 0;
  const seen = items.find((item) => item.end > scrolled) ?? items[0];
  const low = scrolled + (area.current?.clientHeight ?? 0);
  const unseen = items.find((item) => item.end > low) ?? items.at(-1);
  const top = lines[seen?.index ?? 0]?.offset ?? 0;
  const bottom = unseen?.index === lines.length - 1 ? view.to : lines[unseen?.index ?? 0]?.offset;

  useLayoutEffect(() => {
    const element = area.current;
    if (!element || lines.length === 0) return;
    if (opened.current !== view.opened) {
      opened.current = view.opened;
      if (view.aim === "end") element.scrollTop = element.scrollHeight;
      else if (view.aim === 0) element.scrollTop = 0;
      else showOffset(view.aim);
      return;
    }
    if (follow && view.atEnd) {
      element.scrollTop = element.scrollHeight;
      return;
    }
    const { key, index, into } = anchor.current;
    if (!key || keyOf(lines[index]) === key) return;
    const now = lines.findIndex((line) => keyOf(line) === key);
    const start = virtual.measurementsCache[now]?.start;
    if (start !== undefined) element.scrollTop = start + into;
    // What is in sight stays where it is when lines come or go; nothing else scrolls.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [lines, view.opened, follow, wrap]);

  useLayoutEffect(() => {
    if (seen)
      anchor.current = {
        key: keyOf(lines[seen.index]),
        index: seen.index,
        into: scrolled - seen.start,
      };
  });

  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (!log || lines.length === 0) return;
    if (last >= lines.length - kNear) void log.later();
    if (first <= kNear) void log.earlier();
  }, [log, lines, first, last, view.loading]);

  function showOffset(offset: number) {
    const index = lines.findIndex((line) => line.offset >= offset);
    const record = lines[index]?.offset;
    const want = props.search.toLowerCase();
    const exact = lines.findIndex(
      (line, at) =>
        at >= index && line.offset === record && line.plain.toLowerCase().includes(want),
    );
    if (index >= 0) virtual.scrollToIndex(exact >= 0 ? exact : index, { align: "center" });
  }

  useImperativeHandle(props.ref, () => ({
    show: (offset) => {
      if (offset >= view.from && offset < view.to) showOffset(offset);
      else void log?.open({ offset });
    },
    top: () => lines[anchor.current.index]?.offset ?? 0,
  }));

  const onScroll = ({ currentTarget }: UIEvent<HTMLDivElement>) => {
    const { scrollTop, clientHeight, scrollHeight } = currentTarget;
    // Only who scrolls back wants to stay there: new lines move the end away as well.
    const back = scrollTop < before.current;
    before.current = scrollTop;
    if (follow && back && scrollHeight - scrollTop - clientHeight > kNearEnd) props.onFollow(false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Home" && !view.atStart) void log?.open("start");
    else if (event.key === "End" && !view.atEnd) void log?.open("end");
    else return;
    event.preventDefault();
  };

  const whole = view.atStart && view.atEnd;
  return (
    <div className={styles.body}>
      <div
        ref={area}
        id={id}
        className={`${styles.area} ${whole ? "" : styles.railed}`}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
        role="log"
        aria-label={props.label}
        aria-live="off"
        aria-busy={view.loading === "open"}
        tabIndex={0}
      >
        {lines.length === 0 ? (
          props.empty
        ) : (
          <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
            {items.map((item) => {
              const line = lines[item.index];
              return (
                line && (
                  <Line
                    key={item.key}
                    index={item.index}
                    line={line}
                    search={props.search}
                    current={line.offset === props.current}
                    target={props.isTarget(line)}
                    times={props.times}
                    wrap={wrap}
                    zone={props.zone}
                    top={item.start}
                    measure={wrap ? virtual.measureElement : undefined}
                  />
                )
              );
            })}
          </div>
        )}
      </div>
      {!whole && lines.length > 0 && (
        <Rail
          size={view.size}
          top={top}
          bottom={bottom ?? top}
          hits={props.hits}
          controls={id}
          onSeek={(offset) => {
            props.onFollow(false);
            void log?.open({ offset });
          }}
        />
      )}
    </div>
  );
}
