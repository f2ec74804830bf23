// SPDX-License-Identifier: Apache-2.0
import { Checkbox, PasswordInput, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "@/api/client";
import type { User } from "@/api/types";
import { useAuth } from "@/auth/AuthProvider";
import { DataTable, type Column } from "@/components/DataTable";
import { Dialog } from "@/components/Dialog";
import { Chip, Page, Panel } from "@/components/Page";
import { Loaded } from "@/components/States";
import { Time } from "@/components/Time";
import { FormActions } from "./FormActions";
import { draftsOf, GrantFields, grantsOf, grantText } from "./GrantFields";
import { actionsColumn, nameText } from "./rowColumns";
import { useRowDialogs } from "./useRowDialogs";
import { useSave } from "./useSave";

const kRoles = [
  { value: "Viewer", label: "Viewer: sees DAGs and runs" },
  { value: "User", label: "User: also triggers, clears, marks" },
  { value: "Op", label: "Op: also connections, variables, pools" },
  { value: "Admin", label: "Admin: everything" },
] as const;

type Role = (typeof kRoles)[number]["value"];

function UserForm({ user, onClose }: { user: User | null; onClose: () => void }) {
  const { save, busy } = useSave(["users"]);
  const { me } = useAuth();
  const [role, setRole] = useState<Role>(user?.role ?? "User");
  const [active, setActive] = useState(user?.active ?? true);
  const [grants, setGrants] = useState(() => draftsOf(user?.grants ?? []));
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const password = String(form.get("password"));
    const username = user?.username ?? String(form.get("username")).trim();
    const rights = { role, active, grants: role === "Admin" ? [] : grantsOf(grants) };
    const ok = await save(
      () =>
        user
          ? api.patch("/api/leoflow/v1/users/{username}", {
              path: { username },
              body: { ...rights, ...(password ? { password } : {}) },
            })
          : api.post("/api/leoflow/v1/users", { body: { username, password, ...rights } }),
      user ? `Changed ${username}` : `Added ${username}`,
    );
    if (ok) onClose();
  }
  return (
    <Dialog onClose={onClose} title={user ? user.username : "New user"} size={560}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        {!user && <TextInput name="username" label="User name" required data-autofocus />}
        <Select
          label="Role"
          data={kRoles}
          allowDeselect={false}
          value={role}
          disabled={user?.username === me.username}
          onChange={(value) => setRole((value ?? "User") as Role)}
        />
        {role !== "Admin" && <GrantFields drafts={grants} onChange={setGrants} />}
        <PasswordInput
          name="password"
          label={user ? "New password" : "Password"}
          size="xs"
          description={
            user
              ? "Left empty it stays; a new one signs them out everywhere"
              : "At least 8 characters"
          }
          minLength={8}
          autoComplete="new-password"
          required={!user}
        />
        {user && user.username !== me.username && (
          <Checkbox
            size="xs"
            label="May sign in"
            checked={active}
            onChange={(event) => setActive(event.currentTarget.checked)}
          />
        )}
        <FormActions busy={busy} onCancel={onClose} />
      </form>
    </Dialog>
  );
}

const nameOf = (row: User) => row.username;

function columns(me: string): Column<User>[] {
  return [
    {
      key: "name",
      title: "User",
      width: "minmax(110px, 2fr)",
      cell: (row) => (
        <span className="row">
          {nameText(row.username)}
          {row.username === me && <span className="faint">you</span>}
        </span>
      ),
    },
    { key: "role", title: "Role", width: "90px", cell: (row) => <Chip>{row.role}</Chip> },
    {
      key: "grants",
      title: "On DAGs",
      width: "minmax(90px, 2fr)",
      wideOnly: true,
      cell: (row) => {
        const text = row.grants.map(grantText).join(", ");
        return text ? (
          <span className="cut" title={text}>
            {text}
          </span>
        ) : (
          <span className="faint">all</span>
        );
      },
    },
    {
      key: "active",
      title: "May sign in",
      width: "100px",
      wideOnly: true,
      cell: (row) => (row.active ? "yes" : <span className="faint">no</span>),
    },
    {
      key: "since",
      title: "Since",
      width: "minmax(90px, 160px)",
      wideOnly: true,
      cell: (row) => <Time at={row.created_at} />,
    },
  ];
}

/** Who may sign in, and what they may do. */
export function UsersPage() {
  const { me } = useAuth();
  const row = useRowDialogs<User>({
    noun: "user",
    nameOf,
    stale: ["users"],
    form: (user, close) => <UserForm user={user} onClose={close} />,
    remove: ({ username }) =>
      api.delete("/api/leoflow/v1/users/{username}", { path: { username } }),
    loses: "They are signed out and their API tokens stop working.",
  });
  const isMe = (user: User) => user.username === me.username;
  const query = useQuery({
    queryKey: ["users"],
    queryFn: ({ signal }) => api.get("/api/leoflow/v1/users", { signal }),
    refetchOnMount: "always",
  });
  return (
    <Page name="Users" title="Users" actions={row.add}>
      <Panel flush>
        <Loaded query={query}>
          {(page) => (
            <DataTable
              label="Users"
              columns={[...columns(me.username), actionsColumn(nameOf, row, isMe)]}
              rows={page.users}
              rowKey={nameOf}
            />
          )}
        </Loaded>
      </Panel>
      {row.dialogs}
    </Page>
  );
}
