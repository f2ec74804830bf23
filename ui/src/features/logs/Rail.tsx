// SPDX-License-Identifier: Apache-2.0
import { useRef, type PointerEvent } from "react";
import { bytes } from "@/lib/text";
import styles from "./log.module.css";

interface Props {
  /** Bytes of the log, and those in sight. */
  size: number;
  top: number;
  bottom: number;
  hits: readonly number[];
  /** The id of what is scrolled. */
  controls: string;
  onSeek: (offset: number) => void;
}

const kMarks = 300; // places at which a match can be shown

function marksOf(hits: readonly number[], size: number): number[] {
  return [...new Set(hits.map((each) => Math.round((each / size) * kMarks) / kMarks))];
}

/** The scroll bar of a log of which only a part is loaded; shows where matches are. */
export function Rail({ size, top, bottom, hits, controls, onSeek }: Props) {
  const rail = useRef<HTMLDivElement>(null);
  const seek = (event: PointerEvent) => {
    const box = rail.current?.getBoundingClientRect();
    if (!box) return;
    const share = Math.min(1, Math.max(0, (event.clientY - box.top) / box.height));
    onSeek(Math.floor(share * size));
  };
  const share = size > 0 ? top / size : 0;
  const held = size > 0 ? Math.max(0, bottom - top) / size : 1;
  return (
    <div
      ref={rail}
      className={styles.rail}
      role="scrollbar"
      aria-orientation="vertical"
      aria-controls={controls}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
      aria-valuetext={`${bytes(top)} of ${bytes(size)}`}
      aria-label="Place in the log"
      title={`${bytes(top)} of ${bytes(size)}`}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        seek(event);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) seek(event);
      }}
    >
      {marksOf(hits, size).map((at) => (
        <span key={at} className={styles.railHit} style={{ top: `${at * 100}%` }} />
      ))}
      <span
        className={styles.railThumb}
        style={{
          top: `calc((100% - 28px) * ${share})`,
          height: `max(28px, ${held * 100}%)`,
        }}
      />
    </div>
  );
}
