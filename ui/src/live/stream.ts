// SPDX-License-Identifier: Apache-2.0
// The one stream of changes. Resumes after the last event it saw, backs off, comes back at once
// when the machine or the tab does.
import { request } from "@/api/client";
import { ApiError } from "@/api/error";
import type { ChangeEvent } from "@/api/types";
import { EventParser, type ServerEvent } from "./sse";

export type LiveState = "connecting" | "live" | "waiting";

export interface LiveStatus {
  state: LiveState;
  /** When the next attempt is due, while waiting. */
  retryAt: number | null;
  error: string | null;
}

interface Listener {
  onChanges: (changes: ChangeEvent[]) => void;
  /** Changes were missed: everything is to be loaded again. */
  onReset: () => void;
  onStatus: (status: LiveStatus) => void;
}

const kSilenceMax = 40_000; // the server says something at least every 15 s
const kBackoffFirst = 400;
const kBackoffMax = 15_000;

/** Milliseconds to wait before attempt `n` (from 1), with a random part in [0, 1). */
export function backoff(attempt: number, random: number): number {
  const size = Math.min(kBackoffMax, kBackoffFirst * 2 ** (attempt - 1));
  return Math.round(size * (0.6 + 0.4 * random));
}

export class LiveStream {
  private lastId: string | null = null;
  private failures = 0;
  private stopped = false;
  private abort: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private silence: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly listener: Listener) {}

  start(): void {
    window.addEventListener("online", this.reconnect);
    document.addEventListener("visibilitychange", this.onVisible);
    void this.connect();
  }

  stop(): void {
    this.stopped = true;
    window.removeEventListener("online", this.reconnect);
    document.removeEventListener("visibilitychange", this.onVisible);
    this.abort?.abort();
    if (this.timer) clearTimeout(this.timer);
    if (this.silence) clearTimeout(this.silence);
  }

  /** Tries now instead of when the wait is over. */
  readonly reconnect = (): void => {
    if (this.stopped || !this.timer) return;
    clearTimeout(this.timer);
    this.timer = null;
    void this.connect();
  };

  private readonly onVisible = (): void => {
    if (document.visibilityState === "visible") this.reconnect();
  };

  private async connect(): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    this.listener.onStatus({ state: "connecting", retryAt: null, error: null });
    try {
      await this.read(abort);
      this.again("The server ended the stream.");
    } catch (error) {
      if (this.stopped) return;
      if (error instanceof ApiError && error.status === 401) return;
      this.again(error instanceof Error ? error.message : "The stream broke.");
    }
  }

  private async read(abort: AbortController): Promise<void> {
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (this.lastId !== null) headers["Last-Event-ID"] = this.lastId;
    const response = await request("/api/leoflow/v1/events", { headers, signal: abort.signal });
    if (!response.body) throw new Error("The browser cannot read streams.");
    if (this.failures > 0 && this.lastId === null) this.listener.onReset();
    this.listener.onStatus({ state: "live", retryAt: null, error: null });
    this.failures = 0;
    const parser = new EventParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      this.watchSilence(abort);
      const { done, value } = await reader.read();
      if (done) return;
      this.deliver(parser.push(value));
    }
  }

  private watchSilence(abort: AbortController): void {
    if (this.silence) clearTimeout(this.silence);
    this.silence = setTimeout(() => abort.abort(new Error("The server went silent.")), kSilenceMax);
  }

  private deliver(events: ServerEvent[]): void {
    const changes: ChangeEvent[] = [];
    for (const event of events) {
      if (event.id !== null) this.lastId = event.id;
      if (event.event === "reset") this.listener.onReset();
      else if (event.data) changes.push(JSON.parse(event.data) as ChangeEvent);
    }
    if (changes.length > 0) this.listener.onChanges(changes);
  }

  private again(error: string): void {
    if (this.stopped) return;
    if (this.silence) clearTimeout(this.silence);
    this.failures += 1;
    const wait = backoff(this.failures, Math.random());
    this.listener.onStatus({ state: "waiting", retryAt: Date.now() + wait, error });
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.connect();
    }, wait);
  }
}
