// SPDX-License-Identifier: Apache-2.0
import { useElementSize } from "@mantine/hooks";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { memo, useMemo, useRef } from "react";
import type { Cells } from "@/api/cells";
import type { DagRun, GridCell } from "@/api/types";
import { hasAll, type ChosenCells } from "@/lib/chosen";
import type { Row } from "@/lib/graph";
import { countsText } from "@/lib/mapped";
import { countsOf, stateLabel, stateName } from "@/lib/states";
import { elapsed, relative, span } from "@/lib/time";
import { links } from "@/router/links";
import { followLink, Link } from "@/router/router";
import styles from "./grid.module.css";
import { onGridKey, onGridPress, tellOnHover } from "./gridKeys";
import type { ChosenCellsOf } from "./useChosenCells";
import { kCell, kGap, kHead, kRow, useRightEnd, useSight } from "./useSight";
import { cellOf, cellSeconds, useCells } from "./useGrid";

const kBarMax = 50;

interface Props {
  /** Oldest first: the newest is at the right, where one looks first. */
  runs: readonly DagRun[];
  rows: readonly Row[];
  taskCount: number;
  folded: ReadonlySet<string>;
  onFold: (group: string) => void;
  /** Null for who may only look. */
  chosen: ChosenCellsOf | null;
}

/** A run in sight. */
interface Column {
  run: DagRun;
  index: number;
  left: number;
  cells: Cells | undefined;
}

function length(run: DagRun, now: number): number {
  return run.duration ?? elapsed(run.start_date, run.end_date, now) ?? 0;
}

