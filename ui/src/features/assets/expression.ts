// SPDX-License-Identifier: Apache-2.0

/** An asset or alias, or several joined by a word. */
export type Condition = { name: string; id?: number } | { word: "and" | "or"; parts: Condition[] };

function leafOf(value: unknown): Condition | null {
  if (typeof value !== "object" || value === null) return null;
  const { name, id } = value as { name?: unknown; id?: unknown };
  if (typeof name !== "string") return null;
  return typeof id === "number" ? { name, id } : { name };
}

/** The `asset_expression` of a DAG; null for what is none. */
export function conditionOf(value: unknown): Condition | null {
  if (typeof value !== "object" || value === null) return null;
  const [entry] = Object.entries(value);
  if (!entry) return null;
  const [kind, inside] = entry;
  if (kind === "asset" || kind === "alias") return leafOf(inside);
  if ((kind !== "any" && kind !== "all") || !Array.isArray(inside)) return null;
  const parts = inside.flatMap((part) => conditionOf(part) ?? []);
  return { word: kind === "any" ? "or" : "and", parts };
}

/** What a person typed as the extra of an event: an object, or why it is none. */
export function extraOf(text: string): { extra: Record<string, unknown> } | { problem: string } {
  if (text.trim() === "") return { extra: {} };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return { extra: value as Record<string, unknown> };
    return { problem: 'It has to be an object: {"rows": 3}' };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}
