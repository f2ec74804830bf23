// SPDX-License-Identifier: Apache-2.0

const kElsewhere = new Set(["method", "path", "dag_id", "run_id", "task_id", "map_index"]);
const kPartsMax = 6;

function text(value: unknown): string {
  if (typeof value === "string") return value;
  return JSON.stringify(value);
}

/** The details of an audit entry in one line: what was sent, and by which token. */
export function auditText(extra: string | null): string {
  let read: unknown;
  try {
    read = extra ? JSON.parse(extra) : null;
  } catch {
    return extra ?? "";
  }
  if (!read || typeof read !== "object" || Array.isArray(read)) return extra ?? "";
  const { body, api_token_id: token, ...rest } = read as Record<string, unknown>;
  const sent = body && typeof body === "object" && !Array.isArray(body) ? body : {};
  const parts = [...Object.entries(sent), ...Object.entries(rest)]
    .filter(([name, value]) => !kElsewhere.has(name) && value !== null && value !== "")
    .slice(0, kPartsMax)
    .map(([name, value]) => `${name.replaceAll("_", " ")}: ${text(value)}`);
  return [...parts, ...(token == null ? [] : [`with token ${text(token)}`])].join(" · ");
}
