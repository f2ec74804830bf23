// SPDX-License-Identifier: Apache-2.0
import { Button, Checkbox, Group, Modal, PasswordInput, Select, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "@/api/client";
import type { User } from "@/api/types";
import { useAuth } from "@/auth/AuthProvider";
import { Confirm } from "@/components/Confirm";
import { DataTable, type Column } from "@/components/DataTable";
import { Chip, Page, Panel } from "@/components/Page";
import { Loaded } from "@/components/States";
import { Time } from "@/components/Time";
import { draftsOf, GrantFields, grantsOf, grantText } from "./GrantFields";
import { RowActions } from "./RowActions";
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
    <Modal opened onClose={onClose} title={user ? user.username : "New user"} size={560}>
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
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            Save
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

function columns(
  me: string,
  edit: (row: User) => void,
  remove: (row: User) => void,
): Column<User>[] {
  return [
    {
      key: "name",
      title: "User",
      width: "minmax(110px, 2fr)",
      cell: (row) => (
        <span className="row">
          <span className="cut" style={{ fontWeight: 500 }}>
            {row.username}
          </span>
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
    {
      key: "do",
      title: <span className="sr">Actions</span>,
      width: "64px",
      end: true,
      cell: (row) => (
        <RowActions
          name={row.username}
          onEdit={() => edit(row)}
          onDelete={row.username === me ? undefined : () => remove(row)}
        />
      ),
    },
  ];
}

/** Who may sign in, and what they may do. */
export function UsersPage() {
  const { me } = useAuth();
  const [editing, setEditing] = useState<User | "new" | null>(null);
  const [deleting, setDeleting] = useState<User | null>(null);
  const { save } = useSave(["users"]);
  const query = useQuery({
    queryKey: ["users"],
    queryFn: ({ signal }) => api.get("/api/leoflow/v1/users", { signal }),
    refetchOnMount: "always",
  });
  return (
    <Page
      name="Users"
      title="Users"
      actions={
        <Button leftSection={<IconPlus size={14} />} onClick={() => setEditing("new")}>
          New user
        </Button>
      }
    >
      <Panel flush>
        <Loaded query={query}>
          {(page) => (
            <DataTable
              label="Users"
              columns={columns(me.username, setEditing, setDeleting)}
              rows={page.users}
              rowKey={(row) => row.username}
            />
          )}
        </Loaded>
      </Panel>
      {editing && (
        <UserForm user={editing === "new" ? null : editing} onClose={() => setEditing(null)} />
      )}
      {deleting && (
        <Confirm
          title={`Delete ${deleting.username}?`}
          action="Delete"
          onClose={() => setDeleting(null)}
          run={() =>
            save(
              () =>
                api.delete("/api/leoflow/v1/users/{username}", {
                  path: { username: deleting.username },
                }),
              `Deleted ${deleting.username}`,
            )
          }
        >
          They are signed out and their API tokens stop working.
        </Confirm>
      )}
    </Page>
  );
}
