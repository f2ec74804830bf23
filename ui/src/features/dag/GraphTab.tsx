// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { dagTaskGroups, dagTasks, runTasks } from "@/api/queries";
import { Panel } from "@/components/Page";
import { Loaded } from "@/components/States";
import { GraphView } from "../graph/GraphView";
import styles from "./dag.module.css";
import { Legend } from "./grid/GridTab";
import { RunPicker, usePickedRun } from "./RunPicker";

/** The graph with the states of a run. */
export function GraphTab({ dagId }: { dagId: string }) {
  const tasks = useQuery(dagTasks(dagId));
  const groups = useQuery(dagTaskGroups(dagId));
  const { runs, picked } = usePickedRun(dagId);
  const instances = useQuery({
    ...runTasks({ dagId, runId: picked?.dag_run_id ?? "" }),
    enabled: picked !== undefined,
  });
  return (
    <>
      <div className={styles.controls}>
        {picked && <RunPicker runs={runs} picked={picked} />}
        <Legend />
      </div>
      <Panel flush>
        <Loaded query={tasks}>
          {(list) => (
            <Loaded query={groups}>
              {(of) => (
                <GraphView name={dagId} tasks={list} groups={of} instances={instances.data} />
              )}
            </Loaded>
          )}
        </Loaded>
      </Panel>
    </>
  );
}
