// SPDX-License-Identifier: Apache-2.0
// The part of a log that is looked at. However long the log is, only a few thousand lines of it are
// held: more are loaded at either end as one scrolls, and those far away are let go.
import { passes, readRecord, type LogFilter, type LogLine } from "./line";
import { goingOn, numbered, recordFrom } from "./numbers";
import { follow, lineNumber, readWindow, search, type LogPlace, type Piece } from "./place";

export type Loading = "open" | "earlier" | "later" | null;

export interface LogView {
  lines: readonly LogLine[];
  /** Bytes of the log that the lines are of, and how many it has. */
  from: number;
  to: number;
  size: number;
  atStart: boolean;
  atEnd: boolean;
  /** Nothing will be added to the log. */
  complete: boolean;
  loading: Loading;
  error: Error | null;
  /** Changes when another part was opened: it begins to be looked at from `aim`. */
  opened: number;
  /** The byte that is to be in sight; "end" is the last line. */
  aim: number | "end";
}

export type Target = "start" | "end" | { offset: number } | { line: number };

const kHeld = 12_000; // lines held at once, about
const kAfter = 256 * 1024; // bytes of one load
const kAbout = 32 * 1024; // bytes before the line that was asked for
const kPublish = 60; // ms between two pictures of what is written

export const kNothing: LogView = {
  opened: 0,
  lines: [],
  from: 0,
  to: 0,
  size: 0,
  atStart: true,
  atEnd: false,
  complete: false,
  loading: "open",
  error: null,
  aim: 0,
};

export class LogDocument {
  private view: LogView = kNothing;
  private readonly listeners = new Set<() => void>();
  /** Of everything that is under way for the part that is open. */
  private abort = new AbortController();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private written: LogLine[] = [];
  private stream: AbortController | null = null;
  private numbering = false;
  private pinned = false;
  private readonly plain: boolean;

