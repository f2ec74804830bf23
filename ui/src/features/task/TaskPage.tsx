// SPDX-License-Identifier: Apache-2.0
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { runTasks } from "@/api/queries";
import { taskInstance, taskTries } from "@/api/taskQueries";
import type { TaskInstance, TaskRef } from "@/api/types";
import { LinkTabs, Page } from "@/components/Page";
import { StateBadge } from "@/components/StateBadge";
import { StateIcon } from "@/components/StateIcon";
import { Empty, Loaded } from "@/components/States";
import { Duration, Time } from "@/components/Time";
import { instanceLabel, instanceName } from "@/lib/mapped";
import { isFinished, isOpen } from "@/lib/states";
import { operatorLabel } from "@/lib/text";
import { links } from "@/router/links";
import { Link, useSearch } from "@/router/router";
import { LogPanel } from "../logs/LogPanel";
import { InstanceBar } from "./InstanceBar";
import { TaskActions } from "./TaskActions";
import { TaskDetails } from "./TaskDetails";
import { TaskInstances } from "./TaskInstances";
import { RenderedTab } from "./RenderedTab";
import { TriesTab } from "./TriesTab";
import { Why } from "./Why";
import { XComTab } from "./XComTab";
import styles from "./task.module.css";

const kTabs = [
  ["logs", "Log"],
  ["xcom", "XCom"],
  ["rendered", "Rendered"],
  ["tries", "Tries"],
  ["details", "Details"],
] as const;

function Tries({ refTask, task, shown }: { refTask: TaskRef; task: TaskInstance; shown: number }) {
  const tries = useQuery(taskTries(refTask)).data ?? [];
  if (tries.length < 2) return null;
  return (
    <nav className={styles.tries} aria-label="Tries" style={{ marginBottom: 12 }}>
      {tries.map((each) => (
        <Link
          key={each.try_number}
          className={styles.try}
          to={links.task(
            refTask,
            undefined,
            each.try_number === task.try_number ? undefined : each.try_number,
          )}
          replace
          {...(each.try_number === shown ? { "aria-current": "true" as const } : {})}
        >
          <StateIcon state={each.state} labelled />
          Try {each.try_number}
          <span className="faint">
            <Duration
              start={each.start_date}
              end={each.end_date}
              seconds={each.duration}
              running={each.state === "running"}
            />
          </span>
        </Link>
      ))}
    </nav>
  );
}

function LogTab({ refTask, task }: { refTask: TaskRef; task: TaskInstance }) {
  const { params } = useSearch();
  const shown = Number(params.get("try") ?? task.try_number);
  if (task.try_number < 1 && isFinished(task.state))
    return <Empty title="It did not run">So there is no log. The line above says why.</Empty>;
  if (task.try_number < 1)
    return (
      <Empty title="It has not started">
        Its log opens here, live, with the first line it prints.
      </Empty>
    );
  const open = shown === task.try_number && isOpen(task.state);
  return (
    <>
      <Tries refTask={refTask} task={task} shown={shown} />
      <LogPanel key={shown} task={refTask} tryNumber={shown} open={open} />
    </>
  );
}

interface TabProps {
  name: string;
  refTask: TaskRef;
  task: TaskInstance;
}

function Tab({ name, refTask, task }: TabProps) {
  switch (name) {
    case "logs":
      return <LogTab refTask={refTask} task={task} />;
    case "xcom":
      return <XComTab task={refTask} />;
    case "rendered":
      return <RenderedTab task={task} />;
    case "tries":
      return <TriesTab task={refTask} />;
    case "details":
      return <TaskDetails task={task} />;
    default:
      return <Empty title="There is no such tab" />;
  }
}

interface PageProps {
  refTask: TaskRef;
  tab: string;
  query: Pick<UseQueryResult<TaskInstance | null>, "data" | "error" | "refetch">;
}

function InstancePage({ refTask, tab, query }: PageProps) {
  const tabOf = (name: string) => (name === "logs" ? undefined : name);
  const mapped = refTask.mapIndex >= 0;
  const named = query.data ?? { task_id: refTask.taskId, map_index: refTask.mapIndex };
  return (
    <Page
      name={instanceName(named, refTask.taskId)}
      title={
        <>
          {refTask.taskId}
          {mapped && <span className="faint">[{instanceLabel(named)}]</span>}
          {query.data && <StateBadge state={query.data.state} soft />}
        </>
      }
      sub={query.data && <TaskMeta task={query.data} />}
      actions={query.data && <TaskActions refTask={refTask} tasks={[query.data]} />}
    >
      {mapped && <InstanceBar refTask={refTask} tab={tabOf(tab)} />}
      <Loaded query={query}>
        {(task) =>
          task === null ? (
            <Empty title="It was deleted">
              Its tries, XComs and logs went with it. It is made anew when its run is cleared.
            </Empty>
          ) : (
            <>
              <Why task={task} />
              <LinkTabs
                label="Views of the task"
                active={tab}
                tabs={kTabs.map(([key, title]) => ({
                  key,
                  title,
                  to: links.task(refTask, tabOf(key)),
                }))}
              />
              <Tab key={`${tab} ${task.map_index}`} name={tab} refTask={refTask} task={task} />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

/**
 * One task of one run: its log, what it passed on, its tries, and why it is where it is. Of a task
 * that is mapped all instances, unless the address has one of them.
 */
export function TaskPage({ path }: { path: Record<string, string> }) {
  const { params } = useSearch();
  const ref: TaskRef = {
    dagId: path["dagId"] ?? "",
    runId: path["runId"] ?? "",
    taskId: path["taskId"] ?? "",
    mapIndex: Number(params.get("map") ?? -1),
  };
  const tab = path["tab"] ?? "logs";
  // Only what is there already: it is not waited for.
  const known = useQuery({ ...runTasks(ref), enabled: false }).data ?? [];
  const own = known.filter((each) => each.task_id === ref.taskId);
  const any = ref.mapIndex < 0;
  const isKnownAsMany = any && own.some((each) => each.map_index >= 0);
  const query = useQuery({
    ...taskInstance(ref),
    enabled: !isKnownAsMany,
    placeholderData: own.find((each) => each.map_index === ref.mapIndex),
  });
  if (isKnownAsMany || (any && (query.data?.map_index ?? -1) >= 0))
    return <TaskInstances refTask={ref} tab={path["tab"]} />;
  return <InstancePage refTask={ref} tab={tab} query={query} />;
}

function TaskMeta({ task }: { task: TaskInstance }) {
  const run = { dagId: task.dag_id, runId: task.dag_run_id };
  const ran = task.start_date !== null && task.try_number > 0;
  return (
    <span className="row wrap" style={{ gap: "4px 14px" }}>
      <span>{operatorLabel(task.operator_name)}</span>
      <span>
        of <Link to={links.run(run)}>{task.dag_display_name}</Link>
      </span>
      {ran && (
        <span>
          started <Time at={task.start_date} />
        </span>
      )}
      {ran && (
        <span>
          took{" "}
          <Duration
            start={task.start_date}
            end={task.end_date}
            seconds={task.duration}
            exact
            running={task.state === "running"}
          />
        </span>
      )}
      {task.note && <span>“{task.note}”</span>}
    </span>
  );
}
