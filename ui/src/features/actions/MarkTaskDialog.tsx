// SPDX-License-Identifier: Apache-2.0
import { Checkbox, Modal } from "@mantine/core";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import type { TaskRef } from "@/api/types";
import { DialogActions } from "@/components/DialogActions";
import { Failure } from "@/components/States";
import { StateBadge } from "@/components/StateBadge";
import { useToasts } from "@/components/toast";
import { TouchList } from "./TouchList";

export type MarkState = "success" | "failed" | "skipped";

interface Props {
  task: TaskRef;
  state: MarkState;
  onClose: () => void;
}

/** Says how a task ended instead of running it; shows what it touches first. */
export function MarkTaskDialog({ task, state, onClose }: Props) {
  const [downstream, setDownstream] = useState(false);
  const [upstream, setUpstream] = useState(false);
  const [busy, setBusy] = useState(false);
  const client = useQueryClient();
  const { say, fail } = useToasts();
  const path = {
    dag_id: task.dagId,
    dag_run_id: task.runId,
    task_id: task.taskId,
    map_index: task.mapIndex,
  };
  const body = { new_state: state, include_downstream: downstream, include_upstream: upstream };
  const preview = useQuery({
    queryKey: ["preview", "mark", path, body],
    queryFn: () =>
      api.patch(
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/dry_run",
        { path, body },
      ),
    placeholderData: keepPreviousData,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });

  async function mark() {
    setBusy(true);
    try {
      await api.patch(
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}",
        { path, body },
      );
      void client.invalidateQueries({ queryKey: ["run", task.dagId, task.runId] });
      void client.invalidateQueries({ queryKey: ["task", task.dagId, task.runId] });
      say(`Marked ${task.taskId} as ${state}`);
      onClose();
    } catch (error) {
      fail(error);
      setBusy(false);
    }
  }

  return (
    <Modal opened onClose={onClose} title={`Mark ${task.taskId}`} size={520}>
      <div className="stack">
        <div className="row dim">
          It becomes <StateBadge state={state} soft />
          without running.
        </div>
        <Checkbox
          size="xs"
          label="And downstream"
          checked={downstream}
          onChange={(event) => setDownstream(event.currentTarget.checked)}
        />
        <Checkbox
          size="xs"
          label="And upstream"
          checked={upstream}
          onChange={(event) => setUpstream(event.currentTarget.checked)}
        />
        {preview.error ? (
          <Failure error={preview.error} />
        ) : (
          <TouchList tasks={preview.data?.task_instances} none="It is in this state already." />
        )}
        <DialogActions
          run={mark}
          busy={busy}
          disabled={!preview.data || preview.data.task_instances.length === 0}
          onCancel={onClose}
        >
          Mark as {state}
        </DialogActions>
      </div>
    </Modal>
  );
}
