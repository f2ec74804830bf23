// SPDX-License-Identifier: Apache-2.0
import "@xyflow/react/dist/base.css";
import { ActionIcon, Menu, SegmentedControl, useComputedColorScheme } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconDownload } from "@tabler/icons-react";
import { Background, Controls, MiniMap, ReactFlow, type Edge } from "@xyflow/react";
import { useMemo, useRef } from "react";
import type { Task, TaskInstance } from "@/api/types";
import type { Group } from "@/lib/graph";
import { useToasts } from "@/components/toast";
import { stateName } from "@/lib/states";
import { useSearch } from "@/router/router";
import { BoxNode, GroupNode, type BoxNodeType, type GroupNodeType } from "./GroupNode";
import { graphSvg, toPng } from "./exportGraph";
import styles from "./graph.module.css";
import { firstView, kNodeHeight, kNodeWidth, layOut } from "./layout";
import { saveFile } from "@/lib/saveFile";
import { marksOf } from "./marks";
import { shapeOf } from "./shape";
import { TaskNode, type TaskNodeType } from "./TaskNode";
import { useFolds } from "./useFolds";

type GraphNode = TaskNodeType | GroupNodeType | BoxNodeType;

const kNodeTypes = { task: TaskNode, folded: GroupNode, box: BoxNode };
const kFixed = { draggable: false, connectable: false, focusable: false } as const;
const kMiniMapFrom = 30; // tasks
const kFoldedFrom = 200; // tasks: groups are folded at first
// So that names can be read at first; what does not fit is a swipe away.
const kZoomFirst = 0.5;
const kZoomFirstPhone = 0.8;

interface Props {
  name: string;
  tasks: readonly Task[];
  groups: readonly Group[];
  /** Of the run whose states are shown; none shows the plain structure. */
  instances: readonly TaskInstance[] | undefined;
}

/** Ids of the groups that lie in no other. */
function outermost(groups: readonly Group[]): string[] {
  const inner = new Set<string>();
  const found: string[] = [];
  for (const { id, tasks } of groups) {
    if (!tasks.every((task) => inner.has(task))) found.push(id);
    for (const task of tasks) inner.add(task);
  }
  return found;
}

/** The DAG as a picture, with the states of a run as they change. */
export function GraphView({ name, tasks, groups, instances }: Props) {
  const { params, set } = useSearch();
  const first = useMemo(
    () => (tasks.length > kFoldedFrom ? outermost(groups) : []),
    [tasks, groups],
  );
  const { folded, toggle } = useFolds(first);
  const phone = useMediaQuery("(max-width: 720px)") ?? false;
  const direction = params.get("dir") === "down" || (phone && !params.has("dir")) ? "TB" : "LR";
  const horizontal = direction === "LR";
  const shape = useMemo(() => shapeOf(tasks, groups, folded), [tasks, groups, folded]);
  const layout = useMemo(() => layOut(shape, direction), [shape, direction]);
  const marks = useMemo(() => marksOf(shape, instances ?? []), [shape, instances]);
  const scheme = useComputedColorScheme();
  const frame = useRef<HTMLDivElement>(null);

  const nodes = useMemo<GraphNode[]>(() => {
    const boxes = shape.boxes.map((box): BoxNodeType => {
      const { x = 0, y = 0, width = 0, height = 0 } = layout.frames.get(box.id) ?? {};
      const times = marks.timesOf(box.id);
      const data = { id: box.id, label: box.label, times, onFold: toggle };
      const place = { position: { x, y }, width, height };
      return { id: `box ${box.id}`, type: "box", ...place, data, ...kFixed };
    });
    const items = shape.items.map((item): TaskNodeType | GroupNodeType => {
      const { id, label, task } = item;
      const position = layout.places.get(id) ?? { x: 0, y: 0 };
      const place = { id, position, width: kNodeWidth, height: kNodeHeight, zIndex: 1, ...kFixed };
      const of = marks.byItem.get(id);
      if (task) return { ...place, type: "task", data: { task, label, of, horizontal } };
      const times = marks.timesOf(id);
      return { ...place, type: "folded", data: { item, of, times, horizontal, onFold: toggle } };
    });
    return [...boxes, ...items];
  }, [shape, layout, marks, horizontal, toggle]);
  const edges = useMemo<Edge[]>(
    () =>
      shape.edges.map(({ from, to }) => {
        const after = stateName(marks.byItem.get(to)?.worst.state);
        const before = stateName(marks.byItem.get(from)?.worst.state);
        const skipped = before === "skipped" || after === "skipped";
        return {
          id: `${from}→${to}`,
          source: from,
          target: to,
          animated: after === "running",
          focusable: false,
          ...(skipped ? { style: { strokeDasharray: "3 4" } } : {}),
        };
      }),
    [shape, marks],
  );

  return (
    <div className={styles.frame} ref={frame}>
      <ReactFlow
        key={direction}
        nodes={nodes}
        edges={edges}
        nodeTypes={kNodeTypes}
        colorMode={scheme}
        onInit={(flow) => {
          const { clientWidth: width = 0, clientHeight: height = 0 } = frame.current ?? {};
          const readable = phone ? kZoomFirstPhone : kZoomFirst;
          void flow.setViewport(firstView(layout, direction, { width, height }, readable));
        }}
        minZoom={0.05}
        maxZoom={2}
        nodesDraggable={false}
        nodesConnectable={false}
        elementsSelectable={false}
        onlyRenderVisibleElements={shape.items.length > 150}
        aria-label={`Graph of ${name}`}
      >
        <Background gap={20} />
        <Controls showInteractive={false} />
        {shape.items.length >= kMiniMapFrom && !phone && (
          <MiniMap pannable zoomable nodeColor={(node) => colorOf(node as GraphNode)} />
        )}
      </ReactFlow>
      <div className={styles.tools}>
        <SegmentedControl
          aria-label="Direction"
          data={[
            { value: "LR", label: "Across" },
            { value: "TB", label: "Down" },
          ]}
          value={direction}
          onChange={(value) => set({ dir: value === "TB" ? "down" : "across" })}
        />
        <ExportMenu
          name={name}
          size={layout}
          svg={() => graphSvg(shape, layout, marks, horizontal)}
        />
      </div>
    </div>
  );
}

/** In the small map, where boxes are only where they are. */
function colorOf(node: GraphNode): string {
  return node.type === "box" ? "var(--line)" : `var(--s-${miniColor(node.data.of?.worst.state)})`;
}

function miniColor(state: string | null | undefined): string {
  const name = stateName(state);
  if (name === "up_for_retry" || name === "up_for_reschedule") return "retry";
  if (name === "upstream_failed") return "upstream";
  if (name === "restarting") return "running";
  return name === "removed" ? "none" : name;
}

interface ExportProps {
  name: string;
  size: { width: number; height: number };
  svg: () => string;
}

function ExportMenu({ name, size, svg }: ExportProps) {
  const { fail } = useToasts();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="default" aria-label="Save as a picture">
          <IconDownload size={15} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          onClick={() => saveFile(`${name}.svg`, new Blob([svg()], { type: "image/svg+xml" }))}
        >
          SVG
        </Menu.Item>
        <Menu.Item
          onClick={() =>
            void toPng(svg(), size.width, size.height).then(
              (blob) => saveFile(`${name}.png`, blob),
              fail,
            )
          }
        >
          PNG
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
