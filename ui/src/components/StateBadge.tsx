// SPDX-License-Identifier: Apache-2.0
import { stateLabel, stateName } from "@/lib/states";
import { StateIcon } from "./StateIcon";
import styles from "./state.module.css";

interface Props {
  state: string | null | undefined;
  /** Filled with the state's soft colour, for headers. */
  soft?: boolean;
  /** Another word than the state's own. */
  label?: string;
}

/** A state as icon and word. */
export function StateBadge({ state, soft = false, label }: Props) {
  const name = stateName(state);
  return (
    <span className={soft ? styles.soft : styles.badge} data-state={name}>
      <StateIcon state={name} />
      {label ?? stateLabel(name)}
    </span>
  );
}
