// SPDX-License-Identifier: Apache-2.0
import { StateIcon } from "@/components/StateIcon";
import type { Together } from "@/lib/mapped";
import { stateLabel, type StateName } from "@/lib/states";
import { Link } from "@/router/router";
import styles from "./run.module.css";

interface Props {
  counts: Together["counts"];
  /** Where those of a state are listed; without it they are no links. */
  to?: (state: StateName) => string;
  /** The state whose list this is. */
  shown?: string | null;
}

/** How many task instances there are of each state. */
export function StateCounts({ counts, to, shown = null }: Props) {
  return (
    <span className={`row wrap dim ${styles.counts}`}>
      {counts.map(({ state, count }) => {
        const body = (
          <>
            <StateIcon state={state} size={13} labelled />
            <span className="num">{count.toLocaleString("en")}</span>
          </>
        );
        return to ? (
          <Link
            key={state}
            to={to(state)}
            replace={shown !== null}
            className={styles.count}
            title={stateLabel(state)}
            {...(state === shown ? { "aria-current": "true" as const } : {})}
          >
            {body}
          </Link>
        ) : (
          <span key={state} className={styles.count} title={stateLabel(state)}>
            {body}
          </span>
        );
      })}
    </span>
  );
}
