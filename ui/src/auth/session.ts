// SPDX-License-Identifier: Apache-2.0
import { request } from "@/api/client";
import { ApiError } from "@/api/error";
import { setToken } from "./token";

/** What a user may do; servers that do not say it are asked by role. */
export interface Rights {
  trigger: boolean;
  operate: boolean;
  admin: boolean;
}

export interface Me {
  username: string;
  role: string;
  can: Rights;
}

interface MeAnswer {
  /** null: nobody is signed in. */
  username: string | null;
  role: string;
  can?: Record<string, boolean>;
}

const kRanks = ["Viewer", "User", "Op", "Admin"];

/** Rights by role, for servers whose answer has no `can`. */
export function rightsOfRole(role: string): Rights {
  const rank = kRanks.indexOf(role);
  return { trigger: rank >= 1, operate: rank >= 2, admin: rank >= 3 };
}

function toMe(answer: MeAnswer): Me | null {
  if (answer.username === null) return null;
  return {
    username: answer.username,
    role: answer.role,
    can: { ...rightsOfRole(answer.role), ...(answer.can ?? {}) },
  };
}

/** Who is signed in; null for nobody, which older servers say with 401. */
export async function fetchMe(): Promise<Me | null> {
  const response = await request("/api/leoflow/v1/me", { headers: { Accept: "application/json" } });
  return toMe((await response.json()) as MeAnswer);
}

function post(path: string, body: unknown): Promise<Response> {
  return request(path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", Accept: "application/json" },
  });
}

const kNoSuchRoute = new Set([404, 405, 406]);

/** Signs in with a cookie session; with a token where the server has no sessions. */
export async function signIn(username: string, password: string): Promise<Me | null> {
  try {
    await post("/auth/login", { username, password });
    setToken(null);
  } catch (error) {
    if (!(error instanceof ApiError) || !kNoSuchRoute.has(error.status)) throw error;
    const response = await post("/auth/token", { username, password });
    setToken(((await response.json()) as { access_token: string }).access_token);
  }
  return fetchMe();
}

export async function signOut(): Promise<void> {
  try {
    await post("/auth/logout", {});
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  } finally {
    setToken(null);
  }
}
