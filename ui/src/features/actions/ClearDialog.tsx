// SPDX-License-Identifier: Apache-2.0
import { Button, Checkbox, Group, Modal } from "@mantine/core";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import type { RunRef } from "@/api/types";
import { Failure } from "@/components/States";
import { useToasts } from "@/components/toast";
import { count } from "@/lib/text";
import { TouchList } from "./TouchList";

interface Props extends RunRef {
  /** Only these tasks; without them the whole run. */
  taskIds?: readonly string[] | undefined;
  /** Starts with only the failed ones. */
  onlyFailed?: boolean;
  onClose: () => void;
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

/** Lets tasks run again; shows which before anything happens. */
export function ClearDialog({ dagId, runId, taskIds, onlyFailed = false, onClose }: Props) {
  const [options, setOptions] = useState<Options>({
    only_failed: onlyFailed,
    include_downstream: taskIds !== undefined,
    include_upstream: false,
    run_on_latest_version: true,
  });
  const [busy, setBusy] = useState(false);
  const client = useQueryClient();
  const { say, fail } = useToasts();
  const body = { ...options, dag_run_id: runId, task_ids: taskIds ? [...taskIds] : null };
  const send = (dry: boolean) =>
    api.post("/api/v2/dags/{dag_id}/clearTaskInstances", {
      path: { dag_id: dagId },
      body: { ...body, dry_run: dry },
    });
  const preview = useQuery({
    queryKey: ["preview", "clear", dagId, body],
    queryFn: () => send(true),
    placeholderData: keepPreviousData,
    staleTime: 0,
    gcTime: 0,
  });
  const touched = preview.data?.task_instances;

  async function clear() {
    setBusy(true);
    try {
      const done = await send(false);
      void client.invalidateQueries({ queryKey: ["run", dagId, runId] });
      say(`Cleared ${count(done.task_instances.length, "task instance")}`);
      onClose();
    } catch (error) {
      fail(error);
      setBusy(false);
    }
  }

  const names = (Object.keys(kTexts) as (keyof Options)[]).filter(
    (name) => taskIds || !name.startsWith("include"),
  );
  const title = !taskIds
    ? "Clear the run"
    : taskIds.length === 1
      ? `Clear ${taskIds[0]}`
      : `Clear ${count(taskIds.length, "task")}`;
  return (
    <Modal opened onClose={onClose} title={title} size={560}>
      <div className="stack">
        <p className="dim" style={{ margin: 0 }}>
          Cleared tasks run again, with the files of the run's staging volume where they were.
        </p>
        {names.map((name) => (
          <Checkbox
            key={name}
            size="xs"
            label={kTexts[name][0]}
            description={kTexts[name][1]}
            checked={options[name]}
            onChange={(event) => {
              const { checked } = event.currentTarget;
              setOptions((before) => ({ ...before, [name]: checked }));
            }}
          />
        ))}
        {preview.error ? (
          <Failure error={preview.error} />
        ) : (
          <TouchList tasks={touched} none="Nothing would be cleared with these options." />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            loading={busy}
            disabled={!touched || touched.length === 0}
            onClick={() => void clear()}
            data-autofocus
          >
            Clear{touched ? ` ${touched.length}` : ""}
          </Button>
        </Group>
      </div>
    </Modal>
  );
}
