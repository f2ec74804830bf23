// SPDX-License-Identifier: Apache-2.0
import { useCallback, useMemo, useRef, useState } from "react";
import type { DagRun } from "@/api/types";
import { between, chooseCells, hasAll, toggleCells, type ChosenCells } from "@/lib/chosen";
import type { Row } from "@/lib/graph";

/** A place in the grid: row -1 is the run's head, column -1 the task's name. */
export interface Place {
  row: number;
  column: number;
}

const kNone: ChosenCells = new Map();

export interface ChosenCellsOf {
  chosen: ChosenCells;
  /** Whether a plain press chooses instead of opening what it is on. */
  active: boolean;
  setActive: (active: boolean) => void;
  /** Chooses what is at a place or leaves it; with `range` all from the last place to this one. */
  press: (place: Place, range: boolean) => void;
  /** Chooses a place that is not; ranges start there then. */
  start: (place: Place) => void;
  none: () => void;
}

/** Which task instances of a grid are chosen. `runs` are its columns from left to right. */
export function useChosenCells(rows: readonly Row[], runs: readonly DagRun[]): ChosenCellsOf {
  const [chosen, setChosen] = useState<ChosenCells>(kNone);
  const [active, setActive] = useState(false);
  const anchor = useRef<{ row: string | undefined; run: string | undefined } | null>(null);
  const ids = useMemo(() => runs.map((run) => run.dag_run_id), [runs]);

  const runsAt = useCallback(
    (from: number, to: number) => (to < 0 ? ids : between(ids, Math.max(0, from), to)),
    [ids],
  );
  const tasksAt = useCallback(
    (from: number, to: number) =>
      (to < 0 ? rows : between(rows, Math.max(0, from), to)).flatMap((row) => row.tasks),
    [rows],
  );
  const remember = useCallback(
    ({ row, column }: Place) => {
      anchor.current = { row: rows[row]?.id, run: ids[column] };
    },
    [rows, ids],
  );

  const press = useCallback(
    (place: Place, range: boolean) => {
      const from = range ? anchor.current : null;
      if (!from) {
        remember(place);
        setChosen((before) =>
          toggleCells(before, runsAt(place.column, place.column), tasksAt(place.row, place.row)),
        );
        return;
      }
      const row = rows.findIndex((each) => each.id === from.row);
      const column = ids.findIndex((each) => each === from.run);
      setChosen((before) =>
        chooseCells(before, runsAt(column, place.column), tasksAt(row, place.row)),
      );
    },
    [rows, ids, runsAt, tasksAt, remember],
  );
  const start = useCallback(
    (place: Place) => {
      const runs = runsAt(place.column, place.column);
      const tasks = tasksAt(place.row, place.row);
      if (hasAll(chosen, runs, tasks)) return;
      setChosen(chooseCells(chosen, runs, tasks));
      remember(place);
    },
    [chosen, runsAt, tasksAt, remember],
  );
  const none = useCallback(() => {
    anchor.current = null;
    setActive(false);
    setChosen(kNone);
  }, []);
  return { chosen, active: active || chosen.size > 0, setActive, press, start, none };
}
