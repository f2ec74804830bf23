// SPDX-License-Identifier: Apache-2.0
// The bearer token of servers without cookie sessions: in memory, and in sessionStorage so that a
// reload does not sign out. With a cookie session there is none and the cookie does the work.

const kKey = "leoflow.token";

let token: string | null = read();
const listeners = new Set<() => void>();

function read(): string | null {
  try {
    return sessionStorage.getItem(kKey);
  } catch {
    return null;
  }
}

export function setToken(value: string | null): void {
  token = value;
  try {
    if (value === null) sessionStorage.removeItem(kKey);
    else sessionStorage.setItem(kKey, value);
  } catch {
    // Storage is off: the token lives as long as the page.
  }
}

export function hasToken(): boolean {
  return token !== null;
}

export function bearerHeader(): Record<string, string> {
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

/** Calls back whenever the server says that we are nobody. */
export function watchUnauthenticated(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function onUnauthenticated(): void {
  for (const listener of listeners) listener();
}