  constructor(
    readonly place: LogPlace,
    readonly filter: LogFilter,
  ) {
    this.plain = !filter.only && filter.level === "debug" && filter.source === "all";
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly read = (): LogView => this.view;

  stop(): void {
    this.abort.abort();
    this.unfollow();
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  /** Whether the end stays in sight: then it is the start that is let go. */
  pin(pinned: boolean): void {
    this.pinned = pinned;
  }

  /** Shows another part of the log. */
  async open(target: Target): Promise<void> {
    const signal = this.begin();
    try {
      const { about, aim, ...piece } = await this.piece(target, signal);
      if (signal.aborted) return;
      this.set({
        ...piece,
        lines: [...about, ...piece.lines],
        from: about[0]?.offset ?? piece.from,
        loading: null,
        error: null,
        opened: this.view.opened + 1,
        aim,
      });
      this.goOn(signal);
    } catch (error) {
      this.failed(error, signal);
    }
  }

  /** Opens what broke again where it was. */
  async resume(): Promise<void> {
    if (this.view.lines.length === 0) return this.open(this.pinned ? "end" : "start");
    const signal = this.begin();
    this.set({ error: null, loading: null });
    this.goOn(signal);
  }

  async earlier(): Promise<void> {
    const { loading, atStart, from, lines } = this.view;
    if (loading || atStart) return;
    const { signal } = this.abort;
    this.set({ loading: "earlier" });
    try {
      const piece = await this.before(from, signal);
      if (signal.aborted) return;
      const all = [...piece.lines, ...lines];
      const end = all.length > kHeld ? recordFrom(all, kHeld) : all.length;
      const cut = all[end];
      if (cut) this.unfollow();
      this.set({
        lines: all.slice(0, end),
        from: piece.from,
        atStart: piece.atStart,
        size: piece.size,
        loading: null,
        ...(cut ? { to: cut.offset, atEnd: false } : {}),
      });
    } catch (error) {
      this.failed(error, signal);
    }
  }

  async later(): Promise<void> {
    const { loading, atEnd, to } = this.view;
    if (loading || atEnd) return;
    const { signal } = this.abort;
    this.set({ loading: "later" });
    try {
      const piece = await this.after(to, signal);
      if (signal.aborted) return;
      this.set({ loading: null, atEnd: piece.atEnd, size: piece.size, complete: piece.complete });
      this.append(piece.lines, piece.to);
      this.goOn(signal);
    } catch (error) {
      this.failed(error, signal);
    }
  }

  // -- loading

  private begin(): AbortSignal {
    this.stop();
    this.abort = new AbortController();
    this.set({ loading: "open" });
    return this.abort.signal;
  }

  private async piece(
    target: Target,
    signal: AbortSignal,
  ): Promise<Piece & { about: LogLine[]; aim: number | "end" }> {
    if (target === "start")
      return { ...(await this.after(0, signal)), atStart: true, about: [], aim: 0 };
    if (target === "end")
      return { ...(await this.before(null, signal)), atEnd: true, about: [], aim: "end" };
    const offset =
      "offset" in target
        ? target.offset
        : (await readWindow(this.place, { line: target.line, limit: 1 }, signal)).from;
    const [main, about] = await Promise.all([
      this.after(offset, signal),
      this.plain
        ? readWindow(this.place, { before: offset, limit: kAbout }, signal)
        : search(this.place, this.filter, { before: offset }, signal, 50),
    ]);
    const aim = main.lines[0]?.offset ?? main.to;
    return { ...main, about: about.lines, atStart: offset === 0 || about.atStart, aim };
  }

  /** Filtered, it goes on until something is found: one step looks at a part of a long log. */
  private async after(offset: number, signal: AbortSignal): Promise<Piece> {
    if (this.plain) return readWindow(this.place, { offset, limit: kAfter }, signal);
    let piece = await search(this.place, this.filter, { offset }, signal);
    while (piece.lines.length === 0 && !piece.atEnd)
      piece = await search(this.place, this.filter, { offset: piece.to }, signal);
    return { ...piece, from: offset };
  }

  /** What is before a byte; null is the end. */
  private async before(offset: number | null, signal: AbortSignal): Promise<Piece> {
    if (this.plain)
      return readWindow(
        this.place,
        offset === null ? { tail: true, limit: kAfter } : { before: offset, limit: kAfter },
        signal,
      );
    // The end of what is written whole.
    const end = offset ?? (await readWindow(this.place, { tail: true, limit: 1 }, signal)).to;
    let piece = await search(this.place, this.filter, { before: end }, signal);
    while (piece.lines.length === 0 && !piece.atStart)
      piece = await search(this.place, this.filter, { before: piece.from }, signal);
    return { ...piece, to: end };
  }

  // -- what is there changes

  /** Follows where the log may grow, and numbers lines that have no number yet. */
  private goOn(signal: AbortSignal): void {
    const { atEnd, complete, lines } = this.view;
    if (atEnd && !complete && !this.stream) void this.follow();
    if (this.plain && lines[0]?.number === null && !this.numbering)
      void this.number(lines[0].offset, signal);
  }

  private async number(offset: number, signal: AbortSignal): Promise<void> {
    this.numbering = true;
    try {
      const number = await lineNumber(this.place, offset, signal);
      if (!signal.aborted) this.set({ lines: numbered(this.view.lines, offset, number) });
    } catch {
      // Lines without a number can be read all the same.
    }
    this.numbering = false;
  }

  private unfollow(): void {
    this.stream?.abort();
    this.stream = null;
    this.written = [];
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  private async follow(): Promise<void> {
    const stream = new AbortController();
    const { signal } = stream;
    this.stream = stream;
    const onRecord = (record: string, offset: number) => {
      const rows = readRecord(record, offset, null);
      if (this.plain || rows.some((row) => passes(row, this.filter))) this.written.push(...rows);
      this.timer ??= setTimeout(() => this.publish(), kPublish);
    };
    try {
      await follow(this.place, this.view.to, onRecord, signal);
      this.publish();
      // The stream does not say where it ended.
      const { size } = await readWindow(this.place, { tail: true, limit: 1 }, signal);
      this.set({ size, to: size, complete: true });
    } catch (error) {
      this.failed(error, signal);
    }
    if (this.stream === stream) this.stream = null;
  }

  private publish(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const rows = this.written;
    this.written = [];
    const last = rows.at(-1);
    if (!last) return;
    // A place within the last record: the next one starts after it.
    const to = last.offset + 1;
    this.set({ size: Math.max(this.view.size, to) });
    this.append(this.plain ? goingOn(this.view.lines, rows) : rows, to);
  }

  /** Adds lines at the end; what is too much goes at the end that is not looked at. */
  private append(rows: LogLine[], to: number): void {
    const all = [...this.view.lines, ...rows];
    const elsewhere = this.stream !== null && !this.pinned;
    if (all.length <= (elsewhere ? kHeld * 2 : kHeld)) return this.set({ lines: all, to });
    if (elsewhere) {
      this.unfollow();
      const end = recordFrom(all, kHeld);
      this.set({ lines: all.slice(0, end), to: all[end]?.offset ?? to, atEnd: false });
      return;
    }
    const lines = all.slice(recordFrom(all, all.length - kHeld));
    this.set({ lines, to, from: lines[0]?.offset ?? to, atStart: false });
  }

  private failed(error: unknown, signal: AbortSignal): void {
    if (!signal.aborted)
      this.set({ error: error instanceof Error ? error : new Error(String(error)), loading: null });
  }

  private set(patch: Partial<LogView>): void {
    this.view = { ...this.view, ...patch };
    for (const listener of this.listeners) listener();
  }
}
