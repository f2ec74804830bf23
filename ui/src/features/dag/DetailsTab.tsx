// SPDX-License-Identifier: Apache-2.0
import type { ReactNode } from "react";
import type { DagDetails, Param } from "@/api/types";
import { useZone } from "@/app/ZoneProvider";
import { Markdown } from "@/components/Markdown";
import { Cards, Facts, Panel } from "@/components/Page";
import { Time } from "@/components/Time";
import { JsonTree } from "@/components/JsonTree";
import { ScheduleAssets } from "../assets/Condition";
import { scheduleInZone } from "../dags/schedule";

/** Everything there is to know about a DAG. */
export function DetailsTab({ dag }: { dag: DagDetails }) {
  const { zone } = useZone();
  const params = dag.params as Record<string, Param>;
  return (
    <Cards>
      {dag.doc_md && (
        <Panel title="Documentation">
          <Markdown text={dag.doc_md} />
        </Panel>
      )}
      <Panel title="Schedule">
        <Facts
          items={[
            ["In words", dag.timetable_description ?? scheduleInZone(dag, zone)],
            ["Expression", dag.timetable_summary && <code>{dag.timetable_summary}</code>],
            ...((dag.asset_expression
              ? [["Assets", <ScheduleAssets key="assets" expression={dag.asset_expression} />]]
              : []) as [string, ReactNode][]),
            ["Time zone", dag.timezone],
            ["Next run", <Time key="next" at={dag.next_dagrun_run_after} />],
            [
              "Its data interval",
              dag.next_dagrun_data_interval_start && (
                <span className="row wrap" key="interval">
                  <Time at={dag.next_dagrun_data_interval_start} />
                  {dag.next_dagrun_data_interval_end !== dag.next_dagrun_data_interval_start && (
                    <>
                      to <Time at={dag.next_dagrun_data_interval_end} />
                    </>
                  )}
                </span>
              ),
            ],
            ["Starts", <Time key="start" at={dag.start_date} none="at once" />],
            ["Ends", <Time key="end" at={dag.end_date} none="never" />],
            ["Catches up", dag.catchup ? "yes: missed intervals are run" : "no"],
          ]}
        />
      </Panel>
      <Panel title="Limits">
        <Facts
          items={[
            ["Active runs", dag.max_active_runs],
            ["Active tasks", dag.max_active_tasks],
            ["Run timeout", dag.dag_run_timeout],
            [
              "Pauses after",
              `${dag.max_consecutive_failed_dag_runs || "no number of"} failed runs`,
            ],
          ]}
        />
      </Panel>
      <Panel title="Params">
        {Object.keys(params).length === 0 ? (
          <span className="faint">None are declared.</span>
        ) : (
          <Facts
            items={Object.entries(params).map(([name, param]) => [
              name,
              <div key={name}>
                <JsonTree value={param.value} />
                {param.description && <div className="faint">{param.description}</div>}
              </div>,
            ])}
          />
        )}
      </Panel>
      <Panel title="Source">
        <Facts
          items={[
            ["File", <span className="mono">{dag.relative_fileloc ?? dag.fileloc}</span>],
            ["Bundle", dag.bundle_name],
            ["Version label", dag.bundle_version && <code>{dag.bundle_version}</code>],
            ["Last compiled", <Time key="parsed" at={dag.last_parsed_time} />],
            [
              "Compiling took",
              dag.last_parse_duration == null
                ? null
                : `${Math.round(dag.last_parse_duration * 1000)} ms`,
            ],
          ]}
        />
      </Panel>
      {dag.default_args && Object.keys(dag.default_args).length > 0 && (
        <Panel title="Default arguments">
          <JsonTree value={dag.default_args} />
        </Panel>
      )}
    </Cards>
  );
}
