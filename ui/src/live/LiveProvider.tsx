// SPDX-License-Identifier: Apache-2.0
import { useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import type { ChangeEvent } from "@/api/types";
import { applyChanges } from "./apply";
import { Invalidator } from "./invalidator";
import { LiveStream, type LiveStatus } from "./stream";

interface Live {
  status: LiveStatus;
  reconnect: () => void;
}

const kStart: LiveStatus = { state: "connecting", retryAt: null, error: null };
const LiveContext = createContext<Live>({ status: kStart, reconnect: () => undefined });

/** Whether changes arrive, and a way to try at once when they do not. */
export function useLive(): Live {
  return useContext(LiveContext);
}

/** Keeps every query below it up to date by what the server pushes. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [status, setStatus] = useState(kStart);
  const [reconnect, setReconnect] = useState<() => void>(() => () => undefined);

  useEffect(() => {
    const invalidator = new Invalidator(client);
    const stream = new LiveStream({
      onStatus: setStatus,
      onReset: () => void client.invalidateQueries(),
      onChanges: (changes: ChangeEvent[]) => {
        for (const stale of applyChanges(client, changes)) invalidator.mark(stale);
      },
    });
    setReconnect(() => stream.reconnect);
    stream.start();
    return () => {
      stream.stop();
      invalidator.stop();
    };
  }, [client]);

  const live = useMemo(() => ({ status, reconnect }), [status, reconnect]);
  return <LiveContext value={live}>{children}</LiveContext>;
}
