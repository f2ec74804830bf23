// SPDX-License-Identifier: Apache-2.0
import { useSyncExternalStore } from "react";

interface Ticker {
  subscribe: (listener: () => void) => () => void;
  read: () => number;
}

/** One timer for everybody who wants the same step; it stands still while nobody looks. */
function ticker(step: number): Ticker {
  const listeners = new Set<() => void>();
  let now = Date.now();
  let timer: ReturnType<typeof setInterval> | null = null;
  return {
    subscribe(listener) {
      listeners.add(listener);
      timer ??= setInterval(() => {
        now = Date.now();
        for (const each of listeners) each();
      }, step);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0 || !timer) return;
        clearInterval(timer);
        timer = null;
      };
    },
    read() {
      if (!timer && Date.now() - now > step) now = Date.now();
      return now;
    },
  };
}

const second = ticker(1000);
const tenth = ticker(100);
const never: Ticker["subscribe"] = () => () => undefined;

/** The time, moving once a second, or ten times for what runs before the eyes. */
export function useNow(pace: "second" | "tenth" | "still" = "second"): number {
  const source = pace === "tenth" ? tenth : second;
  return useSyncExternalStore(pace === "still" ? never : source.subscribe, source.read);
}
