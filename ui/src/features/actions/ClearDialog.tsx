// SPDX-License-Identifier: Apache-2.0
import { Checkbox } from "@mantine/core";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import type { TaskIdAndIndex } from "@/api/types";
import { Dialog } from "@/components/Dialog";
import { DialogActions } from "@/components/DialogActions";
import { Failure } from "@/components/States";
import { useToasts } from "@/components/toast";
import { inTurns } from "@/lib/inTurns";
import { count } from "@/lib/text";
import { TouchList } from "./TouchList";

const kAtOnce = 4; // requests, when several runs are cleared

/** What is cleared of a run. */
export interface ClearTarget {
  runId: string;
  /** Only these: all of a task, or one of its instances. Without them the whole run. */
  taskIds?: readonly TaskIdAndIndex[] | undefined;
}

interface Props {
  dagId: string;
  /** Undefined while it is not known yet. */
  targets: readonly ClearTarget[] | undefined;
  /** What to call it, where it is a single one. */
  name?: string | undefined;
  /** Starts with only the failed ones. */
  onlyFailed?: boolean;
  /** Called with true when it was done. */
  onClose: (done: boolean) => void;
}

interface Options {
  only_failed: boolean;
  include_downstream: boolean;
  include_upstream: boolean;
  run_on_latest_version: boolean;
}

const kTexts: Record<keyof Options, [title: string, about: string]> = {
  only_failed: ["Only failed", "Leave what succeeded as it is"],
  include_downstream: ["And downstream", "Also what depends on these tasks"],
  include_upstream: ["And upstream", "Also what these tasks depend on"],
  run_on_latest_version: [
    "With the newest version",
    "Moves the run to the DAG as it is now; otherwise it keeps its version",
  ],
};

function titleOf(targets: readonly ClearTarget[] | undefined, name: string | undefined): string {
  if (!targets) return "Clear";
  if (name !== undefined) return `Clear ${name}`;
  const [first] = targets;
  if (targets.length === 1 && first && !first.taskIds) return "Clear the run";
  const tasks = targets.flatMap((target) => target.taskIds ?? []);
  if (targets.length > 1)
    return `Clear ${count(tasks.length, "task instance")} of ${targets.length} runs`;
  if (tasks.length === 1) return `Clear ${tasks[0]}`;
  const one = tasks.some((task) => typeof task !== "string") ? "task instance" : "task";
  return `Clear ${count(tasks.length, one)}`;
}

/** Lets tasks run again; shows which before anything happens. */
export function ClearDialog({ dagId, targets, name, onlyFailed = false, onClose }: Props) {
  const partly = targets?.some((target) => target.taskIds) ?? true;
  const [options, setOptions] = useState<Options>({
    only_failed: onlyFailed,
    include_downstream: partly,
    include_upstream: false,
    run_on_latest_version: true,
  });
  const [busy, setBusy] = useState(false);
  const client = useQueryClient();
  const { say, fail } = useToasts();

  async function send(dry: boolean) {
    const pages = await inTurns(targets ?? [], kAtOnce, ({ runId, taskIds }) =>
      api.post("/api/v2/dags/{dag_id}/clearTaskInstances", {
        path: { dag_id: dagId },
        body: {
          ...options,
          dag_run_id: runId,
          task_ids: taskIds ? [...taskIds] : null,
          dry_run: dry,
        },
      }),
    );
    return pages.flatMap((page) => page.task_instances);
  }

  const preview = useQuery({
    queryKey: ["preview", "clear", dagId, options, targets],
    queryFn: () => send(true),
    enabled: targets !== undefined,
    placeholderData: keepPreviousData,
    staleTime: 0,
    gcTime: 0,
  });
  const touched = preview.data;

  async function clear() {
    setBusy(true);
    try {
      const done = await send(false);
      say(`Cleared ${count(done.length, "task instance")}`);
      onClose(true);
    } catch (error) {
      fail(error);
      setBusy(false);
    }
    for (const { runId } of targets ?? [])
      void client.invalidateQueries({ queryKey: ["run", dagId, runId] });
  }

  const shown = (Object.keys(kTexts) as (keyof Options)[]).filter(
    (option) => partly || !option.startsWith("include"),
  );
  return (
    <Dialog onClose={() => onClose(false)} title={titleOf(targets, name)} size={560}>
      <div className="stack">
        <p className="dim" style={{ margin: 0 }}>
          Cleared tasks run again, with the files of the run's staging volume where they were.
        </p>
        {shown.map((option) => (
          <Checkbox
            key={option}
            size="xs"
            label={kTexts[option][0]}
            description={kTexts[option][1]}
            checked={options[option]}
            onChange={(event) => {
              const { checked } = event.currentTarget;
              setOptions((before) => ({ ...before, [option]: checked }));
            }}
          />
        ))}
        {preview.error ? (
          <Failure error={preview.error} />
        ) : (
          <TouchList tasks={touched} none="Nothing would be cleared with these options." />
        )}
        <DialogActions
          run={clear}
          busy={busy}
          disabled={!touched || touched.length === 0}
          onCancel={() => onClose(false)}
        >
          Clear{touched ? ` ${touched.length}` : ""}
        </DialogActions>
      </div>
    </Dialog>
  );
}
