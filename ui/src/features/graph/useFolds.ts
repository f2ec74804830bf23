// SPDX-License-Identifier: Apache-2.0
import { useCallback, useMemo } from "react";
import { useSearch } from "@/router/router";

const kNone: readonly string[] = [];
const kNothing = "~"; // in the address: that nothing is folded; no id of a group

/**
 * The task groups that are folded, in grid and graph alike: they stand in the address. As long as
 * that says nothing, those of `first` are.
 */
export function useFolds(first: readonly string[] = kNone) {
  const { params, set } = useSearch();
  const fold = params.has("fold") ? params.getAll("fold").join("\n") : first.join("\n");
  const folded = useMemo(() => new Set(fold ? fold.split("\n") : []), [fold]);
  const toggle = useCallback(
    (group: string) => {
      const next = new Set(folded);
      if (!next.delete(group)) next.add(group);
      set({ fold: next.size === 0 && first.length > 0 ? kNothing : [...next] });
    },
    [folded, first, set],
  );
  return { folded, toggle };
}
