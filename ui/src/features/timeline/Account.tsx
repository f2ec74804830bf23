// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { runAttempts } from "@/api/queries";
import type { DagRun } from "@/api/types";
import { Hint } from "@/components/Hint";
import { useNow } from "@/lib/now";
import { isOpen } from "@/lib/states";
import { instant, span } from "@/lib/time";
import { account, lanes, overhead, type Phase } from "@/lib/timeline";
import styles from "./timeline.module.css";

const kParts: { phase: Phase; title: string; about: string; look: string | undefined }[] = [
  {
    phase: "user",
    title: "user code",
    about: "At least one task ran your code",
    look: styles.user,
  },
  {
    phase: "starting",
    title: "starting",
    about: "No task ran yet, at least one process was being started",
    look: styles.starting,
  },
  {
    phase: "queued",
    title: "queued",
    about: "Everything waited for a free slot",
    look: styles.queued,
  },
  {
    phase: "retry",
    title: "retry delay",
    about: "The pause before another try",
    look: styles.retry,
  },
  {
    phase: "decide",
    title: "deciding",
    about: "Between tasks: outcomes on their way, decisions, commits",
    look: styles.decide,
  },
];

/** Where a run's wall time went, and how much of it is ours. */
export function RunAccount({ run }: { run: DagRun }) {
  const { data } = useQuery(runAttempts({ dagId: run.dag_id, runId: run.dag_run_id }));
  const now = useNow(isOpen(run.state) ? "second" : "still");
  const parts = useMemo(() => {
    const from = instant(run.start_date);
    if (!data || from === null) return null;
    return account(lanes(data, now), from, instant(run.end_date) ?? now);
  }, [data, now, run.start_date, run.end_date]);
  if (!parts) return null;
  const total = Object.values(parts).reduce((sum, each) => sum + each, 0);
  if (total <= 0) return null;
  const shown = kParts.filter(({ phase }) => parts[phase] > 0);
  const ours = overhead(parts);
  return (
    <div>
      <div className={styles.strip} role="img" aria-label="Where the time went">
        {shown.map(({ phase, title, look }) => (
          <span
            key={phase}
            className={look}
            data-state="success"
            style={{
              flexGrow: (parts[phase] / total) * 100,
              position: "static",
              height: "100%",
              borderRadius: 0,
            }}
            title={`${title}: ${span(parts[phase])}`}
          />
        ))}
      </div>
      <div className={styles.account}>
        {shown.map(({ phase, title, about, look }) => (
          <Hint key={phase} label={about}>
            <span>
              <i
                className={`${styles.swatch} ${look}`}
                data-state="success"
                style={{ position: "static" }}
              />
              <strong>{span(parts[phase])}</strong> {title}
            </span>
          </Hint>
        ))}
        <Hint label="Starting and deciding: what Leoflow adds to your own time">
          <span style={{ marginLeft: "auto" }}>
            Orchestration overhead <strong>{span(ours)}</strong>
            <span className="faint num">{((ours / total) * 100).toFixed(1)} %</span>
          </span>
        </Hint>
      </div>
    </div>
  );
}
