// SPDX-License-Identifier: Apache-2.0
import { Button } from "@mantine/core";
import { IconCalendarRepeat } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import { backfillProgress, backfills } from "@/api/backfillQueries";
import type { Backfill, BackfillProgress, DagDetails } from "@/api/types";
import { useAuth } from "@/auth/AuthProvider";
import { Confirm } from "@/components/Confirm";
import { Panel } from "@/components/Page";
import { Empty, Loaded } from "@/components/States";
import { Time } from "@/components/Time";
import { useToasts } from "@/components/toast";
import { count } from "@/lib/text";
import { BackfillDialog } from "./BackfillDialog";
import styles from "./backfill.module.css";

const kParts = [
  ["success", "success"],
  ["failed", "failed"],
  ["running", "running"],
  ["queued", "queued"],
  ["left_out", "left out"],
] as const;

/** How many of its dates are where, as a bar and in words. */
function Progress({ of }: { of: BackfillProgress }) {
  const parts = kParts.filter(([key]) => of[key] > 0);
  return (
    <div className={styles.progress}>
      <div className={styles.bar} aria-hidden>
        {parts.map(([key]) => (
          <i key={key} className={styles[key]} style={{ flexGrow: of[key] }} />
        ))}
        {of.waiting > 0 && <i style={{ flexGrow: of.waiting }} />}
      </div>
      <span className="dim num">
        {parts.map(([key, title]) => `${of[key]} ${title}`).join(" · ")}
        {of.waiting > 0 && `${parts.length > 0 ? " · " : ""}${of.waiting} to come`}
      </span>
    </div>
  );
}

function state(backfill: Backfill): string {
  if (backfill.completed_at) return backfill.is_paused ? "cancelled" : "completed";
  return backfill.is_paused ? "paused" : "under way";
}

function BackfillRow({ backfill }: { backfill: Backfill }) {
  const progress = useQuery(backfillProgress(backfill.dag_id, backfill.id));
  const { me } = useAuth();
  const client = useQueryClient();
  const { say, fail } = useToasts();
  const [cancelling, setCancelling] = useState(false);

  async function move(how: "pause" | "unpause" | "cancel") {
    await api.put(`/api/v2/backfills/{backfill_id}/${how}`, {
      path: { backfill_id: backfill.id },
    });
    await client.invalidateQueries({ queryKey: ["dag", backfill.dag_id, "backfills"] });
  }

  return (
    <li className={styles.row}>
      <div className={styles.head}>
        <strong>
          <Time at={backfill.from_date} /> to <Time at={backfill.to_date} />
        </strong>
        <span className="dim">
          {state(backfill)}
          {backfill.completed_at && (
            <>
              {" "}
              <Time at={backfill.completed_at} ago />
            </>
          )}
          {progress.data?.username && ` · asked for by ${progress.data.username}`}
          {` · at most ${count(backfill.max_active_runs, "run")} at once`}
        </span>
      </div>
      {progress.data && <Progress of={progress.data} />}
      {me.can.trigger && !backfill.completed_at && (
        <div className={styles.actions}>
          <Button
            variant="default"
            size="compact-xs"
            onClick={() => void move(backfill.is_paused ? "unpause" : "pause").catch(fail)}
          >
            {backfill.is_paused ? "Resume" : "Pause"}
          </Button>
          <Button variant="default" size="compact-xs" onClick={() => setCancelling(true)}>
            Cancel…
          </Button>
        </div>
      )}
      {cancelling && (
        <Confirm
          title={`Cancel backfill ${backfill.id}?`}
          action="Cancel the backfill"
          onClose={() => setCancelling(false)}
          run={async () => {
            await move("cancel");
            say(`Cancelled backfill ${backfill.id}`);
          }}
        >
          Its runs that wait are marked failed and no more are made. Runs that are under way go on.
        </Confirm>
      )}
    </li>
  );
}

/** The backfills of a DAG, the newest first. */
export function BackfillsTab({ dag }: { dag: DagDetails }) {
  const query = useQuery(backfills(dag.dag_id));
  const { me } = useAuth();
  const [asking, setAsking] = useState(false);
  const start = me.can.trigger && dag.is_backfillable && (
    <Button
      variant="default"
      size="compact-sm"
      leftSection={<IconCalendarRepeat size={14} />}
      onClick={() => setAsking(true)}
    >
      Backfill…
    </Button>
  );
  return (
    <Panel title="Backfills" actions={start}>
      <Loaded query={query}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty title="No backfills">
              {dag.is_backfillable
                ? "A backfill runs the dates of a range that have no run yet."
                : "The DAG has no schedule, so there are no dates to make up for."}
            </Empty>
          ) : (
            <ul className={styles.list}>
              {rows.map((backfill) => (
                <BackfillRow key={backfill.id} backfill={backfill} />
              ))}
            </ul>
          )
        }
      </Loaded>
      {asking && <BackfillDialog dag={dag} onClose={() => setAsking(false)} />}
    </Panel>
  );
}
