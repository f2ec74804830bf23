// SPDX-License-Identifier: Apache-2.0
import { Button, Group } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  /** The verb on the button. */
  children: ReactNode;
  run: () => Promise<unknown>;
  busy: boolean;
  disabled?: boolean;
  /** It cannot be taken back. */
  destroys?: boolean;
  /** The way out. */
  cancel?: string;
  onCancel: () => void;
}

/** The end of a dialog: the way out, and what it is for. */
export function DialogActions(props: Props) {
  const { children, run, busy, disabled = false, destroys = false, cancel = "Cancel" } = props;
  return (
    <Group justify="flex-end">
      <Button variant="default" onClick={props.onCancel}>
        {cancel}
      </Button>
      <Button
        loading={busy}
        // Not `disabled`: it has the focus, and keeps it until what it waits for is there.
        {...(disabled ? { "data-disabled": true, "aria-disabled": true } : {})}
        onClick={() => {
          if (!disabled) void run();
        }}
        data-autofocus
        {...(destroys ? { color: "red.8", variant: "filled" } : {})}
      >
        {children}
      </Button>
    </Group>
  );
}
