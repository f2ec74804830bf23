// SPDX-License-Identifier: Apache-2.0
import { ActionIcon, Button, Select, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import type { User } from "@/api/types";

type Grant = User["grants"][number];

/** A grant as it is typed in. */
export interface GrantDraft {
  key: number;
  role: Grant["role"];
  by: "dags" | "tag";
  text: string;
}

const kRoles: Grant["role"][] = ["Viewer", "User", "Op"];
const kBy = [
  { value: "dags", label: "DAGs by id" },
  { value: "tag", label: "DAGs by tag" },
];
const kGrantsMax = 100;

export function draftsOf(grants: readonly Grant[]): GrantDraft[] {
  return grants.map((grant, key) => ({
    key,
    role: grant.role,
    by: grant.tag === undefined ? "dags" : "tag",
    text: grant.tag ?? grant.dags ?? "",
  }));
}

export function grantsOf(drafts: readonly GrantDraft[]): Grant[] {
  return drafts.map(({ role, by, text }) => ({ role, [by]: text.trim() }));
}

/** A grant in words: "User on etl_*", "Viewer on #shop". */
export function grantText(grant: Grant): string {
  return `${grant.role} on ${grant.tag === undefined ? grant.dags : `#${grant.tag}`}`;
}

interface Props {
  drafts: readonly GrantDraft[];
  onChange: (drafts: GrantDraft[]) => void;
}

/** Roles on some DAGs only. */
export function GrantFields({ drafts, onChange }: Props) {
  const change = (key: number, patch: Partial<GrantDraft>) =>
    onChange(drafts.map((each) => (each.key === key ? { ...each, ...patch } : each)));
  const add = () =>
    onChange([
      ...drafts,
      {
        key: Math.max(0, ...drafts.map((each) => each.key)) + 1,
        role: "User",
        by: "dags",
        text: "",
      },
    ]);
  return (
    <fieldset className="stack" style={{ border: 0, padding: 0, margin: 0, gap: 8 }}>
      <legend style={{ fontWeight: 500, padding: 0 }}>Grants</legend>
      <p className="dim" style={{ margin: 0, fontSize: "var(--t-12)" }}>
        {drafts.length === 0
          ? "Without grants the role holds for all DAGs."
          : "On DAGs only these count; the role above holds for everything else."}
      </p>
      {drafts.map((draft) => (
        <div key={draft.key} className="row" style={{ gap: 6 }} role="group" aria-label="Grant">
          <Select
            aria-label="Role of the grant"
            w={96}
            allowDeselect={false}
            data={kRoles}
            value={draft.role}
            onChange={(role) => change(draft.key, { role: (role ?? "User") as Grant["role"] })}
          />
          <Select
            aria-label="What the grant is for"
            w={126}
            allowDeselect={false}
            data={kBy}
            value={draft.by}
            onChange={(by) => change(draft.key, { by: by === "tag" ? "tag" : "dags" })}
          />
          <TextInput
            aria-label={draft.by === "tag" ? "Tag" : "Pattern of DAG ids"}
            placeholder={draft.by === "tag" ? "shop" : "etl_*"}
            className="grow"
            required
            maxLength={250}
            value={draft.text}
            onChange={(event) => change(draft.key, { text: event.currentTarget.value })}
          />
          <ActionIcon
            aria-label="Take the grant away"
            onClick={() => onChange(drafts.filter((each) => each.key !== draft.key))}
          >
            <IconTrash size={15} />
          </ActionIcon>
        </div>
      ))}
      <div>
        <Button
          variant="default"
          size="compact-xs"
          leftSection={<IconPlus size={13} />}
          disabled={drafts.length >= kGrantsMax}
          onClick={add}
        >
          Add a grant
        </Button>
      </div>
    </fieldset>
  );
}
