// SPDX-License-Identifier: Apache-2.0
import { ActionIcon } from "@mantine/core";
import { IconPencil, IconTrash } from "@tabler/icons-react";
import { Hint } from "@/components/Hint";

interface Props {
  /** What the buttons are about. */
  name: string;
  onEdit?: () => void;
  onDelete?: (() => void) | undefined;
}

/** Change and delete, at the end of a row. */
export function RowActions({ name, onEdit, onDelete }: Props) {
  return (
    <span className="row" style={{ gap: 2 }}>
      {onEdit && (
        <Hint label="Change">
          <ActionIcon aria-label={`Change ${name}`} onClick={onEdit}>
            <IconPencil size={15} stroke={1.7} />
          </ActionIcon>
        </Hint>
      )}
      {onDelete && (
        <Hint label="Delete">
          <ActionIcon aria-label={`Delete ${name}`} onClick={onDelete}>
            <IconTrash size={15} stroke={1.7} />
          </ActionIcon>
        </Hint>
      )}
    </span>
  );
}
