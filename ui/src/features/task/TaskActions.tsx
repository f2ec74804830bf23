// SPDX-License-Identifier: Apache-2.0
import { ActionIcon, Button, Menu } from "@mantine/core";
import { IconDots, IconEraser, IconNote, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { api } from "@/api/client";
import type { TaskInstance, TaskRef } from "@/api/types";
import { useAuth } from "@/auth/AuthProvider";
import { StateIcon } from "@/components/StateIcon";
import { stateLabel } from "@/lib/states";
import { links } from "@/router/links";
import { navigate } from "@/router/router";
import { ClearDialog } from "../actions/ClearDialog";
import type { MarkState } from "../actions/changeTasks";
import { DeleteTasksDialog } from "../actions/DeleteTasksDialog";
import { MarkTasksDialog } from "../actions/MarkTasksDialog";
import { NoteDialog } from "../actions/NoteDialog";

const kMarks: MarkState[] = ["success", "failed", "skipped"];

interface Props {
  refTask: TaskRef;
  task: TaskInstance;
}

/** What one can do with a task instance. */
export function TaskActions({ refTask, task }: Props) {
  const { me } = useAuth();
  const [dialog, setDialog] = useState<"clear" | "note" | "delete" | MarkState | null>(null);
  const close = () => setDialog(null);
  if (!me.can.trigger) return null;
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
              disabled={task.state === state}
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
            {task.note ? "Change the note" : "Add a note"}
          </Menu.Item>
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={15} />}
            onClick={() => setDialog("delete")}
          >
            Delete this instance…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === "clear" && (
        <ClearDialog
          dagId={refTask.dagId}
          targets={[{ runId: refTask.runId, taskIds: [refTask.taskId] }]}
          onClose={close}
        />
      )}
      {dialog === "note" && (
        <NoteDialog
          note={task.note}
          stale={[["task", refTask.dagId, refTask.runId, refTask.taskId]]}
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
        <MarkTasksDialog tasks={[task]} state={dialog} onClose={close} />
      )}
      {dialog === "delete" && (
        <DeleteTasksDialog
          tasks={[task]}
          onClose={(done) => {
            close();
            if (done) navigate(links.run(refTask));
          }}
        />
      )}
    </>
  );
}
