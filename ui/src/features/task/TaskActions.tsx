// SPDX-License-Identifier: Apache-2.0
import { ActionIcon, Button, Menu } from "@mantine/core";
import { IconDots, IconEraser, IconNote, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { api } from "@/api/client";
import type { TaskInstance, TaskRef } from "@/api/types";
import { useAuth } from "@/auth/AuthProvider";
import { StateIcon } from "@/components/StateIcon";
import { instanceName } from "@/lib/mapped";
import { stateLabel } from "@/lib/states";
import { links } from "@/router/links";
import { navigate } from "@/router/router";
import { ChosenTasksDialog } from "../actions/ChosenTasksDialog";
import { ClearDialog } from "../actions/ClearDialog";
import type { MarkState } from "../actions/changeTasks";
import { DeleteTasksDialog } from "../actions/DeleteTasksDialog";
import { MarkTasksDialog } from "../actions/MarkTasksDialog";
import { NoteDialog } from "../actions/NoteDialog";

const kMarks: MarkState[] = ["success", "failed", "skipped"];

interface Props {
  refTask: TaskRef;
  /** The one that is shown, or those of a mapped task together. */
  tasks: readonly TaskInstance[];
  /** Whether these are all of the task. */
  all?: boolean;
}

/** What one can do with a task instance, or with all of a task. */
export function TaskActions({ refTask, tasks, all = false }: Props) {
  const { me } = useAuth();
  const [dialog, setDialog] = useState<"clear" | "note" | "delete" | MarkState | null>(null);
  const close = () => setDialog(null);
  const [task] = tasks;
  if (!me.can.trigger || !task) return null;
  const { taskId, mapIndex } = refTask;
  const noted = tasks.some((each) => each.note);
  return (
    <>
      <Button leftSection={<IconEraser size={14} />} onClick={() => setDialog("clear")}>
        Clear
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default">Mark as…</Button>
        </Menu.Target>
        <Menu.Dropdown>
          {kMarks.map((state) => (
            <Menu.Item
              key={state}
              leftSection={<StateIcon state={state} />}
              disabled={tasks.every((each) => each.state === state)}
              onClick={() => setDialog(state)}
            >
              {stateLabel(state)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" aria-label="More actions">
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconNote size={15} />} onClick={() => setDialog("note")}>
            {noted ? "Change the note" : "Add a note"}
          </Menu.Item>
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={15} />}
            onClick={() => setDialog("delete")}
          >
            {all ? "Delete all instances…" : "Delete this instance…"}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === "clear" && (
        <ClearDialog
          dagId={refTask.dagId}
          targets={[
            {
              runId: refTask.runId,
              taskIds: [all || mapIndex < 0 ? taskId : [taskId, mapIndex]],
            },
          ]}
          name={all ? `all of ${taskId}` : instanceName(task)}
          onClose={close}
        />
      )}
      {dialog === "note" && all && (
        <ChosenTasksDialog dagId={refTask.dagId} tasks={tasks} action="note" onClose={close} />
      )}
      {dialog === "note" && !all && (
        <NoteDialog
          note={task.note}
          stale={[
            ["task", refTask.dagId, refTask.runId, taskId],
            ["run", refTask.dagId, refTask.runId, "tasks"],
          ]}
          onClose={close}
          save={(note) =>
            api.patch(
              "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}",
              {
                path: {
                  dag_id: refTask.dagId,
                  dag_run_id: refTask.runId,
                  task_id: refTask.taskId,
                  map_index: refTask.mapIndex,
                },
                body: { note },
              },
            )
          }
        />
      )}
      {(dialog === "success" || dialog === "failed" || dialog === "skipped") && (
        <MarkTasksDialog tasks={tasks} state={dialog} onClose={close} />
      )}
      {dialog === "delete" && (
        <DeleteTasksDialog
          tasks={tasks}
          onClose={(done) => {
            close();
            if (!done) return;
            navigate(mapIndex < 0 ? links.run(refTask) : links.instances(refTask, taskId));
          }}
        />
      )}
    </>
  );
}
