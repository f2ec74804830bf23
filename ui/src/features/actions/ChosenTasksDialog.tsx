// SPDX-License-Identifier: Apache-2.0
import type { TaskInstance } from "@/api/types";
import { count } from "@/lib/text";
import { ClearDialog, type ClearTarget } from "./ClearDialog";
import { changeTasks } from "./changeTasks";
import type { TasksAction } from "./chosenTasks";
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

function targetsOf(tasks: readonly TaskInstance[]): ClearTarget[] {
  const byRun = new Map<string, Set<string>>();
  for (const { dag_run_id, task_id } of tasks)
    byRun.set(dag_run_id, (byRun.get(dag_run_id) ?? new Set()).add(task_id));
  return [...byRun].map(([runId, ids]) => ({ runId, taskIds: [...ids] }));
}

/** One action on several task instances; each lists what it touches before it does. */
export function ChosenTasksDialog({ dagId, tasks, action, onClose }: Props) {
  if (action === "clear")
    return <ClearDialog dagId={dagId} targets={tasks && targetsOf(tasks)} onClose={onClose} />;
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
