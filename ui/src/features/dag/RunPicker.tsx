// SPDX-License-Identifier: Apache-2.0
import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { recentRuns } from "@/api/queries";
import type { DagRun } from "@/api/types";
import { useZone } from "@/app/ZoneProvider";
import { StateIcon } from "@/components/StateIcon";
import { dateAndTime } from "@/lib/time";
import { useSearch } from "@/router/router";

/** The run that the address names, or the latest. */
export function usePickedRun(dagId: string) {
  const { params } = useSearch();
  const query = useQuery(recentRuns(dagId, { limit: 25 }));
  const runs = query.data?.dag_runs ?? [];
  const id = params.get("run");
  return { query, runs, picked: runs.find((run) => run.dag_run_id === id) ?? runs[0] };
}

interface Props {
  runs: readonly DagRun[];
  picked: DagRun;
}

/** Chooses among the newest runs; the latest follows along when a newer one starts. */
export function RunPicker({ runs, picked }: Props) {
  const { set } = useSearch();
  const { zone } = useZone();
  const label = (run: DagRun, index: number) => {
    const { date, time } = dateAndTime(Date.parse(run.start_date ?? run.run_after), zone);
    return `${index === 0 ? "Latest · " : ""}${date} ${time}`;
  };
  return (
    <Select
      aria-label="Run"
      w={260}
      allowDeselect={false}
      leftSection={<StateIcon state={picked.state} />}
      data={runs.map((run, index) => ({ value: run.dag_run_id, label: label(run, index) }))}
      value={picked.dag_run_id}
      onChange={(id) => set({ run: id === runs[0]?.dag_run_id ? null : id })}
    />
  );
}
