// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Select, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "@/api/client";
import type { ApiToken } from "@/api/types";
import { Confirm } from "@/components/Confirm";
import { Copy } from "@/components/Copy";
import { DataTable, type Column } from "@/components/DataTable";
import { Dialog } from "@/components/Dialog";
import { Page, Panel } from "@/components/Page";
import { Empty, Loaded } from "@/components/States";
import { Time } from "@/components/Time";
import styles from "./admin.module.css";
import { RowActions } from "./RowActions";
import { useSave } from "./useSave";

const kLives = [
  { value: "7", label: "7 days" },
  { value: "30", label: "30 days" },
  { value: "365", label: "A year" },
  { value: "never", label: "Until it is revoked" },
];

function expiry(life: string): string | null {
  return life === "never" ? null : new Date(Date.now() + Number(life) * 86_400_000).toISOString();
}

function TokenForm({ onClose }: { onClose: () => void }) {
  const { save, busy } = useSave(["tokens"]);
  const [life, setLife] = useState("30");
  const [secret, setSecret] = useState<string | null>(null);
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get("name")).trim();
    await save(async () => {
      const made = await api.post("/api/leoflow/v1/tokens", {
        body: { name, expires_at: expiry(life) },
      });
      setSecret(made.token);
    }, `Made the token ${name}`);
  }
  if (secret)
    return (
      <Dialog onClose={onClose} title="Your new token" size={520}>
        <div className="stack">
          <p className="dim" style={{ margin: 0 }}>
            Copy it now: it is not shown again. Send it as <code>Authorization: Bearer …</code>
          </p>
          <div className={styles.secret}>
            <code className="grow">{secret}</code>
            <Copy value={secret} label="Copy the token" />
          </div>
          <Group justify="flex-end">
            <Button onClick={onClose}>I have it</Button>
          </Group>
        </div>
      </Dialog>
    );
  return (
    <Dialog onClose={onClose} title="New API token">
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <TextInput name="name" label="Name" description="What it is for" required data-autofocus />
        <Select
          label="Works for"
          data={kLives}
          allowDeselect={false}
          value={life}
          onChange={(value) => setLife(value ?? "30")}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            Make it
          </Button>
        </Group>
      </form>
    </Dialog>
  );
}

function columns(revoke: (row: ApiToken) => void): Column<ApiToken>[] {
  return [
    {
      key: "name",
      title: "Name",
      width: "minmax(110px, 2fr)",
      cell: (row) => (
        <span className={row.revoked_at ? "cut faint" : "cut"} style={{ fontWeight: 500 }}>
          {row.name}
        </span>
      ),
    },
    { key: "user", title: "User", width: "minmax(70px, 1fr)", cell: (row) => row.username },
    {
      key: "made",
      title: "Made",
      width: "minmax(80px, 150px)",
      wideOnly: true,
      cell: (row) => <Time at={row.created_at} />,
    },
    {
      key: "used",
      title: "Last used",
      width: "100px",
      wideOnly: true,
      cell: (row) => <Time at={row.last_used_at} ago none="never" />,
    },
    {
      key: "ends",
      title: "Ends",
      width: "100px",
      cell: (row) =>
        row.revoked_at ? (
          <span className="faint">revoked</span>
        ) : (
          <Time at={row.expires_at} ago none="never" />
        ),
    },
    {
      key: "do",
      title: <span className="sr">Actions</span>,
      width: "36px",
      end: true,
      cell: (row) =>
        row.revoked_at ? null : <RowActions name={row.name} onDelete={() => revoke(row)} />,
    },
  ];
}

/** Tokens for programs. */
export function TokensPage() {
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<ApiToken | null>(null);
  const { save } = useSave(["tokens"]);
  const query = useQuery({
    queryKey: ["tokens"],
    queryFn: ({ signal }) => api.get("/api/leoflow/v1/tokens", { signal }),
    refetchOnMount: "always",
  });
  return (
    <Page
      name="API tokens"
      title="API tokens"
      sub="For programs: they may what their user may, until they end or are revoked"
      actions={
        <Button leftSection={<IconPlus size={14} />} onClick={() => setMaking(true)}>
          New token
        </Button>
      }
    >
      <Panel flush>
        <Loaded query={query}>
          {(page) =>
            page.tokens.length === 0 ? (
              <Empty title="No tokens yet">
                Make one for each program that calls the API, so that each can be revoked alone.
              </Empty>
            ) : (
              <DataTable
                label="API tokens"
                columns={columns(setRevoking)}
                rows={page.tokens}
                rowKey={(row) => String(row.id)}
              />
            )
          }
        </Loaded>
      </Panel>
      {making && <TokenForm onClose={() => setMaking(false)} />}
      {revoking && (
        <Confirm
          title={`Revoke ${revoking.name}?`}
          action="Revoke"
          onClose={() => setRevoking(null)}
          run={() =>
            save(
              () =>
                api.delete("/api/leoflow/v1/tokens/{token_id}", {
                  path: { token_id: revoking.id },
                }),
              `Revoked ${revoking.name}`,
            )
          }
        >
          Whatever uses it is refused from now on.
        </Confirm>
      )}
    </Page>
  );
}
