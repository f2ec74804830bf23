// SPDX-License-Identifier: Apache-2.0
import { Panel } from "@/components/Page";
import { Empty, Loaded } from "@/components/States";
import { RunAccount } from "../timeline/Account";
import { RunTimeline } from "../timeline/RunTimeline";
import styles from "./dag.module.css";
import { RunPicker, usePickedRun } from "./RunPicker";

/** The tasks of one run on a clock. */
export function GanttTab({ dagId }: { dagId: string }) {
  const { query, runs, picked } = usePickedRun(dagId);
  return (
    <Loaded query={query}>
      {() =>
        picked ? (
          <div className="stack">
            <div className={styles.controls} style={{ marginBottom: 0 }}>
              <RunPicker runs={runs} picked={picked} />
            </div>
            <Panel>
              <RunAccount run={picked} />
            </Panel>
            <Panel flush>
              <RunTimeline run={picked} />
            </Panel>
          </div>
        ) : (
          <Panel>
            <Empty title="It has not run yet">Press Trigger to start a run.</Empty>
          </Panel>
        )
      }
    </Loaded>
  );
}
