// SPDX-License-Identifier: Apache-2.0
import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import { kPageMax } from "@/api/paging";
import type { Connection } from "@/api/types";
import { Confirm } from "@/components/Confirm";
import { DataTable, type Column } from "@/components/DataTable";
import { Chip, Page, Panel } from "@/components/Page";
import { SearchField } from "@/components/SearchField";
import { Empty, Loaded } from "@/components/States";
import { useSearch } from "@/router/router";
import styles from "../dags/dags.module.css";
import { ConnectionForm } from "./ConnectionForm";
import { RowActions } from "./RowActions";
import { useSave } from "./useSave";

function address(row: Connection): string {
  const port = row.port === null ? "" : `:${row.port}`;
  return `${row.host ?? ""}${port}${row.schema ? `/${row.schema}` : ""}`;
}

function columns(
  edit: (row: Connection) => void,
  remove: (row: Connection) => void,
): Column<Connection>[] {
  return [
    {
      key: "id",
      title: "Id",
      width: "minmax(120px, 1.5fr)",
      cell: (row) => (
        <span className="cut" style={{ fontWeight: 500 }}>
          {row.connection_id}
        </span>
      ),
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
    {
      key: "about",
      title: "Description",
      width: "minmax(90px, 1.5fr)",
      wideOnly: true,
      cell: (row) => <span className="cut dim">{row.description}</span>,
    },
    {
      key: "do",
      title: <span className="sr">Actions</span>,
      width: "64px",
      end: true,
      cell: (row) => (
        <RowActions
          name={row.connection_id}
          onEdit={() => edit(row)}
          onDelete={() => remove(row)}
        />
      ),
    },
  ];
}

/** Where DAGs connect to. Secrets go in, never out. */
export function ConnectionsPage() {
  const { params } = useSearch();
  const search = params.get("q") ?? "";
  const [editing, setEditing] = useState<Connection | "new" | null>(null);
  const [deleting, setDeleting] = useState<Connection | null>(null);
  const { save } = useSave(["connections"]);
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
      actions={
        <Button leftSection={<IconPlus size={14} />} onClick={() => setEditing("new")}>
          New connection
        </Button>
      }
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
                columns={columns(setEditing, setDeleting)}
                rows={page.connections}
                rowKey={(row) => row.connection_id}
                onRow={setEditing}
              />
            )
          }
        </Loaded>
      </Panel>
      {editing && (
        <ConnectionForm
          connection={editing === "new" ? null : editing}
          onClose={() => setEditing(null)}
        />
      )}
      {deleting && (
        <Confirm
          title={`Delete ${deleting.connection_id}?`}
          action="Delete"
          onClose={() => setDeleting(null)}
          run={() =>
            save(
              () =>
                api.delete("/api/v2/connections/{connection_id}", {
                  path: { connection_id: deleting.connection_id },
                }),
              `Deleted ${deleting.connection_id}`,
            )
          }
        >
          Tasks that use it fail at their next start. Its password cannot be brought back.
        </Confirm>
      )}
    </Page>
  );
}
