// SPDX-License-Identifier: Apache-2.0
import { Modal, type ModalProps } from "@mantine/core";
import { useEffect, useState } from "react";

/** A dialog that is open for as long as it is rendered, and then gives the focus back. */
export function Dialog(props: Omit<ModalProps, "opened">) {
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      if (document.activeElement !== document.body) return; // somebody has it already
      const known = before instanceof HTMLElement && before.isConnected ? before : null;
      (known ?? document.getElementById("main"))?.focus();
    },
    [before],
  );
  return <Modal opened {...props} />;
}
