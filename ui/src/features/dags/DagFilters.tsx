// SPDX-License-Identifier: Apache-2.0
import { CloseButton, MultiSelect, SegmentedControl, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { dagTags } from "@/api/queries";
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
  const [text, setText] = useState(params.get("q") ?? "");
  const apply = useDebouncedCallback((q: string) => set({ q: q || null }), 120);
  const owner = params.get("owner");
  const change = (value: string) => {
    setText(value);
    apply(value);
  };
  return (
    <div className={styles.filters} role="search">
      <TextInput
        data-filter
        aria-label="Find DAGs by name"
        placeholder="Find by name…  /"
        leftSection={<IconSearch size={14} />}
        value={text}
        onChange={(event) => change(event.currentTarget.value)}
        rightSection={
          text && <CloseButton size="xs" aria-label="Clear" onClick={() => change("")} />
        }
        w={240}
      />
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
