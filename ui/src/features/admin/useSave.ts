// SPDX-License-Identifier: Apache-2.0
import { useQueryClient, type QueryKey } from "@tanstack/react-query";
import { useState } from "react";
import { useToasts } from "@/components/toast";

/** Sends a change, says so, and loads again what shows it. Errors are shown, not thrown. */
export function useSave(stale: QueryKey) {
  const client = useQueryClient();
  const { say, fail } = useToasts();
  const [busy, setBusy] = useState(false);
  async function save(send: () => Promise<unknown>, done: string): Promise<boolean> {
    setBusy(true);
    try {
      await send();
      await client.invalidateQueries({ queryKey: stale });
      say(done);
      return true;
    } catch (error) {
      fail(error);
      return false;
    } finally {
      setBusy(false);
    }
  }
  return { save, busy };
}
