// SPDX-License-Identifier: Apache-2.0
import { Checkbox } from "@mantine/core";
import { useState } from "react";
import type { TaskInstance } from "@/api/types";
import { StateBadge } from "@/components/StateBadge";
import { ChangeTasksDialog } from "./ChangeTasksDialog";
import type { MarkState, Reach } from "./changeTasks";
import { titleOf } from "./chosenTasks";

interface Props {
  /** Those chosen; undefined while they load. */
  tasks: readonly TaskInstance[] | undefined;
  state: MarkState;
  /** Called with true when it was done. */
  onClose: (done: boolean) => void;
}

const kReach: readonly [name: keyof Reach, title: string, about: string][] = [
  ["include_downstream", "And downstream", "Also what depends on these tasks"],
  ["include_upstream", "And upstream", "Also what these tasks depend on"],
  ["include_future", "And later runs", "The same tasks in runs of later logical dates"],
  ["include_past", "And earlier runs", "The same tasks in runs of earlier logical dates"],
];

/** Says how task instances ended instead of running them; shows which first. */
export function MarkTasksDialog({ tasks, state, onClose }: Props) {
  const [reach, setReach] = useState<Reach>({
    include_downstream: false,
    include_upstream: false,
    include_future: false,
    include_past: false,
  });
  const alone = tasks?.length === 1;
  // Other runs are found by logical date.
  const dated = tasks?.every((task) => task.logical_date !== null) ?? false;
  const shown = kReach.filter(
    ([name]) => dated || !["include_future", "include_past"].includes(name),
  );
  return (
    <ChangeTasksDialog
      title={titleOf("Mark", tasks)}
      tasks={tasks}
      change={{ action: "mark", new_state: state, ...reach }}
      none={alone ? "It is in this state already." : "They are all in this state already."}
      verb="Mark"
      rest={`as ${state}`}
      done="Marked"
      onClose={onClose}
    >
      <div className="dim">
        <div className="row">
          {alone ? "It becomes" : "They become"} <StateBadge state={state} soft />
          without running.
        </div>
        What runs is ended; what failed or waits because of {alone ? "it" : "them"} goes on.
      </div>
      {shown.map(([name, title, about]) => (
        <Checkbox
          key={name}
          size="xs"
          label={title}
          description={about}
          checked={reach[name]}
          onChange={(event) => {
            const { checked } = event.currentTarget;
            setReach((before) => ({ ...before, [name]: checked }));
          }}
        />
      ))}
    </ChangeTasksDialog>
  );
}
