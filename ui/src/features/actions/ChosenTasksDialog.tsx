// SPDX-License-Identifier: Apache-2.0
import type { TaskInstance } from "@/api/types";
import { instanceName } from "@/lib/mapped";
import { count } from "@/lib/text";
import { ClearDialog } from "./ClearDialog";
import { changeTasks } from "./changeTasks";
import { targetsOf, type TasksAction } from "./chosenTasks";
import { DeleteTasksDialog } from "./DeleteTasksDialog";
import { MarkTasksDialog } from "./MarkTasksDialog";
import { NoteDialog } from "./NoteDialog";

interface Props {
  dagId: string;
  /** Those chosen, of any runs of the DAG; undefined while they load. */
  tasks: readonly TaskInstance[] | undefined;
  action: TasksAction;
  /** Called with true when it was done. */
  onClose: (done: boolean) => void;
}

/** One action on several task instances; each lists what it touches before it does. */
export function ChosenTasksDialog({ dagId, tasks, action, onClose }: Props) {
  if (action === "clear")
    return (
      <ClearDialog
        dagId={dagId}
        targets={tasks && targetsOf(tasks)}
        name={tasks?.length === 1 ? tasks.map((task) => instanceName(task))[0] : undefined}
        onClose={onClose}
      />
    );
  if (action === "delete") return <DeleteTasksDialog tasks={tasks} onClose={onClose} />;
  if (action !== "note") return <MarkTasksDialog tasks={tasks} state={action} onClose={onClose} />;
  const notes = new Set(tasks?.map((task) => task.note));
  return (
    <NoteDialog
      title={tasks ? `Note on ${count(tasks.length, "task instance")}` : "Note"}
      note={notes.size === 1 ? ([...notes][0] ?? null) : null}
      replaces={notes.size > 1}
      stale={[
        ["run", dagId],
        ["task", dagId],
      ]}
      save={(note) => changeTasks(tasks ?? [], { action: "mark", note: note ?? "" })}
      onClose={onClose}
    />
  );
}
