// SPDX-License-Identifier: Apache-2.0
import styles from "./graph.module.css";

/** Says at a node of the graph that it stands for several. */
export function Badge({ text, title }: { text: string; title: string }) {
  return (
    <span className={styles.badge} title={title}>
      {text}
    </span>
  );
}
