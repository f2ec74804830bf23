// SPDX-License-Identifier: Apache-2.0
import { useCallback, useSyncExternalStore } from "react";

const listeners = new Set<() => void>();

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}

/** A text that this browser remembers; every user of the same key sees changes at once. */
export function useStored<T extends string>(
  name: string,
  fallback: T,
): [value: T, set: (value: T) => void] {
  const key = `leoflow.${name}`;
  const value = useSyncExternalStore(subscribe, () => read(key)) ?? fallback;
  const set = useCallback(
    (next: T) => {
      try {
        localStorage.setItem(key, next);
      } catch {
        // Storage is off: the choice is forgotten with the page.
      }
      for (const listener of listeners) listener();
    },
    [key],
  );
  return [value as T, set];
}
