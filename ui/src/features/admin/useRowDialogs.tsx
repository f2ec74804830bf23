// SPDX-License-Identifier: Apache-2.0
import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import type { QueryKey } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Confirm } from "@/components/Confirm";
import { useSave } from "./useSave";

interface Kind<Row> {
  /** "connection" */
  noun: string;
  nameOf: (row: Row) => string;
  /** What shows them. */
  stale: QueryKey;
  /** Changes a row, or makes one. */
  form: (row: Row | null, close: () => void) => ReactNode;
  remove: (row: Row) => Promise<unknown>;
  /** What others lose with one. */
  loses: string;
}

interface RowDialogs<Row> {
  /** The button that makes one. */
  add: ReactNode;
  edit: (row: Row) => void;
  /** Asks first. */
  remove: (row: Row) => void;
  /** The dialog that is open. */
  dialogs: ReactNode;
}

/** Making, changing and deleting the rows of an admin page. */
export function useRowDialogs<Row>(kind: Kind<Row>): RowDialogs<Row> {
  const { noun, nameOf, stale, form, remove, loses } = kind;
  const [editing, setEditing] = useState<{ row: Row | null } | null>(null);
  const [deleting, setDeleting] = useState<{ row: Row } | null>(null);
  const { save } = useSave(stale);
  const name = deleting && nameOf(deleting.row);
  return {
    add: (
      <Button leftSection={<IconPlus size={14} />} onClick={() => setEditing({ row: null })}>
        New {noun}
      </Button>
    ),
    edit: (row) => setEditing({ row }),
    remove: (row) => setDeleting({ row }),
    dialogs: (
      <>
        {editing && form(editing.row, () => setEditing(null))}
        {deleting && (
          <Confirm
            title={`Delete ${name}?`}
            action="Delete"
            onClose={() => setDeleting(null)}
            run={() => save(() => remove(deleting.row), `Deleted ${name}`)}
          >
            {loses}
          </Confirm>
        )}
      </>
    ),
  };
}
