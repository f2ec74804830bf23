// SPDX-License-Identifier: Apache-2.0
import { lazy, Suspense, useState, type ReactNode } from "react";
import { api } from "@/api/client";
import type { DagRun } from "@/api/types";
import type { Column } from "@/components/DataTable";
import { useChosen } from "@/components/useChosen";
import { isOpen } from "@/lib/states";
import { count } from "@/lib/text";
import type { BulkAction } from "../actions/BulkRunsDialog";
import { ChosenBar } from "../actions/ChosenBar";
import styles from "./runs.module.css";

const BulkRunsDialog = lazy(() =>
  import("../actions/BulkRunsDialog").then((m) => ({ default: m.BulkRunsDialog })),
);
const NoteDialog = lazy(() =>
  import("../actions/NoteDialog").then((m) => ({ default: m.NoteDialog })),
);

type Action = BulkAction | "note";

const kActions: readonly { key: Action; title: string; destroys?: boolean }[] = [
  { key: "clear", title: "Clear…" },
  { key: "success", title: "Mark success…" },
  { key: "failed", title: "Mark failed…" },
  { key: "note", title: "Note…" },
  { key: "delete", title: "Delete…", destroys: true },
];
const kCancel = { key: "cancel", title: "Cancel…" } as const;

/** One note on several runs. */
async function noteRuns(runs: readonly DagRun[], note: string | null): Promise<void> {
  const answer = await api.post("/api/leoflow/v1/dagRuns/bulk", {
    body: {
      action: "mark",
      note: note ?? "",
      dry_run: false,
      runs: runs.map(({ dag_id, dag_run_id }) => ({ dag_id, dag_run_id })),
    },
  });
  const refused = answer.runs.find((run) => run.error !== null);
  if (refused) throw new Error(`${refused.dag_run_id}: ${refused.error}`);
}

interface ChosenRuns {
  column: Column<DagRun>;
  isChosen: (run: DagRun) => boolean;
  /** What can be done with those chosen; nothing while there are none. */
  bar: ReactNode;
}

/** Runs chosen in a list, and what can be done with all of them at once. */
export function useChosenRuns(rows: readonly DagRun[]): ChosenRuns {
  const {
    rows: chosen,
    has,
    column,
    none,
  } = useChosen(rows, {
    keyOf: (run) => `${run.dag_id} ${run.dag_run_id}`,
    nameOf: (run) => `${run.dag_run_id} of ${run.dag_id}`,
    all: "Choose all that are listed",
  });
  const [action, setAction] = useState<Action | null>(null);
  const open = chosen.filter((run) => isOpen(run.state));
  const close = (done: boolean) => {
    setAction(null);
    if (done) none();
  };
  const bar = chosen.length > 0 && (
    <div className={styles.chosen}>
      <ChosenBar
        label="Chosen runs"
        text={`${chosen.length} chosen`}
        actions={open.length > 0 ? [kCancel, ...kActions] : kActions}
        onAction={setAction}
        onNone={none}
      />
      <Suspense>
        {action === "note" ? (
          <NoteDialog
            title={`Note on ${count(chosen.length, "run")}`}
            note={chosen.length === 1 ? (chosen[0]?.note ?? null) : null}
            replaces={chosen.length > 1 && chosen.some((run) => run.note)}
            stale={[["runs"], ["dag"], ["run"]]}
            save={(note) => noteRuns(chosen, note)}
            onClose={close}
          />
        ) : (
          action && (
            <BulkRunsDialog
              runs={action === "cancel" ? open : chosen}
              action={action}
              onClose={close}
            />
          )
        )}
      </Suspense>
    </div>
  );
  return { column, isChosen: has, bar };
}