/** Only what is in sight exists. */
export function Grid({ runs, rows, taskCount, folded, onFold, chosen }: Props) {
  const area = useRef<HTMLDivElement>(null);
  const { ref: sizeRef, width } = useElementSize();
  const names = width > 0 && width < 560 ? 132 : 240;
  useRightEnd(area, runs.length);
  const sight = useSight(area, names);
  const [first, end] = sight.columns;
  const inSight = useMemo(() => runs.slice(first, end), [runs, first, end]);
  const cells = useCells(inSight, taskCount);
  const shown = useMemo(
    () =>
      inSight.map((run, index): Column => ({
        run,
        index: first + index,
        left: names + kGap + (first + index) * kCell,
        cells: cells[index],
      })),
    [inSight, first, names, cells],
  );
  const now = Date.now();
  const longest = Math.max(0.001, ...runs.map((run) => length(run, now)));
  return (
    <div ref={sizeRef}>
      <div
        ref={area}
        className={styles.area}
        style={{ "--names": `${names}px` } as React.CSSProperties}
        data-choosing={chosen?.active || undefined}
        onKeyDown={(event) => onGridKey(event, chosen)}
        onClickCapture={(event) => onGridPress(event, chosen)}
        onClick={followLink}
        onPointerOver={tellOnHover}
        role="grid"
        tabIndex={0}
        aria-multiselectable={chosen ? true : undefined}
        aria-label="Runs by tasks: move with the arrow keys"
        aria-rowcount={rows.length + 1}
        aria-colcount={runs.length + 1}
      >
        <div
          className={styles.canvas}
          style={{
            width: names + 3 * kGap + runs.length * kCell,
            minWidth: "100%",
            height: kHead + rows.length * kRow + kGap,
          }}
        >
          <div className={styles.head} role="row">
            <div className={styles.corner} role="columnheader">
              <span>Task</span>
              <span className={styles.scale} aria-hidden>
                <span>{span(longest)}</span>
                <span>0</span>
              </span>
            </div>
            {shown.map(({ run, index, left }) => (
              <RunHead key={run.dag_run_id} {...{ run, index, left, now, longest }} />
            ))}
          </div>
          {rows.slice(...sight.rows).map((row, offset) => {
            const index = sight.rows[0] + offset;
            return (
              <Line
                key={row.id}
                row={row}
                index={index}
                top={kHead + index * kRow}
                skip={kGap + first * kCell}
                columns={shown}
                folded={folded.has(row.id)}
                onFold={onFold}
                chosen={chosen?.chosen}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

interface LineProps {
  row: Row;
  index: number;
  top: number;
  /** Pixels from the name to the first column. */
  skip: number;
  columns: readonly Column[];
  folded: boolean;
  onFold: (group: string) => void;
  /** Undefined where nothing can be chosen. */
  chosen: ChosenCells | undefined;
}

/** A row of the grid; scrolling past others does not touch it. */
const Line = memo(function Line(props: LineProps) {
  const { row, index, top, skip, columns, folded, onFold, chosen } = props;
  return (
    <div className={styles.line} style={{ top }} role="row">
      <Name row={row} index={index} folded={folded} onFold={onFold} />
      <span style={{ width: skip }} />
      {columns.map(({ run, index: column, cells }) => {
        const cell = cellOf(row, cells);
        return cell ? (
          <CellView
            key={run.dag_run_id}
            at={`${index},${column}`}
            name={row.id}
            run={run}
            cell={cell}
            chosen={chosen && hasAll(chosen, [run.dag_run_id], row.tasks)}
          />
        ) : (
          <span key={run.dag_run_id} className={styles.nothing} />
        );
      })}
    </div>
  );
});

interface HeadProps {
  run: DagRun;
  index: number;
  left: number;
  now: number;
  longest: number;
}

function RunHead({ run, index, left, now, longest }: HeadProps) {
  const seconds = length(run, now);
  const label = `${stateLabel(run.state)}, ${span(seconds)}, ${relative(Date.parse(run.run_after), now)}\n${run.dag_run_id}`;
  return (
    <Link
      to={links.run({ dagId: run.dag_id, runId: run.dag_run_id })}
      className={styles.run}
      style={{ left }}
      data-state={stateName(run.state)}
      data-at={`-1,${index}`}
      title={label}
      aria-label={label}
      role="columnheader"
    >
      <span className={styles.bar} style={{ height: Math.max(4, (seconds / longest) * kBarMax) }} />
    </Link>
  );
}

interface NameProps {
  row: Row;
  index: number;
  folded: boolean;
  onFold: (group: string) => void;
}

function Name({ row, index, folded, onFold }: NameProps) {
  const style = { paddingLeft: 16 + row.depth * 14 };
  return (
    <div
      className={styles.name}
      style={style}
      role="rowheader"
      tabIndex={-1}
      data-at={`${index},-1`}
      title={row.id}
    >
      {row.isGroup ? (
        <button
          type="button"
          className={styles.fold}
          aria-expanded={!folded}
          onClick={() => onFold(row.id)}
        >
          {folded ? <IconChevronRight size={14} /> : <IconChevronDown size={14} />}
          <span className="cut">{row.label}</span>
          <span className="faint">{row.tasks.length}</span>
        </button>
      ) : (
        <span className="cut">{row.label}</span>
      )}
    </div>
  );
}

interface CellProps {
  at: string;
  /** Of the row. */
  name: string;
  run: DagRun;
  cell: GridCell;
  /** Undefined where nothing can be chosen. */
  chosen: boolean | undefined;
}

/** To the instance, or to the list of all where there are several. */
function cellLink({ dag_id: dagId, dag_run_id: runId }: DagRun, cell: GridCell): string {
  const { task_id: taskId, map_index: mapIndex, count } = cell;
  return count > 1
    ? links.instances({ dagId, runId }, taskId)
    : links.task({ dagId, runId, taskId, mapIndex });
}

/** ", 40 instances: 2 failed, 38 success"; nothing of a single one. */
function copiesText({ count, states }: GridCell): string {
  return count > 1 ? `, ${count} instances: ${countsText(countsOf(states))}` : "";
}

// There are thousands: a plain link, without a handler or a tooltip of its own, that takes its place
// by flowing there. A positioned one would be a layer of its own to each step of painting.
const CellView = memo(function CellView({ at, name, run, cell, chosen }: CellProps) {
  const seconds = cellSeconds(cell);
  const took = seconds === null ? "" : `, ${span(seconds)}`;
  const manyTries = cell.try_number > 1;
  const tries = manyTries ? `, try ${cell.try_number}` : "";
  const why = cell.state_reason ? `\n${cell.state_reason}` : "";
  const label = `${name}: ${stateLabel(cell.state)}${took}${tries}${copiesText(cell)}${why}`;
  return (
    <a
      role="gridcell"
      tabIndex={-1}
      href={cellLink(run, cell)}
      className={styles.cell}
      data-state={stateName(cell.state)}
      data-tries={manyTries ? "many" : undefined}
      data-many={cell.count > 1 || undefined}
      data-at={at}
      aria-label={label}
      aria-selected={chosen}
    />
  );
});
