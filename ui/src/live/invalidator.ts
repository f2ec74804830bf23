// SPDX-License-Identifier: Apache-2.0
import type { QueryClient, QueryKey } from "@tanstack/react-query";
import type { Stale } from "./stale";

const kFirstWait = 60; // a burst that belongs together is one load
const kGapMin = 900; // between two loads of the same key
const kGapMax = 6000; // reached while it goes on changing
const kCalm = 1500; // without a change: then what can wait is loaded
const kCalmMax = 10_000; // it does not wait longer
const kGaps: Record<string, number> = { dags: 3000, dashboard: 1500, latestRuns: 1500 }; // what costs more, less often

interface Key {
  timer: ReturnType<typeof setTimeout> | null;
  /** When it was loaded last, and how long the next load is to be away from that. */
  last: number;
  gap: number;
  /** Since when it waits for calm. */
  waits: number | null;
}

/**
 * Loads stale queries again: soon after a change, but each key at most about once a second, less
 * often the longer it goes on, and what can wait when the changes are over.
 */
export class Invalidator {
  private readonly keys = new Map<string, Key>();

  constructor(private readonly client: QueryClient) {}

  mark({ key, calm = false }: Stale): void {
    const name = JSON.stringify(key);
    const known = this.keys.get(name) ?? { timer: null, last: 0, gap: 0, waits: null };
    this.keys.set(name, known);
    const now = Date.now();
    if (calm) {
      if (known.timer && known.waits === null) return;
      known.waits ??= now;
      if (known.timer) clearTimeout(known.timer);
      const wait = Math.max(0, Math.min(kCalm, known.waits + kCalmMax - now));
      known.timer = setTimeout(() => this.load(known, key), wait);
      return;
    }
    if (known.timer && known.waits === null) return;
    if (known.timer) clearTimeout(known.timer);
    known.waits = null;
    const gapMin = kGaps[String(key[0])] ?? kGapMin;
    const goesOn = now - known.last < known.gap * 2;
    known.gap = goesOn ? Math.min(known.gap * 1.5, Math.max(kGapMax, gapMin)) : gapMin;
    const wait = Math.max(kFirstWait, known.last + known.gap - now);
    known.timer = setTimeout(() => this.load(known, key), wait);
  }

  private load(known: Key, key: QueryKey): void {
    known.timer = null;
    known.waits = null;
    known.last = Date.now();
    if (this.keys.size > 2000)
      for (const [name, each] of this.keys) if (!each.timer) this.keys.delete(name);
    // A load under way may have begun before the change: it is started again. A first load is not
    // (there is nothing to show yet), so another one follows it.
    const first = this.client
      .getQueryCache()
      .findAll({ queryKey: key, fetchStatus: "fetching" })
      .filter((query) => query.state.data === undefined);
    for (const query of first) {
      const again = () => this.mark({ key: query.queryKey });
      void query.promise?.then(again, again);
    }
    void this.client.invalidateQueries({ queryKey: key });
  }

  stop(): void {
    for (const { timer } of this.keys.values()) if (timer) clearTimeout(timer);
    this.keys.clear();
  }
}
