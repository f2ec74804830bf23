// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Textarea } from "@mantine/core";
import { useQueryClient, type QueryKey } from "@tanstack/react-query";
import { useState } from "react";
import { Dialog } from "@/components/Dialog";
import { useToasts } from "@/components/toast";

interface Props {
  title?: string;
  note: string | null;
  /** Of several with different notes: each gets this one instead. */
  replaces?: boolean;
  save: (note: string | null) => Promise<unknown>;
  /** What shows the note. */
  stale: readonly QueryKey[];
  /** Called with true when it was saved. */
  onClose: (done: boolean) => void;
}

/** A few words for whoever looks later. */
export function NoteDialog({ title = "Note", note, replaces, save, stale, onClose }: Props) {
  const [text, setText] = useState(note ?? "");
  const [busy, setBusy] = useState(false);
  const client = useQueryClient();
  const { fail } = useToasts();
  async function submit() {
    setBusy(true);
    try {
      await save(text.trim() || null);
      await Promise.all(stale.map((queryKey) => client.invalidateQueries({ queryKey })));
      onClose(true);
    } catch (error) {
      fail(error);
      setBusy(false);
    }
  }
  return (
    <Dialog onClose={() => onClose(false)} title={title}>
      <Textarea
        aria-label="Note"
        placeholder="What should others know?"
        {...(replaces ? { description: "Replaces the notes they have" } : {})}
        autosize
        minRows={3}
        maxLength={1000}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        data-autofocus
      />
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={() => onClose(false)}>
          Cancel
        </Button>
        <Button loading={busy} onClick={() => void submit()}>
          Save
        </Button>
      </Group>
    </Dialog>
  );
}
