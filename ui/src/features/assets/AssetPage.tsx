// SPDX-License-Identifier: Apache-2.0
import { Button, Textarea } from "@mantine/core";
import { IconBolt, IconPlayerPlay } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { asset as assetQuery, assetEvents } from "@/api/assetQueries";
import { api } from "@/api/client";
import type { Asset } from "@/api/types";
import { useAuth } from "@/auth/AuthProvider";
import { Dialog } from "@/components/Dialog";
import { JsonTree } from "@/components/JsonTree";
import { Chip, Facts, Page, Panel } from "@/components/Page";
import { Empty, Loaded } from "@/components/States";
import { Time } from "@/components/Time";
import { useToasts } from "@/components/toast";
import { links } from "@/router/links";
import { navigate } from "@/router/router";
import { FormActions } from "../admin/FormActions";
import { useSave } from "../admin/useSave";
import { extraOf } from "./expression";
import { EventList } from "./EventList";

function EventForm({ asset, onClose }: { asset: Asset; onClose: () => void }) {
  const { save, busy } = useSave(["assets"]);
  const [text, setText] = useState("");
  const parsed = extraOf(text);
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (!("extra" in parsed)) return;
    const body = { asset_id: asset.id, extra: parsed.extra };
    const send = () => api.post("/api/v2/assets/events", { body });
    if (await save(send, `${asset.name} was updated`)) onClose();
  }
  return (
    <Dialog onClose={onClose} title={`An event of ${asset.name}`}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <span className="dim">
          DAGs that wait for the asset take it as if a task had updated it.
        </span>
        <Textarea
          label="Extra"
          description="JSON that describes the update; may be empty"
          placeholder='{"rows": 3}'
          autosize
          minRows={3}
          maxRows={16}
          spellCheck={false}
          data-autofocus
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          error={"problem" in parsed ? parsed.problem : null}
          styles={{ input: { fontFamily: "var(--mono)" } }}
        />
        <FormActions busy={busy} disabled={"problem" in parsed} onCancel={onClose} />
      </form>
    </Dialog>
  );
}

function Actions({ asset }: { asset: Asset }) {
  const { me } = useAuth();
  const { say, fail } = useToasts();
  const [telling, setTelling] = useState(false);
  const makers = new Set(asset.producing_tasks.map((task) => task.dag_id));
  if (!me.can.trigger) return null;

  async function materialize() {
    try {
      const run = await api.post("/api/v2/assets/{asset_id}/materialize", {
        path: { asset_id: asset.id },
        body: {},
      });
      say(`Started ${run.dag_id}`);
      navigate(links.run({ dagId: run.dag_id, runId: run.dag_run_id }));
    } catch (error) {
      fail(error);
    }
  }

  return (
    <>
      <Button
        variant="default"
        leftSection={<IconBolt size={14} />}
        onClick={() => setTelling(true)}
      >
        Create event
      </Button>
      {makers.size === 1 && (
        <Button leftSection={<IconPlayerPlay size={14} />} onClick={() => void materialize()}>
          Materialize
        </Button>
      )}
      {telling && <EventForm asset={asset} onClose={() => setTelling(false)} />}
    </>
  );
}

type Named = Asset["producing_tasks"] | Asset["scheduled_dags"];

function Dags({ of, none }: { of: Named; none: string }) {
  if (of.length === 0) return <span className="faint">{none}</span>;
  return (
    <span className="row wrap">
      {of.map((each) => {
        const task = "task_id" in each ? each.task_id : null;
        return (
          <Chip key={`${each.dag_id} ${task}`} to={links.dag(each.dag_id)}>
            {each.dag_id}
            {task && <span className="dim"> {task}</span>}
          </Chip>
        );
      })}
    </span>
  );
}

function About({ asset }: { asset: Asset }) {
  const last = asset.last_asset_event?.timestamp;
  return (
    <Panel>
      <Facts
        items={[
          ["URI", <span className="mono">{asset.uri}</span>],
          ["Group", asset.group],
          ["Made by", <Dags of={asset.producing_tasks} none="no task" />],
          ["Starts", <Dags of={asset.scheduled_dags} none="no DAG" />],
          ["Read by", <Dags of={asset.consuming_tasks} none="no task" />],
          ["Aliases", asset.aliases.map((alias) => alias.name).join(", ") || null],
          ["Last event", <Time key="last" at={last} ago none="never" />],
          [
            "Extra",
            asset.extra && Object.keys(asset.extra).length > 0 ? (
              <JsonTree value={asset.extra} />
            ) : (
              <span className="faint">–</span>
            ),
          ],
        ]}
      />
    </Panel>
  );
}

/** One asset: who makes it, whom it starts, and its updates. */
export function AssetPage({ path }: { path: Record<string, string> }) {
  const id = Number(path["assetId"]);
  const query = useQuery({ ...assetQuery(id), refetchOnMount: "always" });
  const events = useQuery({ ...assetEvents(id), refetchOnMount: "always" });
  const name = query.data?.name ?? "Asset";
  return (
    <Page name={name} title={name} actions={query.data && <Actions asset={query.data} />}>
      <Loaded query={query}>
        {(asset) => (
          <div className="stack">
            <About asset={asset} />
            <Panel title="Events" flush>
              <Loaded query={events} rows={3}>
                {(page) =>
                  page.asset_events.length === 0 ? (
                    <Empty title="It was not updated yet">
                      A task that names it in its outlets updates it when it succeeds.
                    </Empty>
                  ) : (
                    <EventList events={page.asset_events} />
                  )
                }
              </Loaded>
            </Panel>
          </div>
        )}
      </Loaded>
    </Page>
  );
}
