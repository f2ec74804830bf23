// SPDX-License-Identifier: Apache-2.0
import type { TaskInstance } from "@/api/types";
import { Copy } from "@/components/Copy";
import { JsonTree } from "@/components/JsonTree";
import { Panel } from "@/components/Page";
import { Empty } from "@/components/States";

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** The templates of a task as they were filled in. */
export function RenderedTab({ task }: { task: TaskInstance }) {
  const fields = Object.entries(task.rendered_fields as Record<string, unknown>);
  const filled = fields.filter(([, value]) => !isEmpty(value));
  const empty = fields.filter(([, value]) => isEmpty(value)).map(([name]) => name);
  if (filled.length === 0)
    return (
      <Panel>
        <Empty title="Nothing was rendered">
          {task.start_date
            ? "This task has no templated fields with a value."
            : "Templates are filled in when the task starts."}
        </Empty>
      </Panel>
    );
  return (
    <div className="stack">
      {filled.map(([name, value]) => (
        <Panel
          key={name}
          title={<span className="mono">{name}</span>}
          actions={
            <Copy
              value={typeof value === "string" ? value : JSON.stringify(value, null, 2)}
              label="Copy"
            />
          }
        >
          {typeof value === "string" ? (
            <pre style={{ margin: 0, whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
              {value}
            </pre>
          ) : (
            <JsonTree value={value} open={4} />
          )}
        </Panel>
      ))}
      {empty.length > 0 && <div className="faint">Empty: {empty.join(", ")}</div>}
    </div>
  );
}
