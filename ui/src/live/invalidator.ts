// SPDX-License-Identifier: Apache-2.0
import type { QueryClient, QueryKey } from "@tanstack/react-query";

const kFirstWait = 60; // a burst that belongs together is one load
const kGapMin = 900; // between two loads of the same key
const kGaps: Record<string, number> = { dags: 3000, dashboard: 1500 }; // what costs more, less often

/**
 * Loads stale queries again: soon after a change, but each key at most about once a second, and
 * costly ones less often.
 */
export class Invalidator {
  private readonly waiting = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly last = new Map<string, number>();

  constructor(private readonly client: QueryClient) {}

  mark(key: QueryKey): void {
    const name = JSON.stringify(key);
    if (this.waiting.has(name)) return;
    const due = (this.last.get(name) ?? 0) + (kGaps[String(key[0])] ?? kGapMin);
    const wait = Math.max(kFirstWait, due - Date.now());
    this.waiting.set(
      name,
      setTimeout(() => this.load(name, key), wait),
    );
  }

  private load(name: string, key: QueryKey): void {
    this.waiting.delete(name);
    this.last.set(name, Date.now());
    if (this.last.size > 2000) this.last.clear();
    // A load under way may have begun before the change: it is started again.
    void this.client.invalidateQueries({ queryKey: key });
  }

  stop(): void {
    for (const timer of this.waiting.values()) clearTimeout(timer);
    this.waiting.clear();
  }
}
