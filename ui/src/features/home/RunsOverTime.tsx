// SPDX-License-Identifier: Apache-2.0
import { useState } from "react";
import type { Dashboard } from "@/api/types";
import { useZone } from "@/app/ZoneProvider";
import { Panel } from "@/components/Page";
import { StateIcon } from "@/components/StateIcon";
import { dateAndTime } from "@/lib/time";
import styles from "./home.module.css";
import { lastHours, type Hour } from "./stats";

const kHours = 24;

/** Runs of the last day, by hour and how they ended. */
export function RunsOverTime({ hours }: { hours: Dashboard["hours"] }) {
  return (
    <Panel
      title="Runs in the last 24 hours"
      actions={
        <span className="row faint">
          <StateIcon state="success" size={12} /> success
          <StateIcon state="failed" size={12} /> failed
          <StateIcon state="running" size={12} /> open
        </span>
      }
    >
      <Chart hours={lastHours(hours, Date.now(), kHours)} />
    </Panel>
  );
}

function Chart({ hours }: { hours: Hour[] }) {
  const { zone } = useZone();
  const [at, setAt] = useState<number | null>(null);
  const most = Math.max(1, ...hours.map((hour) => hour.success + hour.failed + hour.open));
  const time = (from: number) => dateAndTime(from, zone).time.slice(0, 5);
  const label = (hour: Hour) =>
    `${time(hour.from)}: ${hour.success} success, ${hour.failed} failed, ${hour.open} open`;
  const shown = at === null ? null : hours[at];
  return (
    <div>
      <div className={styles.chart} role="img" aria-label="Runs per hour">
        {hours.map((hour, index) => (
          <div
            key={hour.from}
            className={styles.hour}
            title={label(hour)}
            onMouseEnter={() => setAt(index)}
            onMouseLeave={() => setAt(null)}
          >
            {(["open", "failed", "success"] as const).map((part) =>
              hour[part] > 0 ? (
                <div
                  key={part}
                  className={styles.part}
                  data-state={part === "open" ? "running" : part}
                  style={{ height: `${(hour[part] / most) * 100}%` }}
                />
              ) : null,
            )}
          </div>
        ))}
      </div>
      <div className={styles.axis} aria-hidden>
        {shown ? (
          <span style={{ color: "var(--ink)" }}>{label(shown)}</span>
        ) : (
          [0, 6, 12, 18, 23].map((index) => (
            <span key={index}>{hours[index] ? time(hours[index].from) : ""}</span>
          ))
        )}
      </div>
    </div>
  );
}
