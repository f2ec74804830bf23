// SPDX-License-Identifier: Apache-2.0

/** The most rows the server puts into one answer. */
export const kPageMax = 100;
const kRowsMax = 10_000;

/** Every row of a list: the first page says how many there are, the rest come side by side. */
export async function fetchAll<T>(
  load: (offset: number) => Promise<{ rows: T[]; total: number }>,
): Promise<T[]> {
  const first = await load(0);
  const total = Math.min(first.total, kRowsMax);
  const offsets: number[] = [];
  for (let at = kPageMax; at < total; at += kPageMax) offsets.push(at);
  const rest = await Promise.all(offsets.map((offset) => load(offset)));
  return [...first.rows, ...rest.flatMap((page) => page.rows)];
}
