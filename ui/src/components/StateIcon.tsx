// SPDX-License-Identifier: Apache-2.0
import type { ReactNode } from "react";
import { stateLabel, stateName, type StateName } from "@/lib/states";
import styles from "./state.module.css";

const line = {
  fill: "none",
  stroke: "currentColor",
  strokeWidth: 1.6,
  strokeLinecap: "round",
  strokeLinejoin: "round",
} as const;
const cut = { ...line, stroke: "var(--surface)", strokeWidth: 1.8 } as const;

// Each state has its own outline, not only its own colour.
const kShapes: Record<StateName, ReactNode> = {
  success: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="M5 8.2l2.1 2.1L11 6.2" {...cut} />
    </>
  ),
  failed: (
    <>
      <path d="M5.2 1h5.6L15 5.2v5.6L10.8 15H5.2L1 10.8V5.2z" fill="currentColor" />
      <path d="M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8" {...cut} />
    </>
  ),
  running: (
    <>
      <circle cx="8" cy="8" r="6.2" {...line} opacity="0.25" strokeWidth="2" />
      <path d="M8 1.8a6.2 6.2 0 0 1 6.2 6.2" {...line} strokeWidth="2" className={styles.spin} />
      <circle cx="8" cy="8" r="2.2" fill="currentColor" />
    </>
  ),
  queued: (
    <>
      <circle cx="8" cy="8" r="6.2" {...line} />
      <path d="M5.2 8h.01M8 8h.01M10.8 8h.01" {...line} strokeWidth="2" />
    </>
  ),
  scheduled: (
    <>
      <circle cx="8" cy="8" r="6.2" {...line} />
      <path d="M8 4.6V8l2.2 1.6" {...line} />
    </>
  ),
  up_for_retry: (
    <>
      <path d="M13.6 6A6 6 0 1 0 14 9.4" {...line} strokeWidth="1.9" />
      <path d="M14.2 2.6V6h-3.4" {...line} strokeWidth="1.9" />
    </>
  ),
  up_for_reschedule: (
    <>
      <path d="M13.6 6A6 6 0 1 0 14 9.4" {...line} strokeDasharray="2.4 2.4" />
      <path d="M14.2 2.6V6h-3.4M8 5v3.2l2 1.2" {...line} />
    </>
  ),
  upstream_failed: (
    <>
      <path d="M5.4 1.8h5.2l3.6 3.6v5.2l-3.6 3.6H5.4l-3.6-3.6V5.4z" {...line} />
      <path d="M8 11V5.4M5.6 7.6L8 5.2l2.4 2.4" {...line} />
    </>
  ),
  skipped: (
    <>
      <circle cx="8" cy="8" r="6.2" {...line} strokeDasharray="2.2 2.2" />
      <path d="M5.6 5.6L8 8l-2.4 2.4M8.8 5.6L11.2 8l-2.4 2.4" {...line} />
    </>
  ),
  deferred: (
    <>
      <circle cx="8" cy="8" r="6.2" {...line} />
      <path d="M6.4 5.8v4.4M9.6 5.8v4.4" {...line} />
    </>
  ),
  restarting: (
    <>
      <path d="M2.4 7a5.8 5.8 0 0 1 10-2.8M13.6 9a5.8 5.8 0 0 1-10 2.8" {...line} />
      <path d="M12.8 1.6v2.8H10M3.2 14.4v-2.8H6" {...line} />
    </>
  ),
  removed: (
    <>
      <circle cx="8" cy="8" r="6.2" {...line} />
      <path d="M5.4 8h5.2" {...line} />
    </>
  ),
  none: <circle cx="8" cy="8" r="6.2" {...line} strokeDasharray="1.2 2.6" />,
};

interface Props {
  state: string | null | undefined;
  size?: number;
  /** Without it the icon is decoration beside a word. */
  labelled?: boolean;
}

/** What a state looks like: shape and colour together. */
export function StateIcon({ state, size = 14, labelled = false }: Props) {
  const name = stateName(state);
  return (
    <svg
      viewBox="0 0 16 16"
      width={size}
      height={size}
      data-state={name}
      className={styles.icon}
      {...(labelled ? { role: "img", "aria-label": stateLabel(name) } : { "aria-hidden": true })}
    >
      {labelled && <title>{stateLabel(name)}</title>}
      {kShapes[name]}
    </svg>
  );
}
