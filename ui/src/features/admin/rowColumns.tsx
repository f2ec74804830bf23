// SPDX-License-Identifier: Apache-2.0
// Columns that tables of several admin pages have.
import type { ReactNode } from "react";
import type { Column } from "@/components/DataTable";
import { RowActions } from "./RowActions";

/** What names a row. */
export const nameText = (name: ReactNode) => (
  <span className="cut" style={{ fontWeight: 500 }}>
    {name}
  </span>
);

export function descriptionColumn<Row extends { description: string | null }>(): Column<Row> {
  return {
    key: "about",
    title: "Description",
    width: "minmax(90px, 1.5fr)",
    wideOnly: true,
    cell: (row) => <span className="cut dim">{row.description}</span>,
  };
}

interface Actions<Row> {
  edit: (row: Row) => void;
  remove: (row: Row) => void;
}

/** Change and delete. `kept` rows cannot be deleted. */
export function actionsColumn<Row>(
  nameOf: (row: Row) => string,
  { edit, remove }: Actions<Row>,
  kept: (row: Row) => boolean = () => false,
): Column<Row> {
  return {
    key: "do",
    title: <span className="sr">Actions</span>,
    width: "64px",
    end: true,
    cell: (row) => (
      <RowActions
        name={nameOf(row)}
        onEdit={() => edit(row)}
        onDelete={kept(row) ? undefined : () => remove(row)}
      />
    ),
  };
}
