// SPDX-License-Identifier: Apache-2.0
import { useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { useCallback } from "react";
import { api } from "@/api/client";
import type { Dag, DagDetails } from "@/api/types";
import { useToasts } from "@/components/toast";

interface DagPage {
  dags: Dag[];
}

/** Pauses or resumes a DAG: shown at once, taken back if the server refuses, undone by a press. */
export function usePause() {
  const client = useQueryClient();
  const { say, fail } = useToasts();

  const write = useCallback(
    (dagId: string, paused: boolean) => {
      client.setQueriesData<InfiniteData<DagPage>>(
        { queryKey: ["dags", "list"] },
        (data) =>
          data && {
            ...data,
            pages: data.pages.map((page) => ({
              ...page,
              dags: page.dags.map((dag) =>
                dag.dag_id === dagId ? { ...dag, is_paused: paused } : dag,
              ),
            })),
          },
      );
      client.setQueryData<DagDetails>(
        ["dag", dagId, "details"],
        (dag) => dag && { ...dag, is_paused: paused },
      );
    },
    [client],
  );

  return useCallback(
    async function pause(dagId: string, paused: boolean, undo = true): Promise<void> {
      write(dagId, paused);
      try {
        await api.patch("/api/v2/dags/{dag_id}", {
          path: { dag_id: dagId },
          body: { is_paused: paused },
        });
        if (undo)
          say(`${dagId} is ${paused ? "paused" : "active"}`, {
            title: "Undo",
            run: () => void pause(dagId, !paused, false),
          });
      } catch (error) {
        write(dagId, !paused);
        fail(error);
      }
    },
    [write, say, fail],
  );
}
