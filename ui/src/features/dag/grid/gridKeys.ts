// SPDX-License-Identifier: Apache-2.0
// Pointer and keyboard in the grid. Each place carries its row and column in data-at.
import type { KeyboardEvent, MouseEvent } from "react";
import type { ChosenCellsOf, Place } from "./useChosenCells";

const kSteps: Record<string, [row: number, column: number]> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};
const kStepsMax = 40; // over places where nothing is

function placeOf(target: EventTarget): Place | null {
  const at = target instanceof Element ? target.closest<HTMLElement>("[data-at]") : null;
  const [row, column] = at?.dataset["at"]?.split(",").map(Number) ?? [];
  return row === undefined || column === undefined ? null : { row, column };
}

/** Moves the focus to the neighbour; places that are not there are stepped over. */
function move(grid: HTMLElement, from: Place, step: [number, number]): Place | null {
  for (let n = 1; n < kStepsMax; n++) {
    const to = { row: from.row + step[0] * n, column: from.column + step[1] * n };
    const next = grid.querySelector<HTMLElement>(`[data-at="${to.row},${to.column}"]`);
    if (!next) continue;
    next.focus();
    return to;
  }
  return null;
}

function enter(grid: HTMLElement): void {
  grid.querySelector<HTMLElement>("[role=gridcell]")?.focus();
}

/** Arrows move, with Shift they choose; Space chooses, Escape chooses nothing. */
export function onGridKey(event: KeyboardEvent<HTMLElement>, cells: ChosenCellsOf | null): void {
  const grid = event.currentTarget;
  const step = kSteps[event.key];
  const from = placeOf(event.target);
  if (event.key === "Escape" && cells?.active) {
    event.preventDefault();
    cells.none();
  } else if (step && event.target === grid) {
    event.preventDefault();
    enter(grid);
  } else if (step && from) {
    event.preventDefault();
    if (!event.shiftKey || !cells) return void move(grid, from, step);
    cells.start(from);
    const to = move(grid, from, step);
    if (to) cells.press(to, true);
  } else if (event.key === " " && from && cells && !isFold(event.target)) {
    event.preventDefault();
    cells.press(from, event.shiftKey);
  }
}

function isFold(target: EventTarget): boolean {
  return target instanceof Element && target.closest("button") !== null;
}

/** A press with Shift chooses; once something is chosen, or when asked for, any press does. */
export function onGridPress(event: MouseEvent<HTMLElement>, cells: ChosenCellsOf | null): void {
  const place = placeOf(event.target);
  if (!cells || !place || isFold(event.target) || (!event.shiftKey && !cells.active)) return;
  event.preventDefault();
  event.stopPropagation();
  const target = event.target as Element;
  target.closest<HTMLElement>("[data-at]")?.focus();
  cells.press(place, event.shiftKey);
}

/** Gives the cell under the pointer its tooltip. */
export function tellOnHover(event: React.PointerEvent): void {
  const cell = (event.target as Element).closest<HTMLElement>("[role=gridcell]");
  if (cell) cell.title = cell.ariaLabel ?? "";
}
