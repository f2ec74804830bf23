// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState, useSyncExternalStore } from "react";
import { buildUrl } from "@/api/client";
import type { TaskRef } from "@/api/types";
import { LogSource, type LogView } from "./source";

export function logUrl(task: TaskRef, tryNumber: number, follow: boolean): string {
  return buildUrl(
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/{try_number}",
    {
      dag_id: task.dagId,
      dag_run_id: task.runId,
      task_id: task.taskId,
      try_number: tryNumber,
    },
    { map_index: task.mapIndex, follow: follow || undefined },
  );
}

const kNothing: LogView = { lines: [], dropped: 0, state: "reading", error: null };
const never = () => () => undefined;
const nothing = () => kNothing;

/** The log of a try; it goes on by itself while the try runs. `again` starts over. */
export function useLog(task: TaskRef, tryNumber: number, again: number) {
  const url = logUrl(task, tryNumber, true);
  const [source, setSource] = useState<LogSource | null>(null);
  useEffect(() => {
    const next = new LogSource(url);
    setSource(next);
    void next.start();
    return () => next.stop();
  }, [url, again]);
  const view = useSyncExternalStore(source?.subscribe ?? never, source?.read ?? nothing);
  return { view, source };
}
