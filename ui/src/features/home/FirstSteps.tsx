// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";
import { Copy } from "@/components/Copy";
import { Panel } from "@/components/Page";
import styles from "./home.module.css";

const kDag = `from airflow.sdk import DAG, task

@task
def hello():
    return "hello"

with DAG("first", schedule=None):
    hello()
`;

/** What to do first, while there is no DAG. */
export function FirstSteps() {
  const { data } = useQuery({
    queryKey: ["workspace"],
    queryFn: ({ signal }) => api.get("/api/leoflow/v1/workspace", { signal }),
  });
  const folder = data?.path ?? "the workspace";
  return (
    <Panel title="Your first DAG">
      <ol className={styles.steps}>
        <li>
          Save this as <code>{folder}/first/dag.py</code>:
          <div className={styles.code}>
            <pre>{kDag}</pre>
            <Copy value={kDag} label="Copy the DAG" />
          </div>
        </li>
        <li>
          It appears on this page the moment it is saved
          {data && !data.watching ? ": this server does not watch a folder, so register it" : ""}. A
          mistake in the file shows on top of every page.
        </li>
        <li>
          Open it and press <strong>Trigger</strong>. Dependencies, owner and a staging volume go
          into <code>leoflow.yaml</code> beside it.
        </li>
      </ol>
    </Panel>
  );
}
