// SPDX-License-Identifier: Apache-2.0
import dagre from "@dagrejs/dagre";
import type { Task } from "@/api/types";

export const kNodeWidth = 196;
export const kNodeHeight = 52;

const kManyTasks = 200; // from here on the quick way to find layers, twice as fast and a bit wider

export interface Place {
  x: number;
  y: number;
}

export interface Layout {
  /** Top left corner of each task. */
  places: Map<string, Place>;
  edges: { from: string; to: string }[];
  width: number;
  height: number;
}

/** Where each task goes: layers from left to right, or from top to bottom. */
export function layOut(tasks: readonly Task[], direction: "LR" | "TB"): Layout {
  const graph = new dagre.graphlib.Graph();
  const ranker = tasks.length > kManyTasks ? "longest-path" : "network-simplex";
  graph.setGraph({
    rankdir: direction,
    ranker,
    nodesep: 18,
    ranksep: 56,
    marginx: 16,
    marginy: 16,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(tasks.map((task) => task.task_id));
  for (const task of tasks)
    graph.setNode(task.task_id ?? "", { width: kNodeWidth, height: kNodeHeight });
  const edges: Layout["edges"] = [];
  for (const task of tasks)
    for (const next of (task.downstream_task_ids ?? []) as string[]) {
      if (!known.has(next)) continue;
      edges.push({ from: task.task_id ?? "", to: next });
      graph.setEdge(task.task_id ?? "", next);
    }
  dagre.layout(graph);
  const places = new Map<string, Place>();
  for (const id of graph.nodes()) {
    const node = graph.node(id) as { x: number; y: number };
    places.set(id, { x: node.x - kNodeWidth / 2, y: node.y - kNodeHeight / 2 });
  }
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return { places, edges, width, height };
}

export interface View {
  x: number;
  y: number;
  zoom: number;
}

const kShare = 0.88; // of the frame
const kZoomMax = 1.1;
const kEdge = 24; // pixels before what is cut off elsewhere

/** Where a stretch of `extent` begins in a frame of `size`: in the middle, or so that `at` is. */
function offset(size: number, extent: number, at: number): number {
  if (extent <= size) return (size - extent) / 2;
  return Math.min(kEdge, Math.max(size - extent - kEdge, size / 2 - at));
}

/**
 * What of a graph is seen first: all of it where `readable` is zoom enough, else its beginning, with
 * the first task in the middle of its layer's direction.
 */
export function firstView(
  layout: Layout,
  direction: "LR" | "TB",
  frame: { width: number; height: number },
  readable: number,
): View {
  const whole =
    kShare * Math.min(frame.width / (layout.width || 1), frame.height / (layout.height || 1));
  const zoom = Math.min(kZoomMax, Math.max(readable, whole));
  const across = direction === "LR";
  const along = (place: Place) => (across ? place.x : place.y);
  let first: Place = { x: 0, y: 0 };
  let found = Infinity;
  for (const place of layout.places.values())
    if (along(place) < found) [first, found] = [place, along(place)];
  const x = across ? 0 : first.x + kNodeWidth / 2;
  const y = across ? first.y + kNodeHeight / 2 : 0;
  return {
    x: offset(frame.width, layout.width * zoom, x * zoom),
    y: offset(frame.height, layout.height * zoom, y * zoom),
    zoom,
  };
}
