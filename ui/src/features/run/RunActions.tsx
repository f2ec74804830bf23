// SPDX-License-Identifier: Apache-2.0
import { ActionIcon, Button, Menu } from "@mantine/core";
import {
  IconArrowsDiff,
  IconDots,
  IconEraser,
  IconNote,
  IconPlayerPlay,
  IconPlayerStop,
  IconTrash,
} from "@tabler/icons-react";
import { useState } from "react";
import { api } from "@/api/client";
import type { DagRun } from "@/api/types";
import { useAuth } from "@/auth/AuthProvider";
import { Confirm } from "@/components/Confirm";
import { StateIcon } from "@/components/StateIcon";
import { useToasts } from "@/components/toast";
import { isOpen } from "@/lib/states";
import { links } from "@/router/links";
import { navigate } from "@/router/router";
import { ClearDialog } from "../actions/ClearDialog";
import { MarkRunDialog } from "../actions/MarkRunDialog";
import { NoteDialog } from "../actions/NoteDialog";
import { useTrigger } from "../trigger/TriggerProvider";

type Dialog = "clear" | "success" | "failed" | "cancel" | "note" | "delete";

/** What one can do with a run. */
export function RunActions({ run }: { run: DagRun }) {
  const { me } = useAuth();
  const { trigger } = useTrigger();
  const { say } = useToasts();
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const ref = { dagId: run.dag_id, runId: run.dag_run_id };
  const close = () => setDialog(null);
  const path = { dag_id: run.dag_id, dag_run_id: run.dag_run_id };
  if (!me.can.trigger) return null;
  return (
    <>
      {isOpen(run.state) && (
        <Button
          variant="default"
          leftSection={<IconPlayerStop size={14} />}
          onClick={() => setDialog("cancel")}
        >
          Cancel
        </Button>
      )}
      <Button
        variant="default"
        leftSection={<IconEraser size={14} />}
        onClick={() => setDialog("clear")}
      >
        Clear
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default">Mark as…</Button>
        </Menu.Target>
        <Menu.Dropdown>
          {(["success", "failed"] as const).map((state) => (
            <Menu.Item
              key={state}
              leftSection={<StateIcon state={state} />}
              onClick={() => setDialog(state)}
            >
              {state === "success" ? "Success" : "Failed (ends what runs)"}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Button
        leftSection={<IconPlayerPlay size={14} />}
        onClick={() => trigger(run.dag_id, (run.conf ?? {}) as Record<string, unknown>)}
      >
        Trigger again
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" aria-label="More actions">
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconArrowsDiff size={15} />}
            onClick={() => navigate(links.compare(ref))}
          >
            Compare with another run
          </Menu.Item>
          <Menu.Item leftSection={<IconNote size={15} />} onClick={() => setDialog("note")}>
            {run.note ? "Change the note" : "Add a note"}
          </Menu.Item>
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={15} />}
            onClick={() => setDialog("delete")}
          >
            Delete the run…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === "clear" && (
        <ClearDialog
          dagId={ref.dagId}
          targets={[{ runId: ref.runId }]}
          onlyFailed={run.state === "failed"}
          onClose={close}
        />
      )}
      {(dialog === "success" || dialog === "failed" || dialog === "cancel") && (
        <MarkRunDialog run={ref} action={dialog} onClose={close} />
      )}
      {dialog === "note" && (
        <NoteDialog
          note={run.note}
          stale={[["run", run.dag_id, run.dag_run_id]]}
          onClose={close}
          save={(note) =>
            api.patch("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", { path, body: { note } })
          }
        />
      )}
      {dialog === "delete" && (
        <Confirm
          title="Delete this run?"
          action="Delete"
          onClose={close}
          run={async () => {
            await api.delete("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", { path });
            say("Deleted the run");
            navigate(links.dag(run.dag_id, "runs"));
          }}
        >
          Its task instances, XComs and logs are removed for good.
        </Confirm>
      )}
    </>
  );
}
