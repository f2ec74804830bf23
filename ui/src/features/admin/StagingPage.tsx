// SPDX-License-Identifier: Apache-2.0
import { SegmentedControl } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";
import { kPageMax } from "@/api/paging";
import type { StagingVolume } from "@/api/types";
import { Copy } from "@/components/Copy";
import { DataTable, type Column } from "@/components/DataTable";
import { Page, Panel } from "@/components/Page";
import { StateBadge } from "@/components/StateBadge";
import { Empty, Loaded } from "@/components/States";
import { Time } from "@/components/Time";
import { bytes, count } from "@/lib/text";
import { links } from "@/router/links";
import { Link, useSearch } from "@/router/router";
import styles from "../dags/dags.module.css";

const kColumns: Column<StagingVolume>[] = [
  {
    key: "state",
    title: "State",
    width: "80px",
    phoneWidth: "72px",
    cell: (row) => (
      <StateBadge
        state={row.state === "active" ? "running" : "removed"}
        label={row.state === "active" ? "Kept" : "Freed"}
      />
    ),
  },
  {
    key: "dag",
    title: "DAG",
    width: "minmax(100px, 1fr)",
    phoneWidth: "minmax(0, 1fr)",
    cell: (row) => (
      <Link to={links.dag(row.dag_id)} className="cut" style={{ fontWeight: 500 }}>
        {row.dag_id}
      </Link>
    ),
  },
  {
    key: "run",
    title: "Run",
    width: "minmax(100px, 1.6fr)",
    wideOnly: true,
    cell: (row) => (
      <Link
        to={links.run({ dagId: row.dag_id, runId: row.run_id }, "details")}
        className="cut mono"
      >
        {row.run_id}
      </Link>
    ),
  },
  {
    key: "size",
    title: "Limit",
    width: "80px",
    phoneWidth: "64px",
    end: true,
    cell: (row) => bytes(row.size_bytes),
  },
  {
    key: "created",
    title: "Created",
    width: "150px",
    wideOnly: true,
    cell: (row) => <Time at={row.created_at} />,
  },
  {
    key: "freed",
    title: "Freed",
    width: "minmax(76px, 150px)",
    phoneWidth: "72px",
    cell: (row) => <Time at={row.deleted_at} none="not yet" />,
  },
  {
    key: "why",
    title: "Why",
    width: "minmax(100px, 1fr)",
    wideOnly: true,
    cell: (row) => <span className="cut dim">{row.delete_reason}</span>,
  },
  {
    key: "path",
    title: <span className="sr">Path</span>,
    width: "28px",
    wideOnly: true,
    cell: (row) => row.path && <Copy value={row.path} label={`Copy ${row.path}`} />,
  },
];

/** The folders that tasks of a run share: which are kept, which were freed, when and why. */
export function StagingPage() {
  const { params, set } = useSearch();
  const state = params.get("state") ?? "all";
  const query = useQuery({
    queryKey: ["staging", state],
    queryFn: ({ signal }) =>
      api.get("/api/leoflow/v1/staging", {
        query: {
          limit: kPageMax,
          order_by: ["-id"],
          ...(state === "active" || state === "deleted" ? { state } : {}),
        },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
  return (
    <Page
      name="Staging volumes"
      title="Staging volumes"
      sub={
        query.data &&
        `${count(query.data.total_entries, "volume")}. Freed with the run's success, kept 24 h after a failure so that a repaired task finds its files.`
      }
    >
      <Panel flush>
        <div className={styles.filters}>
          <SegmentedControl
            aria-label="State"
            data={[
              { value: "all", label: "All" },
              { value: "active", label: "Kept" },
              { value: "deleted", label: "Freed" },
            ]}
            value={state}
            onChange={(value) => set({ state: value === "all" ? null : value })}
          />
        </div>
        <Loaded query={query}>
          {(page) =>
            page.staging_volumes.length === 0 ? (
              <Empty title="No staging volumes">
                Runs of DAGs with <code>staging: enabled: true</code> in leoflow.yaml have one.
              </Empty>
            ) : (
              <DataTable
                label="Staging volumes"
                columns={kColumns}
                rows={page.staging_volumes}
                rowKey={(row) => String(row.id)}
              />
            )
          }
        </Loaded>
      </Panel>
    </Page>
  );
}
