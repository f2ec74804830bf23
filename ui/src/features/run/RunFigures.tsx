// SPDX-License-Identifier: Apache-2.0
import type { ReactNode } from "react";
import type { DagRun } from "@/api/types";
import { Chip } from "@/components/Page";
import { Duration, Time } from "@/components/Time";
import { links } from "@/router/links";
import { runTypeLabel } from "../runs/runColumns";
import styles from "./run.module.css";

interface FigureProps {
  name: string;
  children: ReactNode;
}

function Figure({ name, children }: FigureProps) {
  return (
    <div className={styles.figure}>
      <span className={styles.figureName}>{name}</span>
      <span className={styles.figureValue}>{children}</span>
    </div>
  );
}

/** The run in a few figures, its duration first. */
export function RunFigures({ run }: { run: DagRun }) {
  const version = run.dag_versions.at(-1);
  return (
    <>
      <div className={styles.figures}>
        <div className={styles.figure}>
          <span className={styles.figureName}>Duration</span>
          <span className={styles.clock}>
            <Duration
              start={run.start_date}
              end={run.end_date}
              seconds={run.duration}
              exact
              running={run.state === "running"}
            />
          </span>
        </div>
        <Figure name="Started">
          <Time at={run.start_date} none="waits for room" />
        </Figure>
        <Figure name="Ended">
          <Time at={run.end_date} none={run.state === "running" ? "still runs" : "–"} />
        </Figure>
        {run.logical_date && (
          <Figure name="Logical date">
            <Time at={run.logical_date} />
          </Figure>
        )}
        <Figure name="Type">{runTypeLabel(run.run_type)}</Figure>
        <Figure name="By">{run.triggering_user_name ?? run.triggered_by ?? "–"}</Figure>
        {version && (
          <Figure name="Version">
            <Chip to={`${links.dag(run.dag_id, "code")}?version=${version.version_number}`}>
              {version.version_number} · {run.bundle_version ?? version.bundle_version ?? "–"}
            </Chip>
          </Figure>
        )}
      </div>
      {run.note && <div className={styles.note}>{run.note}</div>}
    </>
  );
}
