// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState, useSyncExternalStore } from "react";
import { useLive } from "@/live/LiveProvider";
import { kNothing, LogDocument, type Target } from "./document";
import { LogHits, type HitsView } from "./hits";
import type { LogFilter } from "./line";
import type { LogPlace } from "./place";

const never = () => () => undefined;

const noView = () => kNothing;

/** The log at a place, opened at `target` anew whenever the filter changes. */
export function useLog(place: LogPlace, filter: LogFilter, target: () => Target) {
  const [log, setLog] = useState<LogDocument | null>(null);
  const key = JSON.stringify([place, filter]);
  useEffect(() => {
    const next = new LogDocument(place, filter);
    setLog(next);
    void next.open(target());
    return () => next.stop();
    // `key` says all of place and filter; the target is where one is at that moment.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);
  const view = useSyncExternalStore(log?.subscribe ?? never, log?.read ?? noView);

  // What broke is opened again as soon as the server is back.
  const live = useLive().status.state === "live";
  useEffect(() => {
    if (live && log?.read().error) void log.resume();
  }, [live, log]);
  return { log, view };
}

const kNoHits: HitsView = {
  offsets: [],
  allBefore: true,
  allAfter: true,
  busy: false,
  error: null,
};
const noHits = () => kNoHits;

/** Where the searched text is; null without one. Begins at `from`. */
export function useHits(place: LogPlace, filter: LogFilter, from: () => number) {
  const [hits, setHits] = useState<LogHits | null>(null);
  const key = filter.only && JSON.stringify([place, filter]);
  useEffect(() => {
    if (!key) return setHits(null);
    const next = new LogHits(place, filter, from());
    setHits(next);
    void next.run();
    return () => next.stop();
    // As above.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);
  const view = useSyncExternalStore(hits?.subscribe ?? never, hits?.read ?? noHits);
  return { hits, found: view };
}
