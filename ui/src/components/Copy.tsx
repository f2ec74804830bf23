// SPDX-License-Identifier: Apache-2.0
import { ActionIcon } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useState } from "react";
import { Hint } from "@/components/Hint";
import { copyText } from "@/lib/copyText";

interface Props {
  value: string;
  label: string;
}

/** Puts a text onto the clipboard. */
export function Copy({ value, label }: Props) {
  const [done, setDone] = useState(false);
  async function copy() {
    await copyText(value);
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  }
  return (
    <Hint label={done ? "Copied" : label}>
      <ActionIcon size="sm" aria-label={label} onClick={() => void copy()}>
        {done ? <IconCheck size={14} /> : <IconCopy size={14} />}
      </ActionIcon>
    </Hint>
  );
}
