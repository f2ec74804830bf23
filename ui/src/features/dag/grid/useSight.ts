// SPDX-License-Identifier: Apache-2.0
import { useEffect, useLayoutEffect, useState, type RefObject } from "react";
import { flushSync } from "react-dom";

export const kCell = 22;
export const kRow = 26;
export const kHead = 76;
/** Between the names and the first column. */
export const kGap = 8;

// Rows and columns come and go so many at a time: not every pixel scrolled is a new picture. A new
// column touches every row, a new row only itself: few at a time leave no frame with all the work.
const kRowBlock = 2;
const kColumnBlock = 4;

/** What of the grid is to exist: from the first to before the last. */
export interface Sight {
  rows: [from: number, to: number];
  columns: [from: number, to: number];
}

const kNothing: Sight = { rows: [0, 0], columns: [0, 0] };

/** One more on each side, for the focus to move to, in whole blocks. */
function blocks(from: number, to: number, size: number): [number, number] {
  return [Math.max(0, Math.floor((from - 1) / size) * size), Math.ceil((to + 1) / size) * size];
}

function sightOf(area: HTMLElement, names: number): Sight {
  const { scrollTop, scrollLeft, clientHeight, clientWidth } = area;
  return {
    rows: blocks(
      Math.floor(scrollTop / kRow),
      Math.ceil((scrollTop + clientHeight - kHead) / kRow),
      kRowBlock,
    ),
    columns: blocks(
      Math.floor((scrollLeft - kGap) / kCell),
      Math.ceil((scrollLeft + clientWidth - names - kGap) / kCell),
      kColumnBlock,
    ),
  };
}

const same = (a: Sight, b: Sight) => String([a.rows, a.columns]) === String([b.rows, b.columns]);

/** Follows what is in sight of a scrolled area whose names take `names` pixels at its left. */
export function useSight(area: RefObject<HTMLElement | null>, names: number): Sight {
  const [sight, setSight] = useState(kNothing);
  useLayoutEffect(() => {
    if (area.current) setSight(sightOf(area.current, names));
  }, [area, names]);
  useEffect(() => {
    const element = area.current;
    if (!element) return;
    let shown = kNothing;
    const look = () => {
      const next = sightOf(element, names);
      if (same(shown, next)) return;
      shown = next;
      flushSync(() => setSight(next)); // in the frame that scrolls, or it would show a hole
    };
    const resized = new ResizeObserver(() => requestAnimationFrame(look));
    resized.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      resized.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, [area, names]);
  return sight;
}

/** Keeps the right end in sight, where the newest run is, unless one has scrolled away from it. */
export function useRightEnd(area: RefObject<HTMLElement | null>, columns: number): void {
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    const away = element.scrollWidth - element.clientWidth - element.scrollLeft;
    const begins = element.scrollLeft === 0;
    if (begins || away < kCell * 2) element.scrollLeft = element.scrollWidth;
  }, [area, columns]);
}
