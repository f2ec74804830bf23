// SPDX-License-Identifier: Apache-2.0
import "@xyflow/react/dist/base.css";
import { ActionIcon, Menu, SegmentedControl, useComputedColorScheme } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconDownload } from "@tabler/icons-react";
import { Background, Controls, MiniMap, ReactFlow, type Edge } from "@xyflow/react";
import { useMemo, useRef } from "react";
import type { Task, TaskInstance } from "@/api/types";
import { useToasts } from "@/components/toast";
import { kAttention, stateName } from "@/lib/states";
import { useSearch } from "@/router/router";
import { graphSvg, toPng } from "./exportGraph";
import styles from "./graph.module.css";
import { firstView, kNodeHeight, kNodeWidth, layOut } from "./layout";
import { saveFile } from "@/lib/saveFile";
import { TaskNode, type TaskNodeType } from "./TaskNode";

const kNodeTypes = { task: TaskNode };
const kMiniMapFrom = 30; // tasks
// So that names can be read at first; what does not fit is a swipe away.
const kZoomFirst = 0.5;
const kZoomFirstPhone = 0.8;

interface Props {
  name: string;
  tasks: readonly Task[];
  /** Of the run whose states are shown; none shows the plain structure. */
  instances: readonly TaskInstance[] | undefined;
}

function worstByTask(instances: readonly TaskInstance[]): Map<string, TaskInstance> {
  const found = new Map<string, TaskInstance>();
  const rank = (each: TaskInstance) => kAttention.indexOf(stateName(each.state));
  for (const each of instances) {
    const before = found.get(each.task_id);
    if (!before || rank(each) < rank(before)) found.set(each.task_id, each);
  }
  return found;
}

/** The DAG as a picture, with the states of a run as they change. */
export function GraphView({ name, tasks, instances }: Props) {
  const { params, set } = useSearch();
  const phone = useMediaQuery("(max-width: 720px)") ?? false;
  const direction = params.get("dir") === "down" || (phone && !params.has("dir")) ? "TB" : "LR";
  const horizontal = direction === "LR";
  const layout = useMemo(() => layOut(tasks, direction), [tasks, direction]);
  const byTask = useMemo(() => worstByTask(instances ?? []), [instances]);
  const scheme = useComputedColorScheme();
  const frame = useRef<HTMLDivElement>(null);

  const nodes = useMemo<TaskNodeType[]>(
    () =>
      tasks.map((task) => {
        const id = task.task_id ?? "";
        return {
          id,
          type: "task",
          position: layout.places.get(id) ?? { x: 0, y: 0 },
          width: kNodeWidth,
          height: kNodeHeight,
          data: { task, instance: byTask.get(id), horizontal },
          draggable: false,
          connectable: false,
          focusable: false,
        };
      }),
    [tasks, layout, byTask, horizontal],
  );
  const edges = useMemo<Edge[]>(
    () =>
      layout.edges.map(({ from, to }) => {
        const after = stateName(byTask.get(to)?.state);
        const before = stateName(byTask.get(from)?.state);
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
    [layout, byTask],
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
        onlyRenderVisibleElements={tasks.length > 150}
        aria-label={`Graph of ${name}`}
      >
        <Background gap={20} />
        <Controls showInteractive={false} />
        {tasks.length >= kMiniMapFrom && !phone && (
          <MiniMap
            pannable
            zoomable
            nodeColor={(node) =>
              `var(--s-${miniColor((node as TaskNodeType).data.instance?.state)})`
            }
          />
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
          svg={() =>
            graphSvg(
              tasks,
              layout,
              new Map([...byTask].map(([id, each]) => [id, each.state])),
              horizontal,
            )
          }
        />
      </div>
    </div>
  );
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
