// SPDX-License-Identifier: Apache-2.0
import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { recentRuns, runTasks, run as runQuery } from "@/api/queries";
import type { DagRun, TaskInstance } from "@/api/types";
import { useZone } from "@/app/ZoneProvider";
import { DataTable, type Column } from "@/components/DataTable";
import { Facts, Panel } from "@/components/Page";
import { StateBadge } from "@/components/StateBadge";
import { StateIcon } from "@/components/StateIcon";
import { Empty, Loaded } from "@/components/States";
import { Duration, Time } from "@/components/Time";
import { instanceKey, instanceName } from "@/lib/mapped";
import { stateLabel } from "@/lib/states";
import { clock, dateAndTime, span } from "@/lib/time";
import { useSearch } from "@/router/router";
import styles from "./run.module.css";

interface Pair {
  key: string;
  name: string;
  here: TaskInstance | undefined;
  there: TaskInstance | undefined;
}

function pair(here: readonly TaskInstance[], there: readonly TaskInstance[]): Pair[] {
  const mine = new Map(here.map((task) => [instanceKey(task), task]));
  const others = new Map(there.map((task) => [instanceKey(task), task]));
  return [...new Map([...mine, ...others])].map(([key, task]) => ({
    key,
    name: instanceName(mine.get(key) ?? task),
    here: mine.get(key),
    there: others.get(key),
  }));
}

const kNoise = 0.01; // seconds: less is what any two runs differ by

/** "+34 %", or "×12" when it is many times as long. */
function share(from: number, to: number): string {
  if (from < kNoise) return "";
  if (to >= 5 * from) return `×${Math.round(to / from)}`;
  return `${to > from ? "+" : "−"}${Math.round((Math.abs(to - from) / from) * 100)} %`;
}

function Delta({ from, to }: { from: number | null | undefined; to: number | null | undefined }) {
  if (from == null || to == null) return <span className="faint">–</span>;
  const change = to - from;
  const sign = change > 0 ? "+" : change < 0 ? "−" : "";
  const noise = Math.abs(change) < Math.max(kNoise, 0.05 * from);
  const look = noise ? "faint" : change > 0 ? styles.plus : styles.minus;
  return (
    <span className={`num ${look}`}>
      {sign}
      {span(Math.abs(change))}
      {!noise && ` ${share(from, to)}`}
    </span>
  );
}

function TaskState({ task }: { task: TaskInstance | undefined }) {
  if (!task) return <span className="faint">not there</span>;
  return (
    <span className="row">
      <StateBadge state={task.state} />
      {task.try_number > 1 && <span className="faint">try {task.try_number}</span>}
    </span>
  );
}

const took = (task: TaskInstance | undefined) =>
  task?.duration == null ? "–" : span(task.duration);

const kColumns: Column<Pair>[] = [
  {
    key: "task",
    title: "Task",
    width: "minmax(100px, 2fr)",
    phoneWidth: "minmax(0, 1fr)",
    cell: ({ name }) => <span className="cut">{name}</span>,
  },
  {
    key: "there",
    title: "Other",
    width: "minmax(90px, 1fr)",
    wideOnly: true,
    cell: ({ there }) => <TaskState task={there} />,
  },
  {
    key: "here",
    title: "This run",
    width: "minmax(90px, 1fr)",
    wideOnly: true,
    cell: ({ here }) => <TaskState task={here} />,
  },
  {
    key: "tookThere",
    title: "Other",
    width: "70px",
    phoneWidth: "58px",
    end: true,
    cell: ({ there }) => took(there),
  },
  {
    key: "tookHere",
    title: "This",
    width: "70px",
    phoneWidth: "58px",
    end: true,
    cell: ({ here }) => took(here),
  },
  {
    key: "delta",
    title: "Change",
    width: "124px",
    phoneWidth: "104px",
    end: true,
    cell: ({ here, there }) => <Delta from={there?.duration} to={here?.duration} />,
  },
];

function RunFacts({ run }: { run: DagRun }) {
  return (
    <Facts
      items={[
        ["State", <StateBadge key="state" state={run.state} />],
        ["Started", <Time key="start" at={run.start_date} />],
        [
          "Duration",
          <Duration
            key="took"
            start={run.start_date}
            end={run.end_date}
            seconds={run.duration}
            exact
            running={run.state === "running"}
          />,
        ],
        ["Version", run.bundle_version],
        ["Configuration", <code key="conf">{JSON.stringify(run.conf ?? {})}</code>],
      ]}
    />
  );
}

/** Two runs side by side: what differs, and by how much. */
export function CompareTab({ run }: { run: DagRun }) {
  const { params, set } = useSearch();
  const { zone } = useZone();
  const list = useQuery(recentRuns(run.dag_id, { limit: 50 }));
  const others = (list.data?.dag_runs ?? []).filter((each) => each.dag_run_id !== run.dag_run_id);
  const earlier = others.find((each) => each.run_after < run.run_after && each.state === "success");
  const otherId = params.get("with") ?? (earlier ?? others[0])?.dag_run_id;
  const name = (each: DagRun) => {
    const { date, time } = dateAndTime(Date.parse(each.start_date ?? each.run_after), zone);
    return `${date} ${time} · ${stateLabel(each.state)}${each.duration == null ? "" : ` · ${clock(each.duration)}`}`;
  };
  return (
    <Loaded query={list}>
      {() =>
        otherId === undefined ? (
          <Panel>
            <Empty title="There is no other run to compare with" />
          </Panel>
        ) : (
          <div className="stack">
            <Select
              label="Compare with"
              w={360}
              maw="100%"
              allowDeselect={false}
              searchable
              data={others.map((each) => ({ value: each.dag_run_id, label: name(each) }))}
              value={otherId}
              onChange={(id) => set({ with: id })}
            />
            <Comparison run={run} otherId={otherId} />
          </div>
        )
      }
    </Loaded>
  );
}

function Side({ title, run, children }: { title: string; run: DagRun; children: ReactNode }) {
  return (
    <Panel
      title={
        <span className="row">
          <StateIcon state={run.state} />
          {title}
        </span>
      }
    >
      {children}
    </Panel>
  );
}

function Comparison({ run, otherId }: { run: DagRun; otherId: string }) {
  const otherRef = { dagId: run.dag_id, runId: otherId };
  const other = useQuery(runQuery(otherRef));
  const here = useQuery(runTasks({ dagId: run.dag_id, runId: run.dag_run_id }));
  const there = useQuery(runTasks(otherRef));
  return (
    <Loaded query={other}>
      {(otherRun) => (
        <>
          <div
            style={{
              display: "grid",
              gap: 16,
              gridTemplateColumns: "repeat(auto-fit, minmax(min(320px, 100%), 1fr))",
            }}
          >
            <Side title="The other run" run={otherRun}>
              <RunFacts run={otherRun} />
            </Side>
            <Side title="This run" run={run}>
              <RunFacts run={run} />
            </Side>
          </div>
          <Panel flush title="Tasks" actions={<Delta from={otherRun.duration} to={run.duration} />}>
            <DataTable
              label="Tasks of both runs"
              columns={kColumns}
              rows={pair(here.data ?? [], there.data ?? [])}
              rowKey={(row) => row.key}
            />
          </Panel>
        </>
      )}
    </Loaded>
  );
}
