// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { dagsCount, recentRuns } from "@/api/queries";
import { Page } from "@/components/Page";
import { Bones } from "@/components/States";
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
  const total = useQuery(dagsCount({}));
  const active = useQuery(dagsCount({ paused: false }));
  const failing = useQuery(dagsCount({ lastState: "failed" }));
  const running = useQuery(recentRuns("~", { state: ["running"], limit: 8 }));
  const queued = useQuery(recentRuns("~", { state: ["queued"], limit: 1 }));
  if (total.data === undefined && !total.error) return <Bones rows={10} />;
  if (total.data === 0)
    return (
      <Page name="Home" title="Welcome to Leoflow">
        <FirstSteps />
      </Page>
    );
  return (
    <Page name="Home">
      <h1 className="sr">Home</h1>
      <div className={styles.tiles}>
        <Tile
          name="Running"
          state="running"
          value={running.data?.total_entries}
          note="runs"
          to="/runs?state=running"
        />
        <Tile
          name="Queued"
          state="queued"
          value={queued.data?.total_entries}
          note="runs wait for room"
          to="/runs?state=queued"
        />
        <Tile
          name="Failing"
          state={failing.data ? "failed" : "success"}
          value={failing.data}
          note="DAGs whose last run failed"
          to="/dags?view=failing"
        />
        <Tile
          name="Active"
          state="none"
          value={active.data}
          note={`of ${total.data ?? "–"} DAGs`}
          to="/dags?view=active"
        />
        <Health />
      </div>
      <div className={styles.columns}>
        <div>
          <RunsOverTime />
          <Failures />
        </div>
        <div>
          <RunningNow runs={running.data?.dag_runs} total={running.data?.total_entries ?? 0} />
          <TaskFigures />
        </div>
      </div>
    </Page>
  );
}
