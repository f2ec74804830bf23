// SPDX-License-Identifier: Apache-2.0
// The graph as a picture of its own: SVG from the layout, PNG from that.
import { stateLabel, stateName } from "@/lib/states";
import { kBoxTitle, kNodeHeight, kNodeWidth, type Layout } from "./layout";
import { foldedText, isMany, progressText, timesText, type RunMarks } from "./marks";
import type { Shape } from "./shape";

interface Look {
  background: string;
  surface: string;
  line: string;
  ink: string;
  faint: string;
  state: (state: string) => string;
}

function currentLook(): Look {
  const root = getComputedStyle(document.documentElement);
  const token = (name: string) => root.getPropertyValue(name).trim();
  const names: Record<string, string> = {
    up_for_retry: "retry",
    up_for_reschedule: "retry",
    upstream_failed: "upstream",
    restarting: "running",
    removed: "none",
  };
  return {
    background: token("--bg"),
    surface: token("--surface"),
    line: token("--line-strong"),
    ink: token("--ink"),
    faint: token("--ink-3"),
    state: (state) => token(`--s-${names[state] ?? state}`),
  };
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`);
}

function cut(text: string, size: number): string {
  return text.length > size ? `${text.slice(0, size - 1)}…` : text;
}

/** The graph as SVG text in the colours of the page. */
export function graphSvg(
  shape: Shape,
  layout: Layout,
  marks: RunMarks,
  horizontal: boolean,
): string {
  const look = currentLook();
  const edges = shape.edges.map(({ from, to }) => {
    const a = layout.places.get(from) ?? { x: 0, y: 0 };
    const b = layout.places.get(to) ?? { x: 0, y: 0 };
    const [x1, y1, x2, y2] = horizontal
      ? [a.x + kNodeWidth, a.y + kNodeHeight / 2, b.x, b.y + kNodeHeight / 2]
      : [a.x + kNodeWidth / 2, a.y + kNodeHeight, b.x + kNodeWidth / 2, b.y];
    const bend = horizontal
      ? `C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2}`
      : `C${x1} ${(y1 + y2) / 2} ${x2} ${(y1 + y2) / 2}`;
    return `<path d="M${x1} ${y1}${bend} ${x2} ${y2}" fill="none" stroke="${look.line}" stroke-width="1.5"/>`;
  });
  const named = (label: string, times: string | null) =>
    times === null ? label : `${label} ${times}`;
  const boxes = shape.boxes.map(({ id, label }) => {
    const { x = 0, y = 0, width = 0, height = 0 } = layout.frames.get(id) ?? {};
    return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="10" fill="${look.ink}" fill-opacity="0.03" stroke="${look.line}" stroke-dasharray="5 4"/><text x="${x + 12}" y="${y + kBoxTitle - 9}" font-size="11" font-weight="600" fill="${look.faint}">${escape(cut(named(label, marks.timesOf(id)), Math.floor(width / 7)))}</text>`;
  });
  const nodes = shape.items.map((item) => {
    const { id, label, task } = item;
    const { x, y } = layout.places.get(id) ?? { x: 0, y: 0 };
    const of = marks.byItem.get(id);
    const state = stateName(of?.worst.state);
    const times = task ? null : marks.timesOf(id);
    const many = task ? isMany(task, of) : times !== null;
    const what = task ? (task.operator_name ?? "") : foldedText(item, times);
    const under = of && task ? (progressText(of) ?? stateLabel(state)) : what;
    const badge = task && many ? timesText(of) : "";
    const card = `<rect width="${kNodeWidth}" height="${kNodeHeight}" rx="8" fill="${look.surface}" stroke="${look.line}"`;
    const behind = many ? `${card} x="4" y="4"/>` : "";
    const corner = badge
      ? `<text x="${kNodeWidth - 12}" y="23" text-anchor="end" font-size="11" fill="${look.faint}">${badge}</text>`
      : "";
    return `<g transform="translate(${x} ${y})">${behind}${card}/><rect width="4" height="${kNodeHeight - 16}" x="8" y="8" rx="2" fill="${look.state(state)}"/><text x="22" y="23" font-size="13" font-weight="600" fill="${look.ink}">${escape(cut(label, badge ? 23 - badge.length : 24))}</text>${corner}<text x="22" y="40" font-size="11" fill="${look.faint}">${escape(cut(under, 28))}</text></g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${layout.width}" height="${layout.height}" viewBox="0 0 ${layout.width} ${layout.height}" font-family="system-ui, sans-serif"><rect width="100%" height="100%" fill="${look.background}"/>${boxes.join("")}${edges.join("")}${nodes.join("")}</svg>`;
}

const kPixelsMax = 8000; // of a side; browsers draw nothing beyond

/** SVG text as a PNG picture, sharp on dense screens. */
export async function toPng(svg: string, width: number, height: number): Promise<Blob> {
  const scale = Math.min(2, kPixelsMax / Math.max(width, height));
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(width * scale);
  canvas.height = Math.ceil(height * scale);
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The picture is too large")))),
  );
}
