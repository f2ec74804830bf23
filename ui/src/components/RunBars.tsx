// SPDX-License-Identifier: Apache-2.0
import type { LatestRun } from "@/api/types";
import { stateLabel, stateName } from "@/lib/states";
import { elapsed, relative, span } from "@/lib/time";
import { links } from "@/router/links";
import { Link } from "@/router/router";
import styles from "./runbars.module.css";

interface Props {
  /** Newest first, as the API lists them. */
  runs: readonly LatestRun[];
  /** How many places there are. */
  slots: number;
}

/** The last runs as bars: height is duration, newest at the right. */
export function RunBars({ runs, slots }: Props) {
  const now = Date.now();
  const shown = runs.slice(0, slots).reverse();
  const lengths = shown.map(
    (run) => run.duration ?? elapsed(run.start_date, run.end_date, now) ?? 0,
  );
  const longest = Math.max(0.001, ...lengths);
  return (
    <span className={styles.bars} role="group" aria-label={`Last ${shown.length} runs`}>
      {Array.from({ length: slots - shown.length }, (_, index) => (
        <span key={index} className={styles.missing} />
      ))}
      {shown.map((run, index) => {
        const length = lengths[index] ?? 0;
        const label = `${stateLabel(run.state)}, ${span(length)}, ${relative(Date.parse(run.run_after), now)}`;
        return (
          <Link
            key={run.dag_run_id}
            to={links.run({ dagId: run.dag_id, runId: run.dag_run_id })}
            className={styles.bar}
            data-state={stateName(run.state)}
            style={{ height: `${20 + 80 * Math.sqrt(length / longest)}%` }}
            title={label}
            aria-label={label}
            tabIndex={-1}
          />
        );
      })}
    </span>
  );
}
