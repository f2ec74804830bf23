// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";
import { DataTable, type Column } from "@/components/DataTable";
import { Page, Panel } from "@/components/Page";
import { StateBadge } from "@/components/StateBadge";
import { Empty, Loaded } from "@/components/States";
import { Time } from "@/components/Time";
import type { components } from "@/api/schema";
import styles from "./admin.module.css";

type Agent = components["schemas"]["AgentResponse"];

const kColumns: Column<Agent>[] = [
  {
    key: "host",
    title: "Host",
    width: "minmax(90px, 1fr)",
    phoneWidth: "minmax(0, 1fr)",
    cell: (row) => (
      <span className="cut" style={{ fontWeight: 500 }}>
        {row.hostname ?? "–"}
      </span>
    ),
  },
  {
    key: "id",
    title: "Agent",
    width: "minmax(100px, 2fr)",
    wideOnly: true,
    cell: (row) => <span className="cut mono dim">{row.id}</span>,
  },
  {
    key: "executor",
    title: "Executor",
    width: "90px",
    phoneWidth: "72px",
    cell: (row) => row.executor,
  },
  {
    key: "attempts",
    title: "Tasks",
    width: "60px",
    phoneWidth: "40px",
    end: true,
    cell: (row) => <span className="num">{row.attempts}</span>,
  },
  {
    key: "version",
    title: "Version",
    width: "90px",
    wideOnly: true,
    cell: (row) => row.version ?? "–",
  },
  { key: "pid", title: "Process", width: "80px", wideOnly: true, cell: (row) => row.pid },
  {
    key: "since",
    title: "Connected",
    width: "110px",
    phoneWidth: "88px",
    cell: (row) => <Time at={row.connected_at} ago />,
  },
];

/** What runs tasks: executors with their room, agents with what they hold. */
export function AgentsPage() {
  const query = useQuery({
    queryKey: ["pools", "agents"], // moves with the tasks, as pools do
    queryFn: ({ signal }) => api.get("/api/leoflow/v1/agents", { signal }),
    refetchOnMount: "always",
  });
  return (
    <Page
      name="Agents"
      title="Agents and executors"
      sub="Agents start the tasks and outlive the server: what they hold is collected after a restart"
    >
      <Loaded query={query}>
        {({ executors, agents }) => (
          <div className="stack">
            <Panel flush title="Executors">
              {executors.map((each) => (
                <div key={each.name} className={styles.executor}>
                  <strong style={{ fontWeight: 500 }}>{each.name}</strong>
                  <StateBadge
                    state={each.ready ? "success" : "queued"}
                    label={each.ready ? "Ready" : "Not ready"}
                  />
                  <span className="dim num">{each.slots} slots</span>
                </div>
              ))}
            </Panel>
            <Panel flush title="Agents">
              {agents.length === 0 ? (
                <Empty title="No agent is connected">
                  The server starts one with the first task; tasks wait until then.
                </Empty>
              ) : (
                <DataTable
                  label="Agents"
                  columns={kColumns}
                  rows={agents}
                  rowKey={(row) => row.id}
                />
              )}
            </Panel>
          </div>
        )}
      </Loaded>
    </Page>
  );
}
