// SPDX-License-Identifier: Apache-2.0

/** Calls for each item, at most `width` at a time; results in the order of the items. */
export async function inTurns<T, R>(
  items: readonly T[],
  width: number,
  call: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array<R>(items.length);
  let next = 0;
  async function work(): Promise<void> {
    for (let at = next++; at < items.length; at = next++) results[at] = await call(items[at] as T);
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, work));
  return results;
}
