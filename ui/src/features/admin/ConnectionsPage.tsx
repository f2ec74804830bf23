// SPDX-License-Identifier: Apache-2.0
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";
import { kPageMax } from "@/api/paging";
import type { Connection } from "@/api/types";
import { DataTable, type Column } from "@/components/DataTable";
import { Chip, Page, Panel } from "@/components/Page";
import { SearchField } from "@/components/SearchField";
import { Empty, Loaded } from "@/components/States";
import { useSearch } from "@/router/router";
import styles from "../dags/dags.module.css";
import { ConnectionForm } from "./ConnectionForm";
import { actionsColumn, descriptionColumn, nameText } from "./rowColumns";
import { useRowDialogs } from "./useRowDialogs";

function address(row: Connection): string {
  const port = row.port === null ? "" : `:${row.port}`;
  return `${row.host ?? ""}${port}${row.schema ? `/${row.schema}` : ""}`;
}

const nameOf = (row: Connection) => row.connection_id;

const kColumns: Column<Connection>[] = [
  {
    key: "id",
    title: "Id",
    width: "minmax(120px, 1.5fr)",
    cell: (row) => nameText(row.connection_id),
  },
  {
    key: "type",
    title: "Type",
    width: "minmax(90px, 150px)",
    cell: (row) => <Chip>{row.conn_type}</Chip>,
  },
  {
    key: "address",
    title: "Where",
    width: "minmax(100px, 2fr)",
    wideOnly: true,
    cell: (row) => <span className="cut mono">{address(row) || "–"}</span>,
  },
  {
    key: "login",
    title: "User",
    width: "minmax(80px, 1fr)",
    wideOnly: true,
    cell: (row) => <span className="cut">{row.login ?? <span className="faint">–</span>}</span>,
  },
  {
    key: "password",
    title: "Password",
    width: "90px",
    wideOnly: true,
    cell: (row) =>
      row.password ? <span className="dim">stored</span> : <span className="faint">none</span>,
  },
  descriptionColumn(),
];

/** Where DAGs connect to. Secrets go in, never out. */
export function ConnectionsPage() {
  const { params } = useSearch();
  const search = params.get("q") ?? "";
  const row = useRowDialogs<Connection>({
    noun: "connection",
    nameOf,
    stale: ["connections"],
    form: (connection, close) => <ConnectionForm connection={connection} onClose={close} />,
    remove: ({ connection_id }) =>
      api.delete("/api/v2/connections/{connection_id}", { path: { connection_id } }),
    loses: "Tasks that use it fail at their next start. Its password cannot be brought back.",
  });
  const query = useQuery({
    queryKey: ["connections", search],
    queryFn: ({ signal }) =>
      api.get("/api/v2/connections", {
        query: { limit: kPageMax, connection_id_pattern: search },
        signal,
      }),
    placeholderData: keepPreviousData,
    refetchOnMount: "always",
  });
  return (
    <Page
      name="Connections"
      title="Connections"
      sub="Encrypted at rest, handed to tasks as AIRFLOW_CONN_…; a password is never shown again"
      actions={row.add}
    >
      <Panel flush>
        <div className={styles.filters} role="search">
          <SearchField label="Find connections" hint="Find by id…" />
        </div>
        <Loaded query={query}>
          {(page) =>
            page.connections.length === 0 ? (
              <Empty title={search ? "No connection matches" : "No connections yet"}>
                {search
                  ? "Search for a shorter part of the id."
                  : "Add one, and tasks that declare it find it in their environment."}
              </Empty>
            ) : (
              <DataTable
                label="Connections"
                columns={[...kColumns, actionsColumn(nameOf, row)]}
                rows={page.connections}
                rowKey={nameOf}
                onRow={row.edit}
              />
            )
          }
        </Loaded>
      </Panel>
      {row.dialogs}
    </Page>
  );
}
