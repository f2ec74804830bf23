// SPDX-License-Identifier: Apache-2.0
import { useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { useCallback } from "react";
import { api } from "@/api/client";
import type { Dag } from "@/api/types";
import { useToasts } from "@/components/toast";

interface DagPage {
  dags: Dag[];
}

/** Marks a DAG as the user's favourite or takes that back: shown at once, undone if refused. */
export function useFavourite() {
  const client = useQueryClient();
  const { fail } = useToasts();
  return useCallback(
    async (dag: Dag) => {
      const path = { dag_id: dag.dag_id };
      const show = (on: boolean) =>
        client.setQueriesData<InfiniteData<DagPage>>(
          { queryKey: ["dags", "list"] },
          (data) =>
            data && {
              ...data,
              pages: data.pages.map((page) => ({
                ...page,
                dags: page.dags.map((each) =>
                  each.dag_id === dag.dag_id ? { ...each, is_favorite: on } : each,
                ),
              })),
            },
        );
      show(!dag.is_favorite);
      try {
        if (dag.is_favorite) await api.post("/api/v2/dags/{dag_id}/unfavorite", { path });
        else await api.post("/api/v2/dags/{dag_id}/favorite", { path });
      } catch (error) {
        show(dag.is_favorite);
        fail(error);
      }
    },
    [client, fail],
  );
}
