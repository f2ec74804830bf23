// SPDX-License-Identifier: Apache-2.0
import { Button, Checkbox } from "@mantine/core";
import { lazy, Suspense, useState, type ReactNode } from "react";
import type { DagRun } from "@/api/types";
import type { Column } from "@/components/DataTable";
import type { BulkAction } from "../actions/BulkRunsDialog";
import styles from "./runs.module.css";

const BulkRunsDialog = lazy(() =>
  import("../actions/BulkRunsDialog").then((m) => ({ default: m.BulkRunsDialog })),
);

const keyOf = (run: DagRun) => `${run.dag_id} ${run.dag_run_id}`;
const kRunsMax = 500; // of one action: what the server takes

const kActions: [action: BulkAction, title: string][] = [
  ["clear", "Clear…"],
  ["success", "Mark success…"],
  ["failed", "Mark failed…"],
  ["delete", "Delete…"],
];

interface Chosen {
  column: Column<DagRun>;
  isChosen: (run: DagRun) => boolean;
  /** What can be done with those chosen; nothing while there are none. */
  bar: ReactNode;
}

/** Runs chosen in a list, and what can be done with all of them at once. */
export function useChosenRuns(rows: readonly DagRun[]): Chosen {
  const [keys, setKeys] = useState<ReadonlySet<string>>(new Set());
  const [action, setAction] = useState<BulkAction | null>(null);
  const chosen = rows.filter((run) => keys.has(keyOf(run))).slice(0, kRunsMax);
  const all = rows.length > 0 && chosen.length === Math.min(rows.length, kRunsMax);
  const toggle = (run: DagRun) => {
    const next = new Set(keys);
    if (!next.delete(keyOf(run))) next.add(keyOf(run));
    setKeys(next);
  };
  const column: Column<DagRun> = {
    key: "pick",
    width: "20px",
    title: (
      <Checkbox
        size="xs"
        aria-label="Choose all that are listed"
        checked={all}
        indeterminate={chosen.length > 0 && !all}
        onChange={() => setKeys(all ? new Set() : new Set(rows.slice(0, kRunsMax).map(keyOf)))}
      />
    ),
    cell: (run) => (
      <Checkbox
        size="xs"
        aria-label={`Choose ${run.dag_run_id} of ${run.dag_id}`}
        checked={keys.has(keyOf(run))}
        onChange={() => toggle(run)}
      />
    ),
  };
  const bar = chosen.length > 0 && (
    <div className={styles.bar} role="group" aria-label="Chosen runs">
      <strong className="num">{chosen.length} chosen</strong>
      {kActions.map(([key, title]) => (
        <Button
          key={key}
          size="compact-xs"
          variant="default"
          {...(key === "delete" ? { c: "var(--s-failed-text)" } : {})}
          data-state="failed"
          onClick={() => setAction(key)}
        >
          {title}
        </Button>
      ))}
      <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setKeys(new Set())}>
        None
      </Button>
      <Suspense>
        {action && (
          <BulkRunsDialog
            runs={chosen}
            action={action}
            onClose={(done) => {
              setAction(null);
              if (done) setKeys(new Set());
            }}
          />
        )}
      </Suspense>
    </div>
  );
  return { column, isChosen: (run) => keys.has(keyOf(run)), bar };
}
