// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { dagTasks, runTasks } from "@/api/queries";
import type { TaskInstance } from "@/api/types";
import { Markdown } from "@/components/Markdown";
import { Cards, Facts, Panel } from "@/components/Page";
import { StateIcon } from "@/components/StateIcon";
import { Time } from "@/components/Time";
import { links } from "@/router/links";
import { Link } from "@/router/router";
import styles from "./task.module.css";

interface NeighbourProps {
  ids: readonly string[];
  instances: readonly TaskInstance[];
  none: string;
}

function Neighbours({ ids, instances, none }: NeighbourProps) {
  const found = instances.filter((each) => ids.includes(each.task_id));
  if (found.length === 0) return <span className="faint">{none}</span>;
  return (
    <span className={styles.neighbours}>
      {found.map((each) => (
        <Link
          key={each.id}
          className="row"
          style={{ gap: 5 }}
          to={links.task({
            dagId: each.dag_id,
            runId: each.dag_run_id,
            taskId: each.task_id,
            mapIndex: each.map_index,
          })}
        >
          <StateIcon state={each.state} labelled size={13} />
          {each.task_id}
        </Link>
      ))}
    </span>
  );
}

/** Everything there is to know about a task instance. */
export function TaskDetails({ task }: { task: TaskInstance }) {
  const structure = useQuery(dagTasks(task.dag_id)).data ?? [];
  const instances = useQuery(runTasks({ dagId: task.dag_id, runId: task.dag_run_id })).data ?? [];
  const own = structure.find((each) => each.task_id === task.task_id);
  const downstream = (own?.downstream_task_ids ?? []) as string[];
  const upstream = structure
    .filter((each) => ((each.downstream_task_ids ?? []) as string[]).includes(task.task_id))
    .map((each) => each.task_id ?? "");
  return (
    <Cards>
      {own?.doc_md && (
        <Panel title="Documentation">
          <Markdown text={own.doc_md} />
        </Panel>
      )}
      <Panel title="Times">
        <Facts
          items={[
            ["Scheduled", <Time key="s" at={task.scheduled_when} />],
            ["Queued", <Time key="q" at={task.queued_when} />],
            ["Started", <Time key="b" at={task.start_date} />],
            ["Ended", <Time key="e" at={task.end_date} />],
            ["Logical date", <Time key="l" at={task.logical_date} />],
          ]}
        />
      </Panel>
      <Panel title="Place">
        <Facts
          items={[
            ["Host", task.hostname],
            ["Process", task.pid],
            ["User", task.unixname],
            ["Executor", task.executor ?? "the default one"],
            ["Queue", task.queue],
            ["Pool", `${task.pool} (${task.pool_slots} slot${task.pool_slots === 1 ? "" : "s"})`],
            ["Priority", task.priority_weight],
          ]}
        />
      </Panel>
      <Panel title="Rules">
        <Facts
          items={[
            [
              "Upstream",
              <Neighbours
                key="u"
                ids={upstream}
                instances={instances}
                none="none: it starts the run"
              />,
            ],
            [
              "Downstream",
              <Neighbours
                key="d"
                ids={downstream}
                instances={instances}
                none="none: it ends the run"
              />,
            ],
            ["Trigger rule", own?.trigger_rule],
            ["Tries", `${task.try_number} of ${Math.max(task.try_number, task.max_tries + 1)}`],
            ["Depends on past", own?.depends_on_past ? "yes" : "no"],
            [
              "Operator",
              own?.class_ref && (
                <code>{`${own.class_ref.module_path}.${own.class_ref.class_name}`}</code>
              ),
            ],
            [
              "Version",
              task.dag_version &&
                `${task.dag_version.version_number} · ${task.dag_version.bundle_version ?? "–"}`,
            ],
            ["Id", <code key="id">{task.id}</code>],
          ]}
        />
      </Panel>
    </Cards>
  );
}
