// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { dagTaskGroups, dagTasks, runTasks } from "@/api/queries";
import type { TaskInstance } from "@/api/types";
import { Markdown } from "@/components/Markdown";
import { Cards, Facts, Panel } from "@/components/Page";
import { Time } from "@/components/Time";
import { instanceLabel } from "@/lib/mapped";
import styles from "./task.module.css";
import { TaskLinks } from "./TaskLinks";
import { neighbours } from "./upstream";

interface NeighbourProps {
  of: TaskInstance;
  found: readonly TaskInstance[];
  instances: readonly TaskInstance[];
  none: string;
}

function Neighbours({ of, found, instances, none }: NeighbourProps) {
  if (found.length === 0) return <span className="faint">{none}</span>;
  return (
    <span className={styles.neighbours}>
      <TaskLinks
        run={{ dagId: of.dag_id, runId: of.dag_run_id }}
        named={found}
        instances={instances}
        className={styles.neighbour}
      />
    </span>
  );
}

/** "oslo, index 3". */
function instanceText(task: TaskInstance): string {
  const label = instanceLabel(task);
  const index = String(task.map_index);
  return label === index ? `index ${index}` : `${label}, index ${index}`;
}

/** Everything there is to know about a task instance. */
export function TaskDetails({ task }: { task: TaskInstance }) {
  const structure = useQuery(dagTasks(task.dag_id)).data ?? [];
  const instances = useQuery(runTasks({ dagId: task.dag_id, runId: task.dag_run_id })).data ?? [];
  const own = structure.find((each) => each.task_id === task.task_id);
  const mapped = task.map_index >= 0;
  const groups = useQuery({ ...dagTaskGroups(task.dag_id), enabled: mapped }).data ?? [];
  const run = { structure, groups, instances };
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
                of={task}
                found={neighbours(task, "upstream", run)}
                instances={instances}
                none="none: it starts the run"
              />,
            ],
            [
              "Downstream",
              <Neighbours
                key="d"
                of={task}
                found={neighbours(task, "downstream", run)}
                instances={instances}
                none="none: it ends the run"
              />,
            ],
            ["Trigger rule", own?.trigger_rule],
            ...(mapped ? [["Instance", instanceText(task)] as [string, string]] : []),
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
