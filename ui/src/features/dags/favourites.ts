// SPDX-License-Identifier: Apache-2.0
import { useCallback, useMemo } from "react";
import { useStored } from "@/lib/stored";

/** DAGs this browser keeps on top. */
export function useFavourites() {
  const [text, setText] = useStored<string>("favourites", "[]");
  const ids = useMemo(() => new Set(parse(text)), [text]);
  const toggle = useCallback(
    (dagId: string) => {
      const next = new Set(parse(text));
      if (!next.delete(dagId)) next.add(dagId);
      setText(JSON.stringify([...next]));
    },
    [text, setText],
  );
  return { ids, toggle };
}

function parse(text: string): string[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}
