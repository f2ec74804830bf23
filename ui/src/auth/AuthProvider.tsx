// SPDX-License-Identifier: Apache-2.0
import { useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { createContext, useCallback, useContext, useEffect, useMemo, type ReactNode } from "react";
import { ApiError } from "@/api/error";
import { fetchMe, signIn, signOut, type Me } from "./session";
import { watchUnauthenticated } from "./token";

interface Auth {
  me: Me;
  leave: () => Promise<void>;
}

const AuthContext = createContext<Auth | null>(null);

/** Who is signed in. Only below AuthProvider. */
export function useAuth(): Auth {
  const auth = useContext(AuthContext);
  if (!auth) throw new Error("useAuth needs AuthProvider");
  return auth;
}

/** Another user sees nothing of what was loaded for the one before. */
function become(client: QueryClient, me: Me | null): void {
  client.setQueryData(["me"], me);
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== "me" });
}

const kSilentFailures = 1; // a server that starts anew answers a moment later

interface Props {
  /** Shown until the server has said who it is. */
  pending: ReactNode;
  /** Shown while nobody is signed in. */
  login: (enter: (username: string, password: string) => Promise<void>) => ReactNode;
  /** Shown while the server cannot be reached. */
  unreachable: (error: Error, retry: () => void) => ReactNode;
  children: ReactNode;
}

/** Shows its children to whom the server knows, and the login page to others. */
export function AuthProvider({ pending, login, unreachable, children }: Props) {
  const client = useQueryClient();
  const { data, error, refetch, isPending, failureCount, failureReason } = useQuery<Me | null>({
    queryKey: ["me"],
    queryFn: () =>
      fetchMe().catch((cause: unknown) => {
        if (cause instanceof ApiError && cause.status === 401) return null;
        throw cause;
      }),
    staleTime: Infinity,
    retry: (count, cause) => cause instanceof ApiError && cause.status === 0 && count < 600,
    retryDelay: 1500,
  });

  useEffect(() => watchUnauthenticated(() => become(client, null)), [client]);

  const enter = useCallback(
    async (username: string, password: string) => {
      become(client, await signIn(username, password));
    },
    [client],
  );

  const leave = useCallback(async () => {
    await signOut();
    become(client, null);
  }, [client]);

  const auth = useMemo(() => (data ? { me: data, leave } : null), [data, leave]);
  if (auth) return <AuthContext value={auth}>{children}</AuthContext>;
  // It goes on trying; whoever waits is told so.
  const why = error ?? (failureCount > kSilentFailures ? failureReason : null);
  if (why && data === undefined)
    return unreachable(why, () => void refetch({ cancelRefetch: true }));
  if (isPending) return pending;
  return login(enter);
}
