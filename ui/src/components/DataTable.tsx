// SPDX-License-Identifier: Apache-2.0
import { useMediaQuery } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { navigate } from "@/router/router";
import styles from "./table.module.css";

export interface Column<T> {
  key: string;
  title: ReactNode;
  /** A track of grid-template-columns: "2fr", "90px". */
  width: string;
  /** Another track at phone width. */
  phoneWidth?: string;
  cell: (row: T) => ReactNode;
  end?: boolean;
  /** Left away at phone width. */
  wideOnly?: boolean;
  /** The name the server sorts by; makes the head a button. */
  sort?: string;
}

interface Props<T> {
  label: string;
  columns: Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string;
  /** Where a click on the row goes; the row's own links and buttons stay what they are. */
  rowLink?: (row: T) => string;
  onRow?: (row: T) => void;
  selected?: (row: T) => boolean;
  rowHeight?: number;
  /** `name` or `-name`. */
  order?: string;
  onOrder?: (order: string) => void;
  /** Called when the last rows come into sight. */
  onEnd?: () => void;
}

function isControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a,button,input,label,[role=switch]") !== null;
}

/** Where the list starts inside the scrolled area; measured again with every `pass`. */
function useMargin(list: React.RefObject<HTMLDivElement | null>, pass: unknown): number {
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    const main = document.getElementById("main");
    if (!list.current || !main) return;
    const top =
      list.current.getBoundingClientRect().top - main.getBoundingClientRect().top + main.scrollTop;
    setMargin((before) => (Math.abs(before - top) > 1 ? top : before));
  }, [list, pass]);
  return margin;
}

function nextOrder(name: string, order: string | undefined): string {
  return order === name ? `-${name}` : name;
}

interface LineProps<T> {
  row: T;
  index: number;
  top: number;
  height: number;
  columns: readonly Column<T>[];
  tracks: string;
  link: string | undefined;
  onRow: ((row: T) => void) | undefined;
  selected: boolean;
}

function LineView<T>(props: LineProps<T>) {
  const { row, index, top, height, columns, tracks, link, onRow, selected } = props;
  const open = link ? () => navigate(link) : onRow ? () => onRow(row) : undefined;
  return (
    <div
      role="row"
      aria-rowindex={index + 1}
      className={[styles.line, open ? styles.click : "", selected ? styles.selected : ""].join(" ")}
      style={{ gridTemplateColumns: tracks, top, height }}
      onClick={(event) => {
        if (open && !isControl(event.target)) open();
      }}
    >
      {columns.map((column) => (
        <div
          key={column.key}
          role="cell"
          className={`${styles.cell} ${column.end ? styles.end : ""}`}
        >
          {column.cell(row)}
        </div>
      ))}
    </div>
  );
}

/** A row; scrolling past others does not touch it. */
const Line = memo(LineView) as typeof LineView;

/** A dense table that stays quick with any number of rows: only those in sight exist. */
export function DataTable<T>(props: Props<T>) {
  const { columns, rows, rowKey, rowLink, onRow, rowHeight = 36, onEnd } = props;
  const phone = useMediaQuery("(max-width: 720px)") ?? false;
  const list = useRef<HTMLDivElement>(null);
  const scrollMargin = useMargin(list, rows);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => document.getElementById("main"),
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollMargin,
  });
  const shown = useMemo(
    () => (phone ? columns.filter((column) => !column.wideOnly) : columns),
    [columns, phone],
  );
  const tracks = shown.map((each) => (phone && each.phoneWidth) || each.width).join(" ");
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (onEnd && rows.length > 0 && last >= rows.length - 15) onEnd();
  }, [last, rows.length, onEnd]);

  return (
    <div className={styles.table} role="table" aria-label={props.label} aria-rowcount={rows.length}>
      <div className={styles.head} role="row" style={{ gridTemplateColumns: tracks }}>
        {shown.map((column) => (
          <Head key={column.key} column={column} order={props.order} onOrder={props.onOrder} />
        ))}
      </div>
      <div
        role="rowgroup"
        ref={list}
        className={styles.lines}
        style={{ height: virtual.getTotalSize() }}
      >
        {items.map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          return (
            <Line
              key={rowKey(row)}
              row={row}
              index={item.index}
              top={item.start - scrollMargin}
              height={rowHeight}
              columns={shown}
              tracks={tracks}
              link={rowLink?.(row)}
              onRow={onRow}
              selected={props.selected?.(row) ?? false}
            />
          );
        })}
      </div>
    </div>
  );
}

interface HeadProps<T> {
  column: Column<T>;
  order: string | undefined;
  onOrder: ((order: string) => void) | undefined;
}

function Head<T>({ column, order, onOrder }: HeadProps<T>) {
  const { sort } = column;
  const down = order === `-${sort}`;
  const active = sort !== undefined && (order === sort || down);
  return (
    <div
      role="columnheader"
      className={`${styles.headCell} ${column.end ? styles.end : ""}`}
      {...(active ? { "aria-sort": down ? "descending" : "ascending" } : {})}
    >
      {sort && onOrder ? (
        <button
          type="button"
          className={styles.sort}
          onClick={() => onOrder(nextOrder(sort, order))}
        >
          {column.title}
          {active && <span className={styles.arrow}>{down ? "▼" : "▲"}</span>}
        </button>
      ) : (
        column.title
      )}
    </div>
  );
}
