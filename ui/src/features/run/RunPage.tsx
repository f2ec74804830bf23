// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { dagTaskGroups, dagTasks, run as runQuery, runTasks } from "@/api/queries";
import type { DagRun } from "@/api/types";
import { LinkTabs, Page, Panel } from "@/components/Page";
import { StateBadge } from "@/components/StateBadge";
import { Bones, Empty, Loaded } from "@/components/States";
import { links } from "@/router/links";
import { useShortcuts } from "@/shell/shortcuts";
import { RunAccount } from "../timeline/Account";
import { RunTimeline } from "../timeline/RunTimeline";
import { useTrigger } from "../trigger/TriggerProvider";
import { RunActions } from "./RunActions";
import { RunDetails } from "./RunDetails";
import { RunFigures } from "./RunFigures";
import { TaskTable } from "./TaskTable";

const GraphView = lazy(() => import("../graph/GraphView").then((m) => ({ default: m.GraphView })));
const LogSearchTab = lazy(() =>
  import("./LogSearchTab").then((m) => ({ default: m.LogSearchTab })),
);
const CompareTab = lazy(() => import("./CompareTab").then((m) => ({ default: m.CompareTab })));

const kTabs = [
  ["tasks", "Tasks"],
  ["graph", "Graph"],
  ["gantt", "Timeline"],
  ["logs", "Logs"],
  ["details", "Details"],
  ["compare", "Compare"],
] as const;

function RunGraph({ run }: { run: DagRun }) {
  const tasks = useQuery(dagTasks(run.dag_id));
  const groups = useQuery(dagTaskGroups(run.dag_id));
  const instances = useQuery(runTasks({ dagId: run.dag_id, runId: run.dag_run_id }));
  return (
    <Panel flush>
      <Loaded query={tasks}>
        {(list) => (
          <Loaded query={groups}>
            {(of) => (
              <GraphView name={run.dag_id} tasks={list} groups={of} instances={instances.data} />
            )}
          </Loaded>
        )}
      </Loaded>
    </Panel>
  );
}

function Tab({ name, run }: { name: string; run: DagRun }) {
  switch (name) {
    case "tasks":
      return <TaskTable run={run} />;
    case "graph":
      return <RunGraph run={run} />;
    case "gantt":
      return (
        <Panel flush>
          <RunTimeline run={run} />
        </Panel>
      );
    case "logs":
      return <LogSearchTab run={run} />;
    case "details":
      return <RunDetails run={run} />;
    case "compare":
      return <CompareTab run={run} />;
    default:
      return <Empty title="There is no such tab" />;
  }
}

/** One run: how long, where the time went, what its tasks did. */
export function RunPage({ path }: { path: Record<string, string> }) {
  const ref = { dagId: path["dagId"] ?? "", runId: path["runId"] ?? "" };
  const tab = path["tab"] ?? "tasks";
  const query = useQuery(runQuery(ref));
  const { trigger } = useTrigger();
  useShortcuts({ t: () => trigger(ref.dagId, query.data?.conf as Record<string, unknown>) });
  return (
    <Page
      name={`${ref.dagId} run`}
      title={
        <>
          {ref.dagId}
          {query.data && <StateBadge state={query.data.state} soft />}
        </>
      }
      sub={<span className="mono faint">{ref.runId}</span>}
      actions={query.data && <RunActions run={query.data} />}
    >
      <Loaded query={query}>
        {(run) => (
          <>
            <RunFigures run={run} />
            <div style={{ marginBottom: 20 }}>
              <RunAccount run={run} />
            </div>
            <LinkTabs
              label="Views of the run"
              active={tab}
              tabs={kTabs.map(([key, title]) => ({
                key,
                title,
                to: links.run(ref, key === "tasks" ? undefined : key),
              }))}
            />
            <Suspense fallback={<Bones />}>
              <Tab key={tab} name={tab} run={run} />
            </Suspense>
          </>
        )}
      </Loaded>
    </Page>
  );
}
