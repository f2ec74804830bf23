// SPDX-License-Identifier: Apache-2.0
import { Checkbox, NumberInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "@/api/client";
import { kPageMax } from "@/api/paging";
import type { Pool, PoolUse } from "@/api/types";
import { useAuth } from "@/auth/AuthProvider";
import { Dialog } from "@/components/Dialog";
import { Page, Panel } from "@/components/Page";
import { StateIcon } from "@/components/StateIcon";
import { Loaded } from "@/components/States";
import { Time } from "@/components/Time";
import { count } from "@/lib/text";
import { links } from "@/router/links";
import { Link } from "@/router/router";
import styles from "./admin.module.css";
import { FormActions } from "./FormActions";
import { RowActions } from "./RowActions";
import { nameText } from "./rowColumns";
import { useRowDialogs } from "./useRowDialogs";
import { useSave } from "./useSave";

function PoolForm({ pool, onClose }: { pool: Pool | null; onClose: () => void }) {
  const { save, busy } = useSave(["pools"]);
  const [slots, setSlots] = useState<number | string>(pool?.slots ?? 8);
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const name = pool?.name ?? String(form.get("name")).trim();
    const fields = {
      slots: Number(slots),
      description: String(form.get("description")).trim() || null,
      include_deferred: form.get("include_deferred") === "on",
    };
    const ok = await save(
      () =>
        pool
          ? api.patch("/api/v2/pools/{pool_name}", {
              path: { pool_name: name },
              body: { pool: name, ...fields },
              query: { update_mask: ["slots", "description", "include_deferred"] },
            })
          : api.post("/api/v2/pools", { body: { name, ...fields } }),
      `Saved ${name}`,
    );
    if (ok) onClose();
  }
  return (
    <Dialog onClose={onClose} title={pool ? `Change ${pool.name}` : "New pool"}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        {!pool && <TextInput name="name" label="Name" required data-autofocus />}
        <NumberInput
          label="Slots"
          size="xs"
          description="How many at once; -1 for no limit"
          min={-1}
          allowDecimal={false}
          value={slots}
          onChange={setSlots}
          required
        />
        <TextInput name="description" label="Description" defaultValue={pool?.description ?? ""} />
        <Checkbox
          size="xs"
          name="include_deferred"
          label="Deferred tasks take a slot too"
          defaultChecked={pool?.include_deferred ?? false}
        />
        <FormActions busy={busy} disabled={slots === ""} onCancel={onClose} />
      </form>
    </Dialog>
  );
}

const kParts = [
  ["running", "running_slots"],
  ["queued", "queued_slots"],
  ["deferred", "deferred_slots"],
  ["scheduled", "scheduled_slots"],
] as const;

type User = PoolUse["holders"][number];

function Users({ title, users }: { title: string; users: readonly User[] }) {
  if (users.length === 0) return null;
  return (
    <div className={styles.users}>
      <span className="faint">{title}</span>
      {users.map((user) => (
        <span key={`${user.dag_id} ${user.task_id} ${user.state}`} className={styles.user}>
          <StateIcon state={user.state} size={12} labelled />
          {user.dag_id === null ? (
            <span className="faint">a task you may not see</span>
          ) : (
            <Link to={links.dag(user.dag_id)}>
              {user.dag_id} <span className="dim">{user.task_id}</span>
            </Link>
          )}
          <span className="faint num">{count(user.slots, "slot")}</span>
          {user.since && (
            <span className="faint">
              <Time at={user.since} ago />
            </span>
          )}
        </span>
      ))}
    </div>
  );
}

interface RowProps {
  pool: Pool;
  use: PoolUse | undefined;
  change: boolean;
  onEdit: () => void;
  onDelete: () => void;
}

function PoolRow({ pool, use, change, onEdit, onDelete }: RowProps) {
  const size = pool.slots < 0 ? Math.max(1, pool.occupied_slots) : pool.slots;
  const free = Math.max(0, size - pool.running_slots - pool.queued_slots);
  return (
    <div className={styles.pool}>
      <div style={{ minWidth: 0 }}>
        <div className="row">{nameText(pool.name)}</div>
        {pool.description && <div className="cut faint">{pool.description}</div>}
      </div>
      <div>
        <div
          className={styles.meter}
          role="meter"
          aria-label={`Slots of ${pool.name} in use`}
          aria-valuemin={0}
          aria-valuemax={size}
          aria-valuenow={pool.occupied_slots}
        >
          <span data-state="running" style={{ flexGrow: pool.running_slots }} />
          <span data-state="queued" style={{ flexGrow: pool.queued_slots }} />
          <span style={{ flexGrow: free, background: "none" }} />
        </div>
        <div className={styles.counts}>
          {kParts.map(([state, field]) => (
            <span key={state}>
              <StateIcon state={state} size={12} />
              <span className="num">{pool[field]}</span> {state}
            </span>
          ))}
        </div>
        <Users title="Held by" users={use?.holders ?? []} />
        <Users title="Waiting" users={use?.waiting ?? []} />
      </div>
      <div className="num">
        <strong>{pool.occupied_slots}</strong>
        <span className="faint"> of {pool.slots < 0 ? "∞" : pool.slots}</span>
      </div>
      {change && (
        <RowActions
          name={pool.name}
          onEdit={onEdit}
          onDelete={pool.name === "default_pool" ? undefined : onDelete}
        />
      )}
    </div>
  );
}

/** What limits how many tasks run at once, and how full it is now. */
export function PoolsPage() {
  const { me } = useAuth();
  const row = useRowDialogs<Pool>({
    noun: "pool",
    nameOf: (pool) => pool.name,
    stale: ["pools"],
    form: (pool, close) => <PoolForm pool={pool} onClose={close} />,
    remove: ({ name }) => api.delete("/api/v2/pools/{pool_name}", { path: { pool_name: name } }),
    loses: "Tasks that name it wait until there is a pool of this name again.",
  });
  const query = useQuery({
    queryKey: ["pools", "list"],
    queryFn: ({ signal }) => api.get("/api/v2/pools", { query: { limit: kPageMax }, signal }),
    refetchOnMount: "always",
  });
  const use = useQuery({
    queryKey: ["pools", "use"],
    queryFn: ({ signal }) => api.get("/api/leoflow/v1/pools", { signal }),
    refetchOnMount: "always",
  });
  return (
    <Page
      name="Pools"
      title="Pools"
      sub="Tasks of a pool share its slots; the meters move with the tasks"
      actions={me.can.operate && row.add}
    >
      <Panel flush>
        <Loaded query={query}>
          {(page) =>
            page.pools.map((pool) => (
              <PoolRow
                key={pool.name}
                pool={pool}
                use={use.data?.pools.find((each) => each.name === pool.name)}
                change={me.can.operate}
                onEdit={() => row.edit(pool)}
                onDelete={() => row.remove(pool)}
              />
            ))
          }
        </Loaded>
      </Panel>
      {row.dialogs}
    </Page>
  );
}
