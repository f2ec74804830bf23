// SPDX-License-Identifier: Apache-2.0
import { Button, Group } from "@mantine/core";

interface Props {
  busy: boolean;
  disabled?: boolean;
  onCancel: () => void;
}

/** The end of a form in a dialog: the way out, and what saves it. */
export function FormActions({ busy, disabled = false, onCancel }: Props) {
  return (
    <Group justify="flex-end">
      <Button variant="default" onClick={onCancel}>
        Cancel
      </Button>
      <Button type="submit" loading={busy} disabled={disabled}>
        Save
      </Button>
    </Group>
  );
}
