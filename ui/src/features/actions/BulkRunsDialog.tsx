// SPDX-License-Identifier: Apache-2.0
import { Checkbox } from "@mantine/core";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import type { DagRun, RunState } from "@/api/types";
import { Dialog } from "@/components/Dialog";
import { DialogActions } from "@/components/DialogActions";
import { StateIcon } from "@/components/StateIcon";
import { Failure } from "@/components/States";
import { useToasts } from "@/components/toast";
import { count } from "@/lib/text";
import styles from "./actions.module.css";

export type BulkAction = "clear" | "success" | "failed" | "cancel" | "delete";

interface Props {
  runs: readonly DagRun[];
  action: BulkAction;
  /** Called with true when it was done. */
  onClose: (done: boolean) => void;
}

const kTexts: Record<BulkAction, { title: string; about: string; verb: string; done: string }> = {
  clear: {
    title: "Clear",
    about: "Their tasks run again, with the files of the staging volumes where they were.",
    verb: "Clear",
    done: "Cleared",
  },
  success: {
    title: "Mark as success",
    about: "What has not ended is marked as success, what runs is ended. What failed stays failed.",
    verb: "Mark",
    done: "Marked",
  },
  failed: {
    title: "Mark as failed",
    about: "What runs is ended and marked as failed; what has not started is skipped.",
    verb: "Mark",
    done: "Marked",
  },
  cancel: {
    title: "Cancel",
    about: "What runs is ended and marked as failed; what has not started is skipped.",
    verb: "Cancel",
    done: "Cancelled",
  },
  delete: {
    title: "Delete",
    about: "Their task instances, XComs and logs are removed for good.",
    verb: "Delete",
    done: "Deleted",
  },
};

/** One action on several runs; lists what it touches before it does. */
export function BulkRunsDialog({ runs, action, onClose }: Props) {
  const [onlyFailed, setOnlyFailed] = useState(false);
  const [busy, setBusy] = useState(false);
  const client = useQueryClient();
  const { say, fail } = useToasts();
  const texts = kTexts[action];
  const state: RunState = action === "success" ? action : "failed"; // when it marks
  const marks = action !== "clear" && action !== "delete";
  const body = {
    action: marks ? ("mark" as const) : action,
    runs: runs.map((run) => ({ dag_id: run.dag_id, dag_run_id: run.dag_run_id })),
    ...(marks ? { state } : {}),
    ...(action === "clear" ? { only_failed: onlyFailed, run_on_latest_version: true } : {}),
  };
  const send = (dry: boolean) =>
    api.post("/api/leoflow/v1/dagRuns/bulk", { body: { ...body, dry_run: dry } });
  const preview = useQuery({
    queryKey: ["preview", "bulk", body],
    queryFn: () => send(true),
    placeholderData: keepPreviousData,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });

  async function go() {
    setBusy(true);
    try {
      const done = await send(false);
      await client.invalidateQueries({ queryKey: ["runs"] });
      for (const dagId of new Set(runs.map((run) => run.dag_id)))
        void client.invalidateQueries({ queryKey: ["dag", dagId, "runs"] });
      const refused = done.runs.find((run) => run.error !== null);
      if (refused) fail(new Error(`${refused.dag_run_id}: ${refused.error}`));
      else say(`${texts.done} ${count(done.runs.length, "run")}`);
      onClose(true);
    } catch (error) {
      fail(error);
      setBusy(false);
    }
  }

  const touched = preview.data;
  return (
    <Dialog
      onClose={() => onClose(false)}
      title={`${texts.title}: ${count(runs.length, "run")}`}
      size={560}
    >
      <div className="stack">
        <p className="dim" style={{ margin: 0 }}>
          {texts.about}
        </p>
        {action === "clear" && (
          <Checkbox
            size="xs"
            label="Only failed"
            description="Leave what succeeded as it is"
            checked={onlyFailed}
            onChange={(event) => setOnlyFailed(event.currentTarget.checked)}
          />
        )}
        {preview.error ? (
          <Failure error={preview.error} />
        ) : !touched ? (
          <div className={styles.touch}>Looking what this touches…</div>
        ) : (
          <div>
            <div className="dim" style={{ marginBottom: 6 }}>
              This touches {count(touched.task_instances, "task instance")} of{" "}
              {count(touched.runs.length, "run")}:
            </div>
            <ul className={styles.touch} tabIndex={0}>
              {touched.runs.map((run) => (
                <li key={`${run.dag_id} ${run.dag_run_id}`}>
                  <StateIcon state={run.error ? "failed" : run.state} labelled />
                  <span className="cut">{run.dag_run_id}</span>
                  <span className="faint cut">
                    {run.error ?? `${run.dag_id} · ${count(run.task_instances, "task")}`}
                  </span>
                </li>
              ))}
            </ul>
          </div>
        )}
        <DialogActions
          run={go}
          busy={busy}
          disabled={!touched || touched.failed === runs.length}
          destroys={action === "delete"}
          cancel={action === "cancel" ? "Keep them running" : "Cancel"}
          onCancel={() => onClose(false)}
        >
          {texts.verb} {count(runs.length, "run")}
        </DialogActions>
      </div>
    </Dialog>
  );
}
