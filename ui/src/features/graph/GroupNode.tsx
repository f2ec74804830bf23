// SPDX-License-Identifier: Apache-2.0
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import type { Node, NodeProps } from "@xyflow/react";
import type { TaskInstance } from "@/api/types";
import { StateIcon } from "@/components/StateIcon";
import { stateName } from "@/lib/states";
import { count } from "@/lib/text";
import { Ends } from "./Ends";
import styles from "./graph.module.css";
import type { Item } from "./shape";

type OnFold = (group: string) => void;

export type BoxNodeType = Node<{ id: string; label: string; onFold: OnFold }, "box">;

export type GroupNodeType = Node<
  { item: Item; instance: TaskInstance | undefined; horizontal: boolean; onFold: OnFold },
  "folded"
>;

/** An open group: a frame around its tasks, whose title folds it. */
export function BoxNode({ data, width, height }: NodeProps<BoxNodeType>) {
  const { id, label, onFold } = data;
  return (
    <div className={styles.box} style={{ width, height }}>
      <button
        type="button"
        className={styles.title}
        aria-expanded
        title={id}
        onClick={() => onFold(id)}
      >
        <IconChevronDown size={13} />
        <span className="cut">{label}</span>
      </button>
    </div>
  );
}

/** A folded group: how many tasks, and the state that asks most. */
export function GroupNode({ data }: NodeProps<GroupNodeType>) {
  const { item, instance, horizontal, onFold } = data;
  const state = stateName(instance?.state);
  return (
    <Ends horizontal={horizontal}>
      <button
        type="button"
        className={`${styles.node} ${styles.group}`}
        data-state={state}
        aria-expanded={false}
        title={item.id}
        onClick={() => onFold(item.id)}
      >
        <StateIcon state={state} size={16} />
        <span className={`cut ${styles.name}`}>{item.label}</span>
        <IconChevronRight size={14} />
        <span className={styles.under}>{count(item.tasks.length, "task")}</span>
      </button>
    </Ends>
  );
}
