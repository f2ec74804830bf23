// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Modal } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import type { TaskInstance } from "@/api/types";
import { StateBadge } from "@/components/StateBadge";
import { useToasts } from "@/components/toast";
import { count } from "@/lib/text";
import type { MarkState } from "./MarkTaskDialog";
import { TouchList } from "./TouchList";

interface Props {
  /** Those chosen, of one run. */
  tasks: readonly TaskInstance[];
  state: MarkState;
  /** Called with true when it was done. */
  onClose: (done: boolean) => void;
}

/** Marks several task instances of a run at once; lists them first. */
export function MarkTasksDialog({ tasks, state, onClose }: Props) {
  const [busy, setBusy] = useState(false);
  const client = useQueryClient();
  const { say, fail } = useToasts();
  const touched = tasks.filter((task) => task.state !== state);
  const first = touched[0];

  async function mark() {
    if (!first) return;
    setBusy(true);
    const { dag_id, dag_run_id } = first;
    const entities = touched.map(({ task_id, map_index }) => ({
      task_id,
      map_index,
      new_state: state,
    }));
    try {
      const done = await api.patch("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", {
        path: { dag_id, dag_run_id },
        body: { actions: [{ action: "update", entities, action_on_non_existence: "skip" }] },
      });
      void client.invalidateQueries({ queryKey: ["run", dag_id, dag_run_id] });
      const refused = done.update?.errors[0];
      if (refused) fail(new Error(refused.error));
      else say(`Marked ${count(done.update?.success.length ?? 0, "task instance")} as ${state}`);
      onClose(true);
    } catch (error) {
      fail(error);
      setBusy(false);
    }
  }

  return (
    <Modal
      opened
      onClose={() => onClose(false)}
      title={`Mark ${count(tasks.length, "task instance")}`}
      size={520}
    >
      <div className="stack">
        <div className="row dim">
          They become <StateBadge state={state} soft />
          without running; what runs is ended.
        </div>
        <TouchList tasks={touched} none="They are all in this state already." />
        <Group justify="flex-end">
          <Button variant="default" onClick={() => onClose(false)}>
            Cancel
          </Button>
          <Button
            loading={busy}
            disabled={touched.length === 0}
            onClick={() => void mark()}
            data-autofocus
          >
            Mark {touched.length} as {state}
          </Button>
        </Group>
      </div>
    </Modal>
  );
}
