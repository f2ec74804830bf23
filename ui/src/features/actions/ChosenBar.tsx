// SPDX-License-Identifier: Apache-2.0
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import styles from "./actions.module.css";

interface Props<A extends string> {
  /** What is chosen, for who cannot see it. */
  label: string;
  /** "3 chosen". */
  text: ReactNode;
  actions: readonly { key: A; title: string; destroys?: boolean }[];
  disabled?: boolean;
  onAction: (action: A) => void;
  onNone: () => void;
}

/** How much is chosen, and what can be done with all of it. */
export function ChosenBar<A extends string>(props: Props<A>) {
  const { label, text, actions, disabled = false, onAction, onNone } = props;
  return (
    <div className={styles.bar} role="group" aria-label={label}>
      <strong className="num">{text}</strong>
      {actions.map(({ key, title, destroys }) => (
        <Button
          key={key}
          size="compact-xs"
          variant="default"
          disabled={disabled}
          {...(destroys && !disabled ? { c: "var(--s-failed-text)" } : {})}
          onClick={() => onAction(key)}
        >
          {title}
        </Button>
      ))}
      <Button size="compact-xs" variant="subtle" color="gray" onClick={onNone}>
        None
      </Button>
    </div>
  );
}
