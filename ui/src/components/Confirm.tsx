// SPDX-License-Identifier: Apache-2.0
import { Button, Group } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { Dialog } from "./Dialog";
import { useToasts } from "./toast";

interface Props {
  title: string;
  /** What will be lost. */
  children: ReactNode;
  /** The verb on the button. */
  action: string;
  run: () => Promise<unknown>;
  onClose: () => void;
}

/** Asks before something is destroyed. */
export function Confirm({ title, children, action, run, onClose }: Props) {
  const [busy, setBusy] = useState(false);
  const { fail } = useToasts();
  async function go() {
    setBusy(true);
    try {
      await run();
      onClose();
    } catch (error) {
      fail(error);
      setBusy(false);
    }
  }
  return (
    <Dialog onClose={onClose} title={title} size="md">
      <div className="dim">{children}</div>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button
          color="red.8"
          variant="filled"
          loading={busy}
          onClick={() => void go()}
          data-autofocus
        >
          {action}
        </Button>
      </Group>
    </Dialog>
  );
}
