// SPDX-License-Identifier: Apache-2.0
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import { runTasks } from "@/api/queries";
import type { RunRef } from "@/api/types";
import { Dialog } from "@/components/Dialog";
import { DialogActions } from "@/components/DialogActions";
import { StateBadge } from "@/components/StateBadge";
import { useToasts } from "@/components/toast";
import { isFinished } from "@/lib/states";
import { TouchList } from "./TouchList";

interface Props {
  run: RunRef;
  /** Cancelling marks it failed; it is what one does to a run that is under way. */
  action: "success" | "failed" | "cancel";
  onClose: () => void;
}

const kAbout = {
  success: "What has not ended is marked as success, what runs is ended. What failed stays failed.",
  failed: "What runs is ended and marked as failed; what has not started is skipped.",
  cancel: "What runs is ended and marked as failed; what has not started is skipped.",
};

/** Ends a run by decision. */
export function MarkRunDialog({ run, action, onClose }: Props) {
  const cancels = action === "cancel";
  const state = cancels ? "failed" : action;
  const [busy, setBusy] = useState(false);
  const client = useQueryClient();
  const { say, fail } = useToasts();
  const tasks = useQuery(runTasks(run));
  const touched = tasks.data?.filter((task) => !isFinished(task.state));

  async function mark() {
    setBusy(true);
    try {
      await api.patch("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", {
        path: { dag_id: run.dagId, dag_run_id: run.runId },
        body: { state },
      });
      void client.invalidateQueries({ queryKey: ["run", run.dagId, run.runId] });
      say(cancels ? "Cancelled the run" : `Marked the run as ${state}`);
      onClose();
    } catch (error) {
      fail(error);
      setBusy(false);
    }
  }

  return (
    <Dialog onClose={onClose} title={cancels ? "Cancel the run" : "Mark the run"} size={520}>
      <div className="stack">
        <div className="row dim">
          It becomes <StateBadge state={state} soft />
        </div>
        <p className="dim" style={{ margin: 0 }}>
          {kAbout[action]}
        </p>
        <TouchList tasks={touched} none="No task instance changes, only the run's own state." />
        <DialogActions
          run={mark}
          busy={busy}
          cancel={cancels ? "Keep it running" : "Cancel"}
          onCancel={onClose}
        >
          {cancels ? "Cancel the run" : `Mark as ${state}`}
        </DialogActions>
      </div>
    </Dialog>
  );
}
