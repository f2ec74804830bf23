// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { runStaging } from "@/api/queries";
import type { DagRun, StagingVolume } from "@/api/types";
import { JsonTree } from "@/components/JsonTree";
import { Copy } from "@/components/Copy";
import { Cards, Facts, Panel } from "@/components/Page";
import { Loaded } from "@/components/States";
import { Time } from "@/components/Time";
import { bytes } from "@/lib/text";
import { RunAssetEvents } from "../assets/RunAssetEvents";
import { runTypeLabel } from "../runs/runColumns";

const kFreed: Record<string, string> = {
  run_succeeded: "the run succeeded",
  ttl_expired: "it was kept long enough after the failure",
  orphaned: "its run is gone",
};

function Volume({ volume }: { volume: StagingVolume }) {
  return (
    <Facts
      items={[
        ["State", volume.state === "active" ? "kept" : "freed"],
        ["Limit", bytes(volume.size_bytes)],
        ["Created", <Time key="created" at={volume.created_at} />],
        ["Freed", <Time key="deleted" at={volume.deleted_at} none="not yet" />],
        [
          "Why",
          volume.delete_reason
            ? `${kFreed[volume.delete_reason] ?? volume.delete_reason} (${volume.delete_reason})`
            : "a failed run keeps it for 24 h, so that a repaired task finds its files",
        ],
        ["Name", <span className="mono">{volume.name}</span>],
        [
          "Path",
          volume.path && (
            <span className="row">
              <span className="mono cut">{volume.path}</span>
              <Copy value={volume.path} label="Copy the path" />
            </span>
          ),
        ],
      ]}
    />
  );
}

/** What a run was given, and the disk it had. */
export function RunDetails({ run }: { run: DagRun }) {
  const staging = useQuery(runStaging({ dagId: run.dag_id, runId: run.dag_run_id }));
  return (
    <Cards>
      <Panel title="Configuration">
        {run.conf && Object.keys(run.conf).length > 0 ? (
          <JsonTree value={run.conf} />
        ) : (
          <span className="faint">It was started without one.</span>
        )}
      </Panel>
      {run.run_type === "asset_triggered" && <RunAssetEvents run={run} />}
      <Panel title="Staging volume">
        <Loaded query={staging} rows={3}>
          {(volumes) =>
            volumes[0] ? (
              <Volume volume={volumes[0]} />
            ) : (
              <span className="faint">
                None. With <code>staging: enabled: true</code> in leoflow.yaml the tasks of a run
                share a folder.
              </span>
            )
          }
        </Loaded>
      </Panel>
      <Panel title="Times">
        <Facts
          items={[
            ["Run after", <Time key="after" at={run.run_after} />],
            ["Logical date", <Time key="logical" at={run.logical_date} />],
            ["Data interval from", <Time key="from" at={run.data_interval_start} />],
            ["Data interval to", <Time key="to" at={run.data_interval_end} />],
            ["Queued", <Time key="queued" at={run.queued_at} />],
            ["Started", <Time key="started" at={run.start_date} />],
            ["Ended", <Time key="ended" at={run.end_date} />],
            ["Last decision", <Time key="decided" at={run.last_scheduling_decision} />],
          ]}
        />
      </Panel>
      <Panel title="Origin">
        <Facts
          items={[
            ["Type", runTypeLabel(run.run_type)],
            ["Triggered by", run.triggered_by],
            ["User", run.triggering_user_name],
            [
              "Versions",
              run.dag_versions
                .map((each) => `${each.version_number} · ${each.bundle_version ?? "–"}`)
                .join(", "),
            ],
            ["Bundle version", run.bundle_version && <code>{run.bundle_version}</code>],
          ]}
        />
      </Panel>
    </Cards>
  );
}
