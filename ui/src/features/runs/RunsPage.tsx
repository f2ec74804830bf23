// SPDX-License-Identifier: Apache-2.0
import { Page, Panel } from "@/components/Page";
import { Empty } from "@/components/States";
import { links } from "@/router/links";
import { Link } from "@/router/router";
import { RunList } from "./RunList";

/** The runs of every DAG, newest first. */
export function RunsPage() {
  return (
    <Page name="Runs" title="Runs" sub="Of every DAG, newest first">
      <Panel flush>
        <RunList
          dagId="~"
          empty={
            <Empty title="Nothing has run yet" action={<Link to={links.dags()}>See the DAGs</Link>}>
              Trigger a DAG, or resume one that has a schedule.
            </Empty>
          }
        />
      </Panel>
    </Page>
  );
}
