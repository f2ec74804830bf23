// SPDX-License-Identifier: Apache-2.0
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import type { TaskInstance } from "@/api/types";
import { Dialog } from "@/components/Dialog";
import { DialogActions } from "@/components/DialogActions";
import { Failure } from "@/components/States";
import { useToasts } from "@/components/toast";
import { count } from "@/lib/text";
import { changeTasks, previewTasks, type TasksChange } from "./changeTasks";
import { TouchList } from "./TouchList";

interface Props {
  title: string;
  /** Those chosen; undefined while they load. */
  tasks: readonly TaskInstance[] | undefined;
  change: TasksChange;
  /** What it does, and what of it can be chosen. */
  children: ReactNode;
  /** Said when it touches nothing. */
  none: string;
  /** The verb on the button, before the number: "Mark", "Delete". */
  verb: string;
  /** After the number: "as success". */
  rest?: string;
  /** The verb when it is done: "Marked". */
  done: string;
  destroys?: boolean;
  /** Called with true when it was done. */
  onClose: (done: boolean) => void;
}

/** Changes task instances together; lists first which it would touch. */
export function ChangeTasksDialog(props: Props) {
  const { title, tasks, change, none, verb, done, destroys = false, onClose } = props;
  const [busy, setBusy] = useState(false);
  const client = useQueryClient();
  const { say, fail } = useToasts();
  const rest = props.rest ? ` ${props.rest}` : "";
  const preview = useQuery({
    queryKey: ["preview", "tasks", change, tasks?.map((task) => task.id)],
    queryFn: () => previewTasks(tasks ?? [], change),
    enabled: tasks !== undefined,
    placeholderData: keepPreviousData,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const touched = preview.data;
  const [refusal, ...more] = touched?.errors ?? [];

  async function go() {
    setBusy(true);
    try {
      say(`${done} ${count(await changeTasks(tasks ?? [], change), "task instance")}${rest}`);
      onClose(true);
    } catch (error) {
      fail(error);
      setBusy(false);
    }
    // Of what was deleted there is nothing to load.
    const kinds = change.action === "delete" ? ["run", "cells"] : ["run", "task", "cells"];
    for (const task of touched?.tasks ?? [])
      for (const kind of kinds)
        void client.invalidateQueries({ queryKey: [kind, task.dag_id, task.dag_run_id] });
  }

  return (
    <Dialog onClose={() => onClose(false)} title={title} size={560}>
      <div className="stack">
        {props.children}
        {preview.error ? (
          <Failure error={preview.error} />
        ) : (
          (!refusal || (touched?.total ?? 0) > 0) && (
            <TouchList tasks={touched?.tasks} total={touched?.total} none={none} />
          )
        )}
        {refusal && (
          <div role="alert">
            {refusal}
            {more.length > 0 && <span className="faint"> and {count(more.length, "other")}</span>}
          </div>
        )}
        <DialogActions
          run={go}
          busy={busy}
          destroys={destroys}
          disabled={!touched || touched.total === 0}
          onCancel={() => onClose(false)}
        >
          {verb} {touched?.total}
          {rest}
        </DialogActions>
      </div>
    </Dialog>
  );
}
