// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { taskXComs, xcomValue } from "@/api/taskQueries";
import type { TaskRef, XCom } from "@/api/types";
import { Copy } from "@/components/Copy";
import { JsonTree } from "@/components/JsonTree";
import { Panel } from "@/components/Page";
import { Empty, Loaded } from "@/components/States";
import { Time } from "@/components/Time";

function Entry({ task, entry }: { task: TaskRef; entry: XCom }) {
  const query = useQuery(xcomValue(task, entry.key));
  return (
    <Panel
      title={<span className="mono">{entry.key}</span>}
      actions={
        <span className="row faint">
          <Time at={entry.timestamp} />
          {query.data && (
            <Copy value={JSON.stringify(query.data.value, null, 2)} label="Copy as JSON" />
          )}
        </span>
      }
    >
      <Loaded query={query} rows={3}>
        {(xcom) => <JsonTree value={xcom.value} open={3} />}
      </Loaded>
    </Panel>
  );
}

/** What a task passed on to others. */
export function XComTab({ task }: { task: TaskRef }) {
  const query = useQuery(taskXComs(task));
  return (
    <Loaded query={query}>
      {(entries) =>
        entries.length === 0 ? (
          <Panel>
            <Empty title="It passed nothing on">
              What a task returns, or pushes with <code>xcom_push</code>, is shown here as a tree.
            </Empty>
          </Panel>
        ) : (
          <div className="stack">
            {entries.map((entry) => (
              <Entry key={entry.key} task={task} entry={entry} />
            ))}
          </div>
        )
      }
    </Loaded>
  );
}
