// SPDX-License-Identifier: Apache-2.0
import type { AssetEvent } from "@/api/types";
import { DataTable, type Column } from "@/components/DataTable";
import { Time } from "@/components/Time";
import { links } from "@/router/links";
import { Link } from "@/router/router";

function Source({ event }: { event: AssetEvent }) {
  const { source_dag_id: dagId, source_run_id: runId, source_task_id: taskId } = event;
  if (!dagId || !runId || !taskId) return <span className="faint">a person or the API</span>;
  const ref = { dagId, runId, taskId, mapIndex: event.source_map_index };
  return (
    <Link to={links.task(ref)} className="cut">
      {dagId} <span className="dim">{taskId}</span>
    </Link>
  );
}

function Started({ event }: { event: AssetEvent }) {
  if (event.created_dagruns.length === 0) return <span className="faint">nothing yet</span>;
  return (
    <span className="row cut">
      {event.created_dagruns.map(({ dag_id: dagId, run_id: runId }) => (
        <Link key={`${dagId} ${runId}`} to={links.run({ dagId, runId })}>
          {dagId}
        </Link>
      ))}
    </span>
  );
}

const kWhen: Column<AssetEvent> = {
  key: "when",
  title: "When",
  width: "150px",
  phoneWidth: "90px",
  cell: (event) => <Time at={event.timestamp} />,
};

const kRest: Column<AssetEvent>[] = [
  {
    key: "source",
    title: "From",
    width: "minmax(110px, 1.2fr)",
    cell: (event) => <Source event={event} />,
  },
  {
    key: "extra",
    title: "Extra",
    width: "minmax(90px, 1.4fr)",
    wideOnly: true,
    cell: (event) => <span className="cut mono">{JSON.stringify(event.extra ?? {})}</span>,
  },
];

const kAsset: Column<AssetEvent> = {
  key: "asset",
  title: "Asset",
  width: "minmax(100px, 1fr)",
  cell: (event) => (
    <Link to={links.asset(event.asset_id)} className="cut">
      {event.name}
    </Link>
  ),
};

const kStarted: Column<AssetEvent> = {
  key: "started",
  title: "Started",
  width: "minmax(90px, 1fr)",
  cell: (event) => <Started event={event} />,
};

interface Props {
  events: readonly AssetEvent[];
  /** Of one run: which asset, not what each started. */
  ofRun?: boolean;
}

/** Updates of assets. */
export function EventList({ events, ofRun = false }: Props) {
  return (
    <DataTable
      label="Asset events"
      columns={ofRun ? [kWhen, kAsset, ...kRest] : [kWhen, ...kRest, kStarted]}
      rows={events}
      rowKey={(event) => String(event.id)}
    />
  );
}
