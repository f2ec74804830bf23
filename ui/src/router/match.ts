// SPDX-License-Identifier: Apache-2.0

/** Values of the `:names` in a pattern, or null if the path is another. */
export function matchPath(pattern: string, path: string): Record<string, string> | null {
  const want = split(pattern);
  const have = split(path);
  if (want.length !== have.length) return null;
  const found: Record<string, string> = {};
  for (const [index, part] of want.entries()) {
    const value = have[index] ?? "";
    if (part.startsWith(":")) found[part.slice(1)] = decode(value);
    else if (part !== value) return null;
  }
  return found;
}

function split(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A path from its parts, each escaped: `path("dags", "a b")` is `/dags/a%20b`. */
export function path(...parts: (string | number)[]): string {
  return "/" + parts.map((part) => encodeURIComponent(String(part))).join("/");
}

/** The same search text with some keys set, or taken away by null. */
export function withSearch(search: string, patch: Record<string, SearchValue>): string {
  const params = new URLSearchParams(search);
  for (const [key, value] of Object.entries(patch)) {
    params.delete(key);
    const values = Array.isArray(value) ? value : [value];
    for (const item of values) {
      if (item !== null && item !== undefined && item !== "") params.append(key, String(item));
    }
  }
  const text = params.toString();
  return text ? `?${text}` : "";
}

export type SearchValue = string | number | boolean | null | undefined | readonly string[];
