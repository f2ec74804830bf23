// SPDX-License-Identifier: Apache-2.0
import { useElementSize } from "@mantine/hooks";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useRef } from "react";
import type { DagRun, TaskInstance } from "@/api/types";
import type { Row } from "@/lib/graph";
import { stateLabel, stateName } from "@/lib/states";
import { elapsed, relative, span } from "@/lib/time";
import { links } from "@/router/links";
import { Link } from "@/router/router";
import styles from "./grid.module.css";
import { onGridKey, onGridPress } from "./gridKeys";
import type { ChosenCellsOf } from "./useChosenCells";
import { cellOf, useCells } from "./useGrid";

const kCell = 22;
const kRow = 26;
const kHead = 76;
const kBarMax = 50;

interface Props {
  /** Oldest first: the newest is at the right, where one looks first. */
  runs: readonly DagRun[];
  rows: readonly Row[];
  folded: ReadonlySet<string>;
  onFold: (group: string) => void;
  /** Null for who may only look. */
  chosen: ChosenCellsOf | null;
}

function length(run: DagRun, now: number): number {
  return run.duration ?? elapsed(run.start_date, run.end_date, now) ?? 0;
}

/** Only what is in sight exists. */
export function Grid({ runs, rows, folded, onFold, chosen }: Props) {
  const area = useRef<HTMLDivElement>(null);
  const { ref: sizeRef, width } = useElementSize();
  const names = width > 0 && width < 560 ? 132 : 240;
  const columns = useVirtualizer({
    horizontal: true,
    count: runs.length,
    getScrollElement: () => area.current,
    estimateSize: () => kCell,
    overscan: 6,
    initialOffset: runs.length * kCell,
  });
  const lines = useVirtualizer({
    count: rows.length,
    getScrollElement: () => area.current,
    estimateSize: () => kRow,
    overscan: 10,
    scrollMargin: kHead,
  });
  const shown = columns.getVirtualItems().flatMap((item) => {
    const run = runs[item.index];
    return run ? [{ run, index: item.index, left: names + 8 + item.start }] : [];
  });
  const cells = useCells(shown.map(({ run }) => run));
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
            width: names + 24 + columns.getTotalSize(),
            minWidth: "100%",
            height: kHead + lines.getTotalSize() + 8,
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
          {lines.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            return (
              <div key={row.id} className={styles.line} style={{ top: item.start }} role="row">
                <Name row={row} index={item.index} folded={folded.has(row.id)} onFold={onFold} />
                {shown.map(({ run, index, left }) => (
                  <CellView
                    key={run.dag_run_id}
                    at={`${item.index},${index}`}
                    left={left}
                    row={row}
                    run={run}
                    tasks={cells.get(run.dag_run_id)}
                    chosen={chosen ? isChosen(chosen, run, row) : undefined}
                  />
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function isChosen({ chosen }: ChosenCellsOf, run: DagRun, row: Row): boolean {
  const own = chosen.get(run.dag_run_id);
  return own !== undefined && row.tasks.every((task) => own.has(task));
}

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
  left: number;
  row: Row;
  run: DagRun;
  tasks: Map<string, TaskInstance[]> | undefined;
  /** Undefined where nothing can be chosen. */
  chosen: boolean | undefined;
}

const CellView = memo(function CellView({ at, left, row, run, tasks, chosen }: CellProps) {
  const cell = cellOf(row, tasks);
  if (!cell?.row) return null;
  const { row: task } = cell;
  const took = task.duration === null ? "" : `, ${span(task.duration)}`;
  const tries = cell.manyTries ? `, try ${task.try_number}` : "";
  const why = task.state_reason ? `\n${task.state_reason}` : "";
  const label = `${row.id}: ${stateLabel(cell.state)}${took}${tries}${why}`;
  return (
    <Link
      role="gridcell"
      tabIndex={-1}
      to={links.task({
        dagId: run.dag_id,
        runId: run.dag_run_id,
        taskId: task.task_id,
        mapIndex: task.map_index,
      })}
      className={styles.cell}
      style={{ left: left + 3 }}
      data-state={cell.state}
      data-tries={cell.manyTries ? "many" : undefined}
      data-at={at}
      title={label}
      aria-label={label}
      aria-selected={chosen}
    />
  );
});
