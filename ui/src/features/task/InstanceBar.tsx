// SPDX-License-Identifier: Apache-2.0
import { ActionIcon, Select } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { runTasks } from "@/api/queries";
import type { TaskInstance, TaskRef } from "@/api/types";
import { StateIcon } from "@/components/StateIcon";
import { instanceLabel, together } from "@/lib/mapped";
import { links } from "@/router/links";
import { withSearch } from "@/router/match";
import { Link, navigate } from "@/router/router";
import { StateCounts } from "../run/StateCounts";
import styles from "./task.module.css";

const kListed = 60; // of the choices at once; the rest is found by typing

interface Props {
  refTask: TaskRef;
  /** The view that others are opened in. */
  tab: string | undefined;
}

/** Another instance in the same view; what is looked for in logs stays. */
function go(refTask: TaskRef, mapIndex: number, tab: string | undefined): void {
  const { pathname } = new URL(links.task({ ...refTask, mapIndex }, tab), window.location.href);
  const search = { map: mapIndex, try: null, at: null, line: null };
  navigate(pathname + withSearch(window.location.search, search));
}

const labelOf = (task: TaskInstance) => instanceLabel(task) ?? "";

/** Which instance of a mapped task this is, and the way to the others. */
export function InstanceBar({ refTask, tab }: Props) {
  const tasks = useQuery(runTasks(refTask)).data;
  const all = useMemo(() => {
    const own = (tasks ?? []).filter((each) => each.task_id === refTask.taskId);
    return own.length > 0 ? together(own) : null;
  }, [tasks, refTask.taskId]);
  const choices = useMemo(
    () =>
      (all?.instances ?? []).map((task) => ({
        value: String(task.map_index),
        label:
          labelOf(task) === String(task.map_index)
            ? labelOf(task)
            : `${labelOf(task)} · ${task.map_index}`,
      })),
    [all],
  );
  const states = useMemo(
    () => new Map((all?.instances ?? []).map((task) => [String(task.map_index), task.state])),
    [all],
  );
  if (!all) return <div className={styles.bar} />;
  const at = all.instances.findIndex((each) => each.map_index === refTask.mapIndex);
  const number = (n: number) => n.toLocaleString("en");
  return (
    <nav className={styles.bar} aria-label="Instances of the task">
      <span className="row" style={{ gap: 4 }}>
        <Step to={all.instances[at - 1]} {...{ refTask, tab }} title="Previous instance">
          <IconChevronLeft size={15} />
        </Step>
        <Select
          aria-label="Instance"
          size="xs"
          w={190}
          searchable
          allowDeselect={false}
          limit={kListed}
          nothingFoundMessage="No instance is called so"
          data={choices}
          value={String(refTask.mapIndex)}
          onChange={(value) => value !== null && go(refTask, Number(value), tab)}
          // What is typed is looked for, not added to the name that is there.
          onFocus={(event) => event.currentTarget.select()}
          onClick={(event) => event.currentTarget.select()}
          renderOption={({ option }) => (
            <span className="row">
              <StateIcon state={states.get(option.value)} labelled size={13} />
              <span className="cut">{option.label}</span>
            </span>
          )}
        />
        <Step to={all.instances[at + 1]} {...{ refTask, tab }} title="Next instance">
          <IconChevronRight size={15} />
        </Step>
      </span>
      {at >= 0 && (
        <span className="dim num">
          {number(at + 1)} of {number(all.instances.length)}
        </span>
      )}
      <StateCounts
        counts={all.counts}
        to={(state) => links.instances(refTask, refTask.taskId, tab, state)}
      />
      <Link to={links.instances(refTask, refTask.taskId, tab)}>All instances</Link>
    </nav>
  );
}

interface StepProps extends Props {
  to: TaskInstance | undefined;
  title: string;
  children: React.ReactNode;
}

/** Stays where it is at the ends, so that the focus does not get lost there. */
function Step({ refTask, tab, to, title, children }: StepProps) {
  return (
    <ActionIcon
      variant="default"
      size={30}
      aria-label={to ? `${title}: ${labelOf(to)}` : title}
      title={to ? `${title}: ${labelOf(to)}` : title}
      aria-disabled={!to}
      data-disabled={!to || undefined}
      onClick={() => to && go(refTask, to.map_index, tab)}
    >
      {children}
    </ActionIcon>
  );
}
