// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { dagDetails } from "@/api/queries";
import type { DagDetails } from "@/api/types";
import { useZone } from "@/app/ZoneProvider";
import { LinkTabs, Page, Panel } from "@/components/Page";
import { Bones, Empty, Loaded } from "@/components/States";
import { links } from "@/router/links";
import { useShortcuts } from "@/shell/shortcuts";
import { RunList } from "../runs/RunList";
import { useTrigger } from "../trigger/TriggerProvider";
import { DagActions, DagMeta } from "./DagHeader";
import { GridTab } from "./grid/GridTab";

const GraphTab = lazy(() => import("./GraphTab").then((m) => ({ default: m.GraphTab })));
const GanttTab = lazy(() => import("./GanttTab").then((m) => ({ default: m.GanttTab })));
const DurationsTab = lazy(() =>
  import("./DurationsTab").then((m) => ({ default: m.DurationsTab })),
);
const TasksTab = lazy(() => import("./TasksTab").then((m) => ({ default: m.TasksTab })));
const CodeTab = lazy(() => import("./CodeTab").then((m) => ({ default: m.CodeTab })));
const DetailsTab = lazy(() => import("./DetailsTab").then((m) => ({ default: m.DetailsTab })));
const BackfillsTab = lazy(() =>
  import("../backfill/BackfillsTab").then((m) => ({ default: m.BackfillsTab })),
);
const AuditList = lazy(() => import("../admin/AuditList").then((m) => ({ default: m.AuditList })));

const kTabs = [
  ["grid", "Grid"],
  ["graph", "Graph"],
  ["gantt", "Gantt"],
  ["durations", "Durations"],
  ["runs", "Runs"],
  ["backfills", "Backfills"],
  ["tasks", "Tasks"],
  ["code", "Code"],
  ["details", "Details"],
  ["audit", "Audit"],
] as const;

function Tab({ name, dag }: { name: string; dag: DagDetails }) {
  const dagId = dag.dag_id;
  switch (name) {
    case "grid":
      return <GridTab dagId={dagId} />;
    case "graph":
      return <GraphTab dagId={dagId} />;
    case "gantt":
      return <GanttTab dagId={dagId} />;
    case "durations":
      return <DurationsTab dagId={dagId} />;
    case "runs":
      return (
        <Panel flush>
          <RunList
            dagId={dagId}
            empty={<Empty title="It has not run yet">Press Trigger to start a run.</Empty>}
          />
        </Panel>
      );
    case "backfills":
      return <BackfillsTab dag={dag} />;
    case "tasks":
      return <TasksTab dagId={dagId} />;
    case "code":
      return <CodeTab dagId={dagId} />;
    case "details":
      return <DetailsTab dag={dag} />;
    case "audit":
      return <AuditList dagId={dagId} />;
    default:
      return <Empty title="There is no such tab" />;
  }
}

/** One DAG, from every side. */
export function DagPage({ path }: { path: Record<string, string> }) {
  const dagId = path["dagId"] ?? "";
  const tab = path["tab"] ?? "grid";
  const query = useQuery(dagDetails(dagId));
  const { setDagZone } = useZone();
  const { trigger } = useTrigger();
  const zone = query.data?.timezone ?? null;
  useEffect(() => {
    setDagZone(zone);
    return () => setDagZone(null);
  }, [zone, setDagZone]);
  useShortcuts({ t: () => trigger(dagId) });
  return (
    <Page
      name={dagId}
      title={query.data?.dag_display_name ?? dagId}
      sub={query.data && <DagMeta dag={query.data} />}
      actions={query.data && <DagActions dag={query.data} />}
    >
      <LinkTabs
        label="Views of the DAG"
        active={tab}
        tabs={kTabs.map(([key, title]) => ({
          key,
          title,
          to: links.dag(dagId, key === "grid" ? undefined : key),
        }))}
      />
      <Loaded query={query}>
        {(dag) => (
          <Suspense fallback={<Bones />}>
            <Tab key={tab} name={tab} dag={dag} />
          </Suspense>
        )}
      </Loaded>
    </Page>
  );
}
