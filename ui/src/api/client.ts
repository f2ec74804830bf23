// SPDX-License-Identifier: Apache-2.0
import { bearerHeader, onUnauthenticated } from "@/auth/token";
import { ApiError, readError } from "./error";
import type { paths } from "./schema";

type Method = "get" | "post" | "put" | "patch" | "delete";

/** The paths that know a method. */
type PathsWith<M extends Method> = {
  [P in keyof paths]: [NonNullable<paths[P][M]>] extends [never] ? never : P;
}[keyof paths];

type Operation<P extends keyof paths, M extends Method> = NonNullable<paths[P][M]>;

type JsonOf<R> = R extends { content: { "application/json": infer T } } ? T : undefined;

/** What an operation answers when it succeeds. */
export type Answer<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { responses: infer R }
    ? { [S in keyof R]: S extends 200 | 201 | 202 | 204 ? JsonOf<R[S]> : never }[keyof R]
    : never;

type Part<O, K extends string> = O extends { parameters: infer Q }
  ? K extends keyof Q
    ? NonNullable<Q[K]>
    : never
  : never;

type BodyOf<O> = O extends { requestBody?: { content: { "application/json": infer B } } }
  ? B
  : never;

type Field<K extends string, T> = [T] extends [never]
  ? { [X in K]?: undefined }
  : Record<string, never> extends T
    ? { [X in K]?: T }
    : { [X in K]: T };

/** Path values, query and body of one operation, each required when the document says so. */
export type Input<P extends keyof paths, M extends Method> = Field<
  "path",
  Part<Operation<P, M>, "path">
> &
  Field<"query", Part<Operation<P, M>, "query">> &
  Field<"body", BodyOf<Operation<P, M>>> & { signal?: AbortSignal };

type Arguments<P extends keyof paths, M extends Method> =
  Record<string, never> extends Input<P, M> ? [input?: Input<P, M>] : [input: Input<P, M>];

interface RawInput {
  path?: Record<string, unknown>;
  query?: Record<string, unknown>;
  body?: unknown;
  signal?: AbortSignal;
}

/** Fills `{names}` of a path and appends the query; lists repeat their key. */
export function buildUrl(
  template: string,
  path: Record<string, unknown> = {},
  query: Record<string, unknown> = {},
): string {
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = path[name];
    if (value === undefined) throw new Error(`${template} needs ${name}`);
    return encodeURIComponent(String(value));
  });
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === "") continue;
    for (const item of Array.isArray(value) ? value : [value]) search.append(key, String(item));
  }
  const text = search.toString();
  return text ? `${filled}?${text}` : filled;
}

/** fetch with who we are; throws ApiError for anything but 2xx. */
export async function request(url: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  for (const [name, value] of Object.entries(bearerHeader())) headers.set(name, value);
  if (init.method && init.method !== "GET") headers.set("X-Leoflow-Request", "1");
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers, credentials: "same-origin" });
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new ApiError(0, "The server does not answer.", "Is leoflow running? We keep trying.");
  }
  if (response.ok) return response;
  if (response.status === 401) onUnauthenticated();
  throw await readError(response);
}

async function call<T>(method: string, template: string, input: RawInput = {}): Promise<T> {
  const init: RequestInit = { method, headers: { Accept: "application/json" } };
  if (input.signal) init.signal = input.signal;
  if (input.body !== undefined) {
    init.body = JSON.stringify(input.body);
    init.headers = { ...init.headers, "Content-Type": "application/json" };
  }
  const response = await request(buildUrl(template, input.path, input.query), init);
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

function method<M extends Method>(name: M) {
  return <P extends PathsWith<M>>(path: P, ...rest: Arguments<P, M>): Promise<Answer<P, M>> =>
    call<Answer<P, M>>(name.toUpperCase(), path, rest[0] as RawInput | undefined);
}

/** The typed API: `api.get("/api/v2/dags", { query: { limit: 10 } })`. */
export const api = {
  get: method("get"),
  post: method("post"),
  put: method("put"),
  patch: method("patch"),
  delete: method("delete"),
};
