// SPDX-License-Identifier: Apache-2.0
import type { LogLine } from "./line";

/** The first index from `index` on at which a record begins. */
export function recordFrom(lines: readonly LogLine[], index: number): number {
  let at = index;
  while (at < lines.length && lines[at]?.follows) at += 1;
  return at;
}

/** The same lines; the record at `offset` has this number, the others by their order. */
export function numbered(lines: readonly LogLine[], offset: number, first: number): LogLine[] {
  const heads = lines.filter((line) => !line.follows);
  const place = heads.findIndex((line) => line.offset === offset);
  if (place < 0) return [...lines];
  let number = first - place - 1;
  return lines.map((line) => {
    if (line.follows) return line;
    number += 1;
    return { ...line, number };
  });
}

/** New rows numbered after those that are there. */
export function goingOn(before: readonly LogLine[], rows: readonly LogLine[]): LogLine[] {
  const last = before.findLast((line) => !line.follows);
  if (last && last.number === null) return [...rows];
  let number = last?.number ?? 0;
  return rows.map((line) => {
    if (line.follows) return line;
    number += 1;
    return { ...line, number };
  });
}
