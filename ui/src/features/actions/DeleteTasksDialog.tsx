// SPDX-License-Identifier: Apache-2.0
import type { TaskInstance } from "@/api/types";
import { ChangeTasksDialog } from "./ChangeTasksDialog";
import { titleOf } from "./chosenTasks";

interface Props {
  /** Those chosen; undefined while they load. */
  tasks: readonly TaskInstance[] | undefined;
  /** Called with true when it was done. */
  onClose: (done: boolean) => void;
}

/** Forgets task instances of finished runs; lists them first. */
export function DeleteTasksDialog({ tasks, onClose }: Props) {
  return (
    <ChangeTasksDialog
      title={titleOf("Delete", tasks)}
      tasks={tasks}
      change={{ action: "delete" }}
      none="There is nothing to delete."
      verb="Delete"
      done="Deleted"
      destroys
      onClose={onClose}
    >
      <p className="dim" style={{ margin: 0 }}>
        Their tries, XComs and logs are removed for good. When their run is cleared, the tasks run
        again as if they never had.
      </p>
    </ChangeTasksDialog>
  );
}
