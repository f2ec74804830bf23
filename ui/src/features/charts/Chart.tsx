// SPDX-License-Identifier: Apache-2.0
import "uplot/dist/uPlot.min.css";
import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import { dateAndTime, span } from "@/lib/time";
import styles from "./chart.module.css";

export interface Series {
  label: string;
  /** A token: "--s-success". */
  color: string;
  values: (number | null)[];
  /** Points without a line between them. */
  pointsOnly?: boolean;
}

interface Props {
  label: string;
  /** Seconds since 1970. */
  times: number[];
  series: Series[];
  zone: string;
  height?: number;
  /** Called with the place of the point that was pressed. */
  onPoint?: (index: number) => void;
}

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function axis(): uPlot.Axis {
  return {
    stroke: token("--ink-3"),
    font: `11px ${token("--font")}`,
    grid: { stroke: token("--line"), width: 1 },
    ticks: { show: false },
  };
}

function toOptions(props: Props, width: number): uPlot.Options {
  const { times, series, zone, height = 260 } = props;
  const when = (index: number | null) => {
    const at = index === null ? undefined : times[index];
    if (at === undefined) return "";
    const { date, time } = dateAndTime(at * 1000, zone);
    return `${date.slice(5)} ${time.slice(0, 5)}`;
  };
  return {
    width,
    height,
    padding: [12, 36, 0, 0],
    scales: { x: { time: false }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] } },
    axes: [
      { ...axis(), incrs: [1, 2, 5, 10, 20], values: (_, splits) => splits.map(when) },
      { ...axis(), size: 64, values: (_, splits) => splits.map((value) => span(value)) },
    ],
    legend: { live: true },
    cursor: { points: { size: 7 }, focus: { prox: 24 } },
    series: [
      { label: "", value: (_, index) => when(index) },
      ...series.map((each): uPlot.Series => ({
        label: each.label,
        stroke: token(each.color),
        width: each.pointsOnly ? 0 : 1.5,
        spanGaps: true,
        points: { show: true, size: each.pointsOnly ? 7 : 4, fill: token(each.color) },
        // Only of the run under the pointer.
        value: (_, value, __, index) => (index === null || value === null ? "" : span(value)),
      })),
    ],
  };
}

/** Durations run by run: even steps, because runs come in bursts. */
export function Chart(props: Props) {
  const { ref, width } = useElementSize();
  const holder = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme();
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    if (!holder.current || width === 0) return;
    const { times, series, onPoint } = props;
    const plot = new uPlot(
      toOptions(props, width),
      [times.map((_, index) => index), ...series.map((each) => each.values)],
      holder.current,
    );
    const press = () => {
      const index = plot.cursor.idx;
      if (index != null) latest.current.onPoint?.(index);
    };
    if (onPoint) plot.over.addEventListener("click", press);
    return () => plot.destroy();
    // The plot is made anew for other data: cheaper than telling every difference.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [width, scheme, props.times, props.series, props.zone]);
  return (
    <div ref={ref} className={styles.chart} role="img" aria-label={props.label}>
      <div ref={holder} style={{ cursor: props.onPoint ? "pointer" : undefined }} />
    </div>
  );
}
