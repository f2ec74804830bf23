// SPDX-License-Identifier: Apache-2.0
import type { RunRef, TaskInstance } from "@/api/types";
import { StateIcon } from "@/components/StateIcon";
import { links } from "@/router/links";
import { Link } from "@/router/router";
import { taskLinks } from "./upstream";

interface Props {
  run: RunRef;
  /** Those that are meant. */
  named: readonly TaskInstance[];
  /** All of the run. */
  instances: readonly TaskInstance[];
  className?: string | undefined;
}

const kLinksMax = 8;

/** Links to a few tasks: one for each, also where many instances of it are meant. */
export function TaskLinks({ run, named, instances, className }: Props) {
  const found = taskLinks(named, instances);
  return (
    <>
      {found.slice(0, kLinksMax).map(({ taskId, mapIndex, state, icon, text, title }) => (
        <Link
          key={taskId}
          className={className}
          title={title}
          to={
            mapIndex === undefined
              ? links.instances(run, taskId, undefined, state)
              : links.task({ ...run, taskId, mapIndex })
          }
        >
          <StateIcon state={icon} labelled size={13} />
          {text}
        </Link>
      ))}
      {found.length > kLinksMax && (
        <Link to={links.run(run)} className={className}>
          and {found.length - kLinksMax} more
        </Link>
      )}
    </>
  );
}
