// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { dashboard } from "@/api/queries";
import { Page } from "@/components/Page";
import { Loaded } from "@/components/States";
import { Failures } from "./Failures";
import { FirstSteps } from "./FirstSteps";
import { Health } from "./Health";
import styles from "./home.module.css";
import { RunningNow } from "./RunningNow";
import { RunsOverTime } from "./RunsOverTime";
import { TaskFigures } from "./TaskFigures";
import { Tile } from "./Tile";

/** What runs, what failed and why, and whether all is well. */
export function HomePage() {
  const query = useQuery(dashboard());
  if (query.data?.dags.total === 0)
    return (
      <Page name="Home" title="Welcome to Leoflow">
        <FirstSteps />
      </Page>
    );
  return (
    <Page name="Home">
      <h1 className="sr">Home</h1>
      <Loaded query={query} rows={10}>
        {({ runs, dags, hours, open_runs, failures, tasks, health }) => (
          <>
            <div className={styles.tiles}>
              <Tile
                name="Running"
                state="running"
                value={runs.running}
                note="runs"
                to="/runs?state=running"
              />
              <Tile
                name="Queued"
                state="queued"
                value={runs.queued}
                note="runs wait for room"
                to="/runs?state=queued"
              />
              <Tile
                name="Failing"
                state={dags.failing ? "failed" : "success"}
                value={dags.failing}
                note="DAGs whose last run failed"
                to="/dags?view=failing"
              />
              <Tile
                name="Active"
                state="none"
                value={dags.active}
                note={`of ${dags.total} DAGs`}
                to="/dags?view=active"
              />
              <Health parts={health} />
            </div>
            <div className={styles.columns}>
              <div>
                <RunsOverTime hours={hours} />
                <Failures failures={failures} />
              </div>
              <div>
                <RunningNow runs={open_runs} total={runs.running + runs.queued} />
                <TaskFigures tasks={tasks} />
              </div>
            </div>
          </>
        )}
      </Loaded>
    </Page>
  );
}
