// SPDX-License-Identifier: Apache-2.0
import { Modal } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { TaskInstance } from "@/api/types";
import { DialogActions } from "@/components/DialogActions";
import { StateBadge } from "@/components/StateBadge";
import { useToasts } from "@/components/toast";
import { count } from "@/lib/text";
import type { MarkState } from "./MarkTaskDialog";
import { TouchList } from "./TouchList";
import { updateTasks } from "./updateTasks";

interface Props {
  dagId: string;
  /** Those chosen; undefined while they load. */
  tasks: readonly TaskInstance[] | undefined;
  state: MarkState;
  /** Called with true when it was done. */
  onClose: (done: boolean) => void;
}

/** Marks several task instances at once; lists them first. */
export function MarkTasksDialog({ dagId, tasks, state, onClose }: Props) {
  const [busy, setBusy] = useState(false);
  const client = useQueryClient();
  const { say, fail } = useToasts();
  const touched = tasks?.filter((task) => task.state !== state);

  async function mark() {
    setBusy(true);
    try {
      const done = await updateTasks(dagId, touched ?? [], { new_state: state });
      say(`Marked ${count(done, "task instance")} as ${state}`);
      onClose(true);
    } catch (error) {
      fail(error);
      setBusy(false);
    }
    for (const run of new Set(touched?.map((task) => task.dag_run_id)))
      void client.invalidateQueries({ queryKey: ["run", dagId, run] });
  }

  return (
    <Modal
      opened
      onClose={() => onClose(false)}
      title={tasks ? `Mark ${count(tasks.length, "task instance")}` : "Mark"}
      size={560}
    >
      <div className="stack">
        <div className="row dim">
          They become <StateBadge state={state} soft />
          without running. What runs is ended; what failed or waits because of them goes on.
        </div>
        <TouchList tasks={touched} none="They are all in this state already." />
        <DialogActions
          run={mark}
          busy={busy}
          disabled={!touched || touched.length === 0}
          onCancel={() => onClose(false)}
        >
          Mark {touched?.length} as {state}
        </DialogActions>
      </div>
    </Modal>
  );
}
