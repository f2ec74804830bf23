// SPDX-License-Identifier: Apache-2.0
import { request } from "@/api/client";

/** Signing in elsewhere: what the button says and where it leads. */
export interface SingleSignOn {
  label: string;
  url: string;
}

/** How one may sign in besides name and password; null: in no other way. */
export async function fetchSingleSignOn(): Promise<SingleSignOn | null> {
  const response = await request("/auth/options", { headers: { Accept: "application/json" } });
  return ((await response.json()) as { oidc: SingleSignOn | null }).oidc;
}

const kMessages = new Map(
  Object.entries({
    refused: "The sign-in was cancelled, or you may not use Leoflow.",
    expired: "The sign-in took too long or was begun in another window. Try again.",
    no_role: "You are known, but nobody has given you a role in Leoflow. Ask an administrator.",
    name_taken: "Your user name belongs to another account here. Ask an administrator.",
    inactive: "Your account is deactivated. Ask an administrator.",
    unavailable: "The sign-in service does not answer. Try again in a moment.",
  }),
);

/** What went wrong at the sign-in that led to this address; null: nothing. */
export function signInProblem(search: string): string | null {
  const word = new URLSearchParams(search).get("sign_in");
  if (word === null) return null;
  return kMessages.get(word) ?? "The sign-in failed. An administrator finds the reason in the log.";
}

/** The address to come back to: this one, without the word about the last sign-in. */
export function placeToReturn(location: { pathname: string; search: string }): string {
  const query = new URLSearchParams(location.search);
  query.delete("sign_in");
  const rest = query.toString();
  return location.pathname + (rest ? `?${rest}` : "");
}
