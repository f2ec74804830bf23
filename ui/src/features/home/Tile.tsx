// SPDX-License-Identifier: Apache-2.0
import type { ReactNode } from "react";
import { StateIcon } from "@/components/StateIcon";
import { Link } from "@/router/router";
import styles from "./home.module.css";

interface Props {
  name: string;
  /** The icon before the name. */
  state: string;
  value: ReactNode;
  note: ReactNode;
  to: string;
}

/** One number, where it leads. */
export function Tile({ name, state, value, note, to }: Props) {
  return (
    <Link to={to} className={styles.tile}>
      <span className={styles.tileName}>
        {state !== "none" && <StateIcon state={state} size={13} />}
        {name}
      </span>
      <span className={styles.tileValue}>{value ?? "–"}</span>
      <span className={`${styles.tileNote} cut`}>{note}</span>
    </Link>
  );
}
