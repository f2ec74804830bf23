// SPDX-License-Identifier: Apache-2.0
import { CloseButton, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useSearch } from "@/router/router";

const kWait = 150; // ms without a key before it is searched

interface Props {
  label: string;
  /** "Find by name…"; the key that leads here is added. */
  hint: string;
  width?: number;
}

/** Finds as one types; what is searched for is `q` in the address. "/" leads into it. */
export function SearchField({ label, hint, width = 240 }: Props) {
  const { params, set } = useSearch();
  const q = params.get("q") ?? "";
  const [{ text, sent }, setTyped] = useState({ text: q, sent: q });
  // Changed by somebody else: all filters are taken away, or one goes back.
  if (q !== sent) setTyped({ text: q, sent: q });
  const apply = useDebouncedCallback((value: string) => {
    setTyped({ text: value, sent: value });
    set({ q: value || null });
  }, kWait);
  const change = (value: string) => {
    setTyped({ text: value, sent });
    apply(value);
  };
  return (
    <TextInput
      data-filter
      aria-label={label}
      placeholder={`${hint}  /`}
      leftSection={<IconSearch size={14} />}
      w={width}
      maw="100%"
      value={text}
      onChange={(event) => change(event.currentTarget.value)}
      rightSection={
        text && <CloseButton size="xs" aria-label="Empty the field" onClick={() => change("")} />
      }
    />
  );
}
