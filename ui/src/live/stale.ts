// SPDX-License-Identifier: Apache-2.0
// What committed changes are applied with: the queries to load again, and rows with new fields.
import type { QueryClient, QueryKey } from "@tanstack/react-query";
import type { ChangeEvent } from "@/api/types";

/** A query to load again: soon, or once the changes have calmed down. */
export interface Stale {
  key: QueryKey;
  calm?: boolean;
}

/** Collects each key once. */
export class StaleKeys {
  private readonly found = new Map<string, Stale>();

  add(key: QueryKey, calm = false): void {
    const name = JSON.stringify(key);
    const before = this.found.get(name);
    if (!before || before.calm) this.found.set(name, calm ? { key, calm } : { key });
  }

  list(): Stale[] {
    return [...this.found.values()];
  }
}

/** An answer under way may have been made before a change, and would overwrite it. */
export function isLoading(client: QueryClient, key: QueryKey): boolean {
  return client.getQueryState(key)?.fetchStatus === "fetching";
}

export const runName = (dag: string | null, run: string | null) => `${dag}\n${run}`;
export const taskName = (task: string | null, map: number) => `${task}\n${map}`;

/** The last change of each: those before it were overtaken. */
export function lastOf(
  changes: readonly ChangeEvent[],
  kind: ChangeEvent["kind"],
  name: (change: ChangeEvent) => string,
): Map<string, ChangeEvent> {
  return new Map(
    changes.filter((change) => change.kind === kind).map((change) => [name(change), change]),
  );
}

export type Patched<T> = { row: T; told: boolean };

/** The row with what is given; `told` says whether that made a difference. */
export function patched<T extends object>(row: T, fields: Partial<T>): Patched<T> {
  const differs = Object.entries(fields).some(([key, value]) => row[key as keyof T] !== value);
  return { row: differs ? { ...row, ...fields } : row, told: differs };
}
