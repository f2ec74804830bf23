// SPDX-License-Identifier: Apache-2.0
// Where a text is in a log, found by the server: first from the place that is looked at to the end,
// then what is before it.
import type { LogFilter } from "./line";
import { search, type LogPlace } from "./place";

export interface HitsView {
  /** Bytes at which records with the text start, in order. */
  offsets: readonly number[];
  /** Whether there are none before or after them. */
  allBefore: boolean;
  allAfter: boolean;
  busy: boolean;
  error: Error | null;
}

const kStep = 500; // found by one step
const kSoon = 2000; // looked for in one direction before somebody asks for more

export class LogHits {
  private view: HitsView = {
    offsets: [],
    allBefore: false,
    allAfter: false,
    busy: true,
    error: null,
  };
  private readonly listeners = new Set<() => void>();
  private readonly abort = new AbortController();
  private low: number;
  private high: number;

  constructor(
    private readonly place: LogPlace,
    private readonly filter: LogFilter,
    start: number,
  ) {
    this.low = this.high = start;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly read = (): HitsView => this.view;

  stop(): void {
    this.abort.abort();
  }

  async run(): Promise<void> {
    this.set({ busy: true });
    await this.extend("after", kSoon);
    if (this.low > 0) await this.extend("before", kSoon);
    else this.set({ allBefore: true });
    this.set({ busy: false });
  }

  /** The hit after or before a place; looks further where it may be missing. */
  async next(from: number, back: boolean): Promise<number | null> {
    const find = () =>
      back
        ? this.view.offsets.findLast((each) => each < from)
        : this.view.offsets.find((each) => each > from);
    const side = back ? "before" : "after";
    const over = () => (back ? this.view.allBefore : this.view.allAfter);
    while (find() === undefined && !over() && !this.abort.signal.aborted && !this.view.error)
      await this.extend(side, kStep);
    // Past the last one comes the first again.
    return find() ?? (back ? this.view.offsets.at(-1) : this.view.offsets[0]) ?? null;
  }

  /** What was written since. */
  add(offsets: number[]): void {
    const fresh = offsets.filter((each) => each >= this.high);
    if (!this.view.allAfter || fresh.length === 0) return;
    this.high = Math.max(...fresh) + 1;
    this.set({ offsets: [...this.view.offsets, ...fresh] });
  }

  private async extend(side: "before" | "after", most: number): Promise<void> {
    const { signal } = this.abort;
    let found = 0;
    try {
      while (found < most && !(side === "after" ? this.view.allAfter : this.view.allBefore)) {
        const wanted = side === "after" ? { offset: this.high } : { before: this.low };
        const piece = await search(this.place, this.filter, wanted, signal, kStep);
        const offsets = [...new Set(piece.lines.map((line) => line.offset))];
        found += offsets.length;
        if (side === "after") {
          this.high = piece.to;
          this.set({ offsets: [...this.view.offsets, ...offsets], allAfter: piece.atEnd });
        } else {
          this.low = piece.from;
          this.set({ offsets: [...offsets, ...this.view.offsets], allBefore: piece.atStart });
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      this.set({ error: error instanceof Error ? error : new Error(String(error)) });
    }
  }

  private set(patch: Partial<HitsView>): void {
    this.view = { ...this.view, ...patch };
    for (const listener of this.listeners) listener();
  }
}

/** "2 of 40", "2 of 2,000+", "2,000+": as much as is known. */
export function hitText(view: HitsView, current: number | null): string {
  const all = view.allBefore && view.allAfter;
  const total = `${view.offsets.length.toLocaleString("en")}${all ? "" : "+"}`;
  if (view.offsets.length === 0) return view.busy ? "searching…" : "no match";
  const at = current === null ? -1 : view.offsets.indexOf(current);
  return at < 0 || !view.allBefore
    ? `${total} found`
    : `${(at + 1).toLocaleString("en")} of ${total}`;
}
