// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { runAssetEvents } from "@/api/assetQueries";
import type { DagRun } from "@/api/types";
import { Panel } from "@/components/Page";
import { Loaded } from "@/components/States";
import { EventList } from "./EventList";

/** What a run that assets started is there for. */
export function RunAssetEvents({ run }: { run: DagRun }) {
  const query = useQuery(runAssetEvents({ dagId: run.dag_id, runId: run.dag_run_id }));
  return (
    <Panel title="Asset events that started it" flush>
      <Loaded query={query} rows={3}>
        {(events) => <EventList events={events} ofRun />}
      </Loaded>
    </Panel>
  );
}
