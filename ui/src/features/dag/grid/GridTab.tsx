// SPDX-License-Identifier: Apache-2.0
import { Button, SegmentedControl } from "@mantine/core";
import { IconSquareCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { recentRuns } from "@/api/queries";
import { useAuth } from "@/auth/AuthProvider";
import { Panel } from "@/components/Page";
import { StateIcon } from "@/components/StateIcon";
import { Empty, Loaded } from "@/components/States";
import { stateLabel, type StateName } from "@/lib/states";
import { useSearch } from "@/router/router";
import styles from "../dag.module.css";
import { useFolds } from "../../graph/useFolds";
import { ChosenCells } from "./ChosenCells";
import { Grid } from "./Grid";
import { useChosenCells } from "./useChosenCells";
import { useGridRows } from "./useGrid";

const kLegend: StateName[] = [
  "success",
  "failed",
  "running",
  "queued",
  "up_for_retry",
  "upstream_failed",
  "skipped",
];
const kCounts = ["25", "50", "100"];

export function Legend() {
  return (
    <div className={styles.legend} aria-label="What the marks mean">
      {kLegend.map((state) => (
        <span key={state}>
          <StateIcon state={state} size={12} />
          {stateLabel(state)}
        </span>
      ))}
    </div>
  );
}

/** Runs by tasks: one look at what happened when. */
export function GridTab({ dagId }: { dagId: string }) {
  const { params, set } = useSearch();
  const count = params.get("runs") ?? "25";
  const { folded, toggle } = useFolds();
  const runs = useQuery(recentRuns(dagId, { limit: Number(count) }));
  const { query, groups, rows } = useGridRows(dagId, folded);
  const columns = useMemo(() => [...(runs.data?.dag_runs ?? [])].reverse(), [runs.data]);
  const { me } = useAuth();
  const cells = useChosenCells(rows, columns);
  const { active, setActive, chosen, none } = cells;

  return (
    <>
      <div className={styles.controls}>
        <SegmentedControl
          aria-label="How many runs"
          data={kCounts.map((value) => ({ value, label: `${value} runs` }))}
          value={count}
          onChange={(value) => set({ runs: value === "25" ? null : value })}
        />
        {me.can.trigger && columns.length > 0 && (
          <Button
            variant="default"
            className={styles.toggle}
            leftSection={<IconSquareCheck size={14} />}
            aria-pressed={active}
            onClick={() => (active ? none() : setActive(true))}
          >
            Choose
          </Button>
        )}
        {chosen.size > 0 ? (
          <ChosenCells
            dagId={dagId}
            runs={columns}
            taskCount={query.data?.length ?? 0}
            cells={cells}
          />
        ) : active ? (
          <span className="dim">
            Press cells, bars of runs or names of tasks; with Shift a range. Esc ends it.
          </span>
        ) : (
          <Legend />
        )}
      </div>
      <Panel flush>
        <Loaded query={runs}>
          {() =>
            columns.length === 0 ? (
              <Empty title="It has not run yet">
                Press Trigger, or t, and watch its tasks appear here as they run.
              </Empty>
            ) : (
              <Loaded query={query}>
                {(tasks) => (
                  <Loaded query={groups}>
                    {() => (
                      <Grid
                        runs={columns}
                        rows={rows}
                        taskCount={tasks.length}
                        folded={folded}
                        onFold={toggle}
                        chosen={me.can.trigger ? cells : null}
                      />
                    )}
                  </Loaded>
                )}
              </Loaded>
            )
          }
        </Loaded>
      </Panel>
    </>
  );
}
