// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { assets } from "@/api/assetQueries";
import type { Asset } from "@/api/types";
import { DataTable, type Column } from "@/components/DataTable";
import { Chip, Page, Panel } from "@/components/Page";
import { SearchField } from "@/components/SearchField";
import { Empty, Loaded } from "@/components/States";
import { Time } from "@/components/Time";
import { count } from "@/lib/text";
import { links } from "@/router/links";
import { Link, useSearch } from "@/router/router";
import styles from "../dags/dags.module.css";

/** Each DAG once, however many of its tasks there are. */
function Dags({ of }: { of: readonly { dag_id: string }[] }) {
  const ids = [...new Set(of.map((each) => each.dag_id))];
  return (
    <span className="row cut">
      {ids.map((id) => (
        <Chip key={id} to={links.dag(id)}>
          {id}
        </Chip>
      ))}
      {ids.length === 0 && <span className="faint">–</span>}
    </span>
  );
}

const kColumns: Column<Asset>[] = [
  {
    key: "name",
    title: "Name",
    width: "minmax(120px, 1.4fr)",
    phoneWidth: "minmax(100px, 1.4fr)",
    cell: (row) => (
      <Link to={links.asset(row.id)} className="cut">
        {row.name}
      </Link>
    ),
  },
  {
    key: "uri",
    title: "URI",
    width: "minmax(100px, 1.4fr)",
    wideOnly: true,
    cell: (row) => <span className="cut mono faint">{row.uri}</span>,
  },
  {
    key: "made",
    title: "Made by",
    width: "minmax(90px, 1fr)",
    cell: (row) => <Dags of={row.producing_tasks} />,
  },
  {
    key: "starts",
    title: "Starts",
    width: "minmax(90px, 1fr)",
    wideOnly: true,
    cell: (row) => <Dags of={row.scheduled_dags} />,
  },
  {
    key: "last",
    title: "Last event",
    width: "110px",
    phoneWidth: "86px",
    cell: (row) => <Time at={row.last_asset_event?.timestamp} ago none="never" />,
  },
];

/** Data that tasks make and DAGs wait for. */
export function AssetsPage() {
  const { params } = useSearch();
  const search = params.get("q") ?? "";
  const query = useQuery({ ...assets(search), refetchOnMount: "always" });
  return (
    <Page
      name="Assets"
      title="Assets"
      sub={query.data ? count(query.data.total_entries, "asset") : " "}
    >
      <Panel flush>
        <div className={styles.filters} role="search">
          <SearchField label="Find assets" hint="Find by name…" />
        </div>
        <Loaded query={query}>
          {(page) =>
            page.assets.length === 0 ? (
              <Empty title={search ? "No asset matches" : "No assets yet"}>
                {search ? (
                  "Search for a shorter part of the name."
                ) : (
                  <>
                    A task makes one with <code>outlets=[Asset(…)]</code>, and a DAG with{" "}
                    <code>schedule=[Asset(…)]</code> starts when it was updated.
                  </>
                )}
              </Empty>
            ) : (
              <DataTable
                label="Assets"
                columns={kColumns}
                rows={page.assets}
                rowKey={(row) => String(row.id)}
                rowLink={(row) => links.asset(row.id)}
              />
            )
          }
        </Loaded>
      </Panel>
    </Page>
  );
}
