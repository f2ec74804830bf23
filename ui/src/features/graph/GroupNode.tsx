// SPDX-License-Identifier: Apache-2.0
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import type { Node, NodeProps } from "@xyflow/react";
import { StateIcon } from "@/components/StateIcon";
import { stateName } from "@/lib/states";
import { Badge } from "./Badge";
import { Ends } from "./Ends";
import styles from "./graph.module.css";
import { foldedText, type Marks } from "./marks";
import type { Item } from "./shape";

type OnFold = (group: string) => void;

interface BoxData {
  id: string;
  label: string;
  /** Where it is mapped, how often it was made. */
  times: string | null;
  onFold: OnFold;
  [key: string]: unknown;
}

interface GroupData {
  item: Item;
  of: Marks | undefined;
  /** Where it is mapped, how often it was made. */
  times: string | null;
  horizontal: boolean;
  onFold: OnFold;
  [key: string]: unknown;
}

export type BoxNodeType = Node<BoxData, "box">;

export type GroupNodeType = Node<GroupData, "folded">;

/** An open group: a frame around its tasks, whose title folds it. */
export function BoxNode({ data, width, height }: NodeProps<BoxNodeType>) {
  const { id, label, times, onFold } = data;
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
        {times !== null && <Badge text={times} title="Mapped: made once for each element" />}
      </button>
    </div>
  );
}

/** A folded group: how many tasks, and the state that asks most. */
export function GroupNode({ data }: NodeProps<GroupNodeType>) {
  const { item, of, times, horizontal, onFold } = data;
  const state = stateName(of?.worst.state);
  return (
    <Ends horizontal={horizontal}>
      <button
        type="button"
        className={`${styles.node} ${styles.group} ${times === null ? "" : styles.many}`}
        data-state={state}
        aria-expanded={false}
        title={item.id}
        onClick={() => onFold(item.id)}
      >
        <StateIcon state={state} size={16} />
        <span className={`cut ${styles.name}`}>{item.label}</span>
        <IconChevronRight size={14} />
        <span className={styles.under}>{foldedText(item, times)}</span>
      </button>
    </Ends>
  );
}
