// SPDX-License-Identifier: Apache-2.0
import dagre from "@dagrejs/dagre";
import type { Shape } from "./shape";

export const kNodeWidth = 196;
export const kNodeHeight = 52;

const kManyTasks = 200; // from here on the quick way to find layers, twice as fast and a bit wider

export interface Place {
  x: number;
  y: number;
}

export interface Frame extends Place {
  width: number;
  height: number;
}

export interface Layout {
  /** Top left corner of each item. */
  places: Map<string, Place>;
  /** Around the items of each box. */
  frames: Map<string, Frame>;
  width: number;
  height: number;
}

const kMargin = 16;
const kGap = 18; // between neighbours of a layer
// With boxes there is an edge of one between neighbours that it parts.
const kGapOfBoxes = 26;
const kBoxPad = 12;
export const kBoxTitle = 26; // of each box, above what is in it

/** Where each item goes: layers from left to right, or from top to bottom. */
export function layOut(shape: Shape, direction: "LR" | "TB"): Layout {
  const { items, boxes, edges } = shape;
  const graph = new dagre.graphlib.Graph({ compound: boxes.length > 0 });
  graph.setGraph({
    rankdir: direction,
    ranker: items.length > kManyTasks ? "longest-path" : "network-simplex",
    nodesep: boxes.length > 0 ? kGapOfBoxes : kGap,
    ranksep: 56,
    marginx: kMargin,
    marginy: kMargin,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  // Groups may have the id of no task, and tasks of no group: yet dagre has one name for both.
  const boxNode = (id: string) => `box ${id}`;
  for (const box of boxes) graph.setNode(boxNode(box.id), {});
  for (const box of boxes)
    if (box.box !== undefined) graph.setParent(boxNode(box.id), boxNode(box.box));
  for (const item of items) {
    graph.setNode(item.id, { width: kNodeWidth, height: kNodeHeight });
    if (item.box !== undefined) graph.setParent(item.id, boxNode(item.box));
  }
  for (const { from, to } of edges) graph.setEdge(from, to);
  dagre.layout(graph);
  const places = new Map<string, Place>();
  for (const { id } of items) {
    const node = graph.node(id) as Place;
    places.set(id, { x: node.x - kNodeWidth / 2, y: node.y - kNodeHeight / 2 });
  }
  putInOrder(places, direction);
  return around(places, framesOf(shape, places));
}

/**
 * Mirrored, if neighbours of a layer come nearer to their order in the list that way: what is listed
 * first is looked for at the top.
 */
function putInOrder(places: ReadonlyMap<string, Place>, direction: "LR" | "TB"): void {
  const [along, across] = direction === "LR" ? (["x", "y"] as const) : (["y", "x"] as const);
  const last = new Map<number, number>(); // of each layer
  let balance = 0;
  for (const place of places.values()) {
    balance += Math.sign(place[across] - (last.get(place[along]) ?? place[across]));
    last.set(place[along], place[across]);
  }
  if (balance < 0) for (const place of places.values()) place[across] = -place[across];
}

/** With a margin around all of it. */
function around(places: Map<string, Place>, frames: Map<string, Frame>): Layout {
  const all: Frame[] = [...frames.values()];
  for (const place of places.values())
    all.push({ ...place, width: kNodeWidth, height: kNodeHeight });
  if (all.length === 0) return { places, frames, width: 0, height: 0 };
  const most = (of: (each: Frame) => number) => all.reduce((a, b) => Math.max(a, of(b)), -Infinity);
  const left = -most(({ x }) => -x) - kMargin;
  const top = -most(({ y }) => -y) - kMargin;
  const width = most((each) => each.x + each.width) - left + kMargin;
  const height = most((each) => each.y + each.height) - top + kMargin;
  for (const each of [...places.values(), ...frames.values()]) {
    each.x -= left;
    each.y -= top;
  }
  return { places, frames, width, height };
}

/** As tight as titles allow, from the inmost box outwards. */
function framesOf({ items, boxes }: Shape, places: ReadonlyMap<string, Place>) {
  const corners = new Map<string, [number, number, number, number]>();
  const widen = (box: string | undefined, { x, y, width, height }: Frame) => {
    if (box === undefined) return;
    const [left, top, right, bottom] = corners.get(box) ?? [
      Infinity,
      Infinity,
      -Infinity,
      -Infinity,
    ];
    corners.set(box, [
      Math.min(left, x),
      Math.min(top, y),
      Math.max(right, x + width),
      Math.max(bottom, y + height),
    ]);
  };
  for (const { id, box } of items)
    widen(box, { ...(places.get(id) ?? { x: 0, y: 0 }), width: kNodeWidth, height: kNodeHeight });
  const frames = new Map<string, Frame>();
  for (const { id, box } of [...boxes].sort((a, b) => a.height - b.height)) {
    const [left, top, right, bottom] = corners.get(id) ?? [0, 0, 0, 0];
    const frame = {
      x: left - kBoxPad,
      y: top - kBoxTitle,
      width: right - left + 2 * kBoxPad,
      height: bottom - top + kBoxTitle + kBoxPad,
    };
    frames.set(id, frame);
    widen(box, frame);
  }
  return frames;
}

export interface View {
  x: number;
  y: number;
  zoom: number;
}

const kShare = 0.88; // of the frame
const kZoomMax = 1.1;
const kEdge = 24; // pixels before what is cut off elsewhere
const kBelowTools = 60; // pixels

/** Where a stretch of `extent` begins in a frame of `size`: in the middle, or so that `at` is. */
function offset(size: number, extent: number, at: number, edge = kEdge): number {
  if (extent <= size) return (size - extent) / 2;
  return Math.min(edge, Math.max(size - extent - kEdge, size / 2 - at));
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
    y: offset(frame.height, layout.height * zoom, y * zoom, across ? kEdge : kBelowTools),
    zoom,
  };
}
