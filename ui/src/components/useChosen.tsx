// SPDX-License-Identifier: Apache-2.0
import { Checkbox } from "@mantine/core";
import { useRef, useState } from "react";
import { between } from "@/lib/chosen";
import type { Column } from "./DataTable";

/** The most rows that are chosen at once: what the server takes in one request. */
const kChosenMax = 500;

interface Options<T> {
  keyOf: (row: T) => string;
  /** Names a row's box: "Choose NAME". */
  nameOf: (row: T) => string;
  /** Names the box in the head. */
  all: string;
}

export interface Chosen<T> {
  rows: T[];
  has: (row: T) => boolean;
  /** A box for each row and one for all; Shift chooses from the last one on. */
  column: Column<T>;
  none: () => void;
}

/** Rows of a list that are chosen for something to be done with all of them. */
export function useChosen<T>(rows: readonly T[], { keyOf, nameOf, all }: Options<T>): Chosen<T> {
  const [keys, setKeys] = useState<ReadonlySet<string>>(new Set());
  const last = useRef<string | null>(null);
  const chosen = rows.filter((row) => keys.has(keyOf(row))).slice(0, kChosenMax);
  const isAll = rows.length > 0 && chosen.length === Math.min(rows.length, kChosenMax);
  const none = () => setKeys(new Set());

  function toggle(row: T, range: boolean): void {
    const key = keyOf(row);
    const from = range ? rows.findIndex((each) => keyOf(each) === last.current) : -1;
    const touched = from < 0 ? [key] : between(rows, from, rows.indexOf(row)).map(keyOf);
    const next = new Set(keys);
    for (const each of touched)
      if (keys.has(key)) next.delete(each);
      else next.add(each);
    last.current = key;
    setKeys(next);
  }

  const column: Column<T> = {
    key: "pick",
    width: "20px",
    title: (
      <Checkbox
        size="xs"
        aria-label={all}
        checked={isAll}
        indeterminate={chosen.length > 0 && !isAll}
        onChange={() => setKeys(new Set(isAll ? [] : rows.slice(0, kChosenMax).map(keyOf)))}
      />
    ),
    cell: (row) => (
      <Checkbox
        size="xs"
        aria-label={`Choose ${nameOf(row)}`}
        checked={keys.has(keyOf(row))}
        onChange={(event) => toggle(row, (event.nativeEvent as MouseEvent).shiftKey)}
      />
    ),
  };
  return { rows: chosen, has: (row) => keys.has(keyOf(row)), column, none };
}
