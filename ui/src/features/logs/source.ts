// SPDX-License-Identifier: Apache-2.0
// Reads a log as one stream, only as far as somebody looks: what is not wanted yet waits in the
// connection, so that a log of any size opens at once.
import { request } from "@/api/client";
import { readRecord, type LogLine } from "./line";

export type LogState = "reading" | "held" | "ended" | "failed";

export interface LogView {
  lines: readonly LogLine[];
  /** How many of the first lines were let go to stay within memory. */
  dropped: number;
  state: LogState;
  error: Error | null;
}

const kAhead = 3000; // lines read before anybody scrolls
const kLinesMax = 200_000; // held at once
const kDrop = 40_000; // let go together
const kPublish = 60; // ms between two pictures

export class LogSource {
  private lines: LogLine[] = [];
  private dropped = 0;
  private count = 0;
  private wanted = kAhead;
  private state: LogState = "reading";
  private error: Error | null = null;
  private view: LogView = { lines: [], dropped: 0, state: "reading", error: null };
  private readonly listeners = new Set<() => void>();
  private readonly abort = new AbortController();
  private wake: (() => void) | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly url: string) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly read = (): LogView => this.view;

  /** Lines up to this number are looked at: reads some more than that. */
  want(number: number): void {
    this.raise(number + kAhead);
  }

  /** Reads until the end, and what is written from then on. */
  wantAll(): void {
    this.raise(Infinity);
  }

  private raise(wanted: number): void {
    if (wanted <= this.wanted) return;
    this.wanted = wanted;
    this.wake?.();
  }

  stop(): void {
    this.abort.abort();
    this.wake?.();
    if (this.timer) clearTimeout(this.timer);
  }

  async start(): Promise<void> {
    try {
      const response = await request(this.url, {
        headers: { Accept: "application/x-ndjson" },
        signal: this.abort.signal,
      });
      if (response.body) await this.drain(response.body);
      this.state = "ended";
    } catch (error) {
      if (this.abort.signal.aborted) return;
      this.state = "failed";
      this.error = error instanceof Error ? error : new Error(String(error));
    }
    this.publish();
  }

  private async drain(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    const reader = body.getReader();
    let rest = "";
    for (;;) {
      if (this.count >= this.wanted) await this.hold();
      if (this.abort.signal.aborted) return;
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const records = rest.split("\n");
      rest = done ? "" : (records.pop() ?? "");
      for (const record of records) if (record) this.take(record);
      this.schedule();
      if (done) return;
    }
  }

  private hold(): Promise<void> {
    this.state = "held";
    this.schedule();
    return new Promise((resolve) => {
      this.wake = () => {
        this.wake = null;
        this.state = "reading";
        resolve();
      };
    });
  }

  private take(record: string): void {
    for (const line of readRecord(record, this.count + 1)) {
      this.lines.push(line);
      this.count += 1;
    }
    if (this.lines.length <= kLinesMax) return;
    this.lines = this.lines.slice(kDrop);
    this.dropped += kDrop;
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.publish();
    }, kPublish);
  }

  private publish(): void {
    this.view = {
      lines: this.lines.slice(),
      dropped: this.dropped,
      state: this.state,
      error: this.error,
    };
    for (const listener of this.listeners) listener();
  }
}
