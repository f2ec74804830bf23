// SPDX-License-Identifier: Apache-2.0
import { CloseButton, MultiSelect, SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { dagTags } from "@/api/queries";
import { SearchField } from "@/components/SearchField";
import type { SearchValue } from "@/router/match";
import styles from "./dags.module.css";
import { kDagViews } from "./filter";

interface Props {
  params: URLSearchParams;
  set: (patch: Record<string, SearchValue>) => void;
}

/** Search and filters; each lives in the address. */
export function DagFilters({ params, set }: Props) {
  const tags = useQuery(dagTags()).data ?? [];
  const owner = params.get("owner");
  return (
    <div className={styles.filters} role="search">
      <SearchField label="Find DAGs by name" hint="Find by name…" />
      <SegmentedControl
        aria-label="Which DAGs"
        data={kDagViews.map(({ key, title }) => ({ value: key, label: title }))}
        value={params.get("view") ?? "all"}
        onChange={(view) => set({ view: view === "all" ? null : view })}
      />
      <MultiSelect
        aria-label="Tags"
        placeholder={params.has("tag") ? "" : "Tags"}
        size="xs"
        data={tags}
        value={params.getAll("tag")}
        onChange={(tag) => set({ tag })}
        searchable
        clearable
        miw={140}
        maw={320}
      />
      {owner && (
        <span className="row dim">
          Owner {owner}
          <CloseButton size="xs" aria-label="Any owner" onClick={() => set({ owner: null })} />
        </span>
      )}
    </div>
  );
}
