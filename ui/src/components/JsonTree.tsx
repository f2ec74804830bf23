// SPDX-License-Identifier: Apache-2.0
import { useState } from "react";
import styles from "./json.module.css";

interface Props {
  value: unknown;
  /** How many levels are open at first. */
  open?: number;
}

/** A JSON value as a tree that folds; long lists and texts open piece by piece. */
export function JsonTree({ value, open = 2 }: Props) {
  return (
    <div className={styles.tree}>
      <Value value={value} name={null} open={open} />
    </div>
  );
}

const kPiece = 100; // entries of a list shown at once
const kTextMax = 400; // characters of a text shown at once

interface ValueProps {
  value: unknown;
  name: string | null;
  open: number;
}

function Value({ value, name, open }: ValueProps) {
  if (value !== null && typeof value === "object")
    return <Branch value={value} name={name} open={open} />;
  return (
    <div className={styles.leaf}>
      {name !== null && <span className={styles.name}>{name}</span>}
      <Leaf value={value} />
    </div>
  );
}

function Leaf({ value }: { value: unknown }) {
  const [all, setAll] = useState(false);
  if (typeof value !== "string") {
    const kind = typeof value === "number" ? styles.number : styles.word;
    return <span className={kind}>{String(value)}</span>;
  }
  const long = value.length > kTextMax && !all;
  return (
    <span className={styles.text}>
      {long ? value.slice(0, kTextMax) : value}
      {long && (
        <button type="button" className={styles.more} onClick={() => setAll(true)}>
          … {value.length - kTextMax} more characters
        </button>
      )}
    </span>
  );
}

function Branch({ value, name, open: levels }: ValueProps & { value: object }) {
  const [open, setOpen] = useState(levels > 0);
  const [shown, setShown] = useState(kPiece);
  const list = Array.isArray(value);
  const entries = Object.entries(value);
  const count = list ? `[${entries.length}]` : `{${entries.length}}`;
  if (entries.length === 0)
    return (
      <div className={styles.leaf}>
        {name !== null && <span className={styles.name}>{name}</span>}
        <span className={styles.word}>{list ? "[]" : "{}"}</span>
      </div>
    );
  return (
    <div>
      <button
        type="button"
        className={styles.branch}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <span className={styles.arrow}>{open ? "▾" : "▸"}</span>
        {name !== null && <span className={styles.name}>{name}</span>}
        <span className={styles.count}>{count}</span>
      </button>
      {open && (
        <div className={styles.children}>
          {entries.slice(0, shown).map(([key, each]) => (
            <Value key={key} name={key} value={each} open={levels - 1} />
          ))}
          {entries.length > shown && (
            <button
              type="button"
              className={styles.more}
              onClick={() => setShown(shown + kPiece * 5)}
            >
              {entries.length - shown} more
            </button>
          )}
        </div>
      )}
    </div>
  );
}
