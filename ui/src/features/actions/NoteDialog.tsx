// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Modal, Textarea } from "@mantine/core";
import { useQueryClient, type QueryKey } from "@tanstack/react-query";
import { useState } from "react";
import { useToasts } from "@/components/toast";

interface Props {
  note: string | null;
  save: (note: string | null) => Promise<unknown>;
  /** What shows the note. */
  stale: QueryKey;
  onClose: () => void;
}

/** A few words for whoever looks later. */
export function NoteDialog({ note, save, stale, onClose }: Props) {
  const [text, setText] = useState(note ?? "");
  const [busy, setBusy] = useState(false);
  const client = useQueryClient();
  const { fail } = useToasts();
  async function submit() {
    setBusy(true);
    try {
      await save(text.trim() || null);
      await client.invalidateQueries({ queryKey: stale });
      onClose();
    } catch (error) {
      fail(error);
      setBusy(false);
    }
  }
  return (
    <Modal opened onClose={onClose} title="Note">
      <Textarea
        aria-label="Note"
        placeholder="What should others know?"
        autosize
        minRows={3}
        maxLength={1000}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        data-autofocus
      />
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button loading={busy} onClick={() => void submit()}>
          Save
        </Button>
      </Group>
    </Modal>
  );
}
