// SPDX-License-Identifier: Apache-2.0
import { Button, FileButton, Textarea, TextInput } from "@mantine/core";
import { IconDownload, IconUpload } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { api } from "@/api/client";
import { fetchAll, kPageMax } from "@/api/paging";
import type { Variable } from "@/api/types";
import { DataTable, type Column } from "@/components/DataTable";
import { Dialog } from "@/components/Dialog";
import { Page, Panel } from "@/components/Page";
import { SearchField } from "@/components/SearchField";
import { Empty, Loaded } from "@/components/States";
import { saveFile } from "@/lib/saveFile";
import { count } from "@/lib/text";
import { useSearch } from "@/router/router";
import styles from "../dags/dags.module.css";
import { FormActions } from "./FormActions";
import { actionsColumn, descriptionColumn, nameText } from "./rowColumns";
import { useRowDialogs } from "./useRowDialogs";
import { useSave } from "./useSave";

function load(search: string) {
  return fetchAll(async (offset) => {
    const page = await api.get("/api/v2/variables", {
      query: { limit: kPageMax, offset, variable_key_pattern: search },
    });
    return { rows: page.variables, total: page.total_entries };
  });
}

function VariableForm({ variable, onClose }: { variable: Variable | null; onClose: () => void }) {
  const { save, busy } = useSave(["variables"]);
  const masked = variable?.value === "***";
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? "");
    const key = variable?.key ?? text("key").trim();
    const body = { key, value: text("value"), description: text("description").trim() || null };
    const kept = masked && !body.value;
    const ok = await save(
      () =>
        variable
          ? api.patch("/api/v2/variables/{variable_key}", {
              path: { variable_key: key },
              query: { update_mask: kept ? ["description"] : ["value", "description"] },
              body,
            })
          : api.post("/api/v2/variables", { body }),
      `Saved ${key}`,
    );
    if (ok) onClose();
  }
  return (
    <Dialog onClose={onClose} title={variable ? `Change ${variable.key}` : "New variable"}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        {!variable && <TextInput name="key" label="Key" required data-autofocus />}
        <Textarea
          name="value"
          label="Value"
          size="xs"
          autosize
          minRows={3}
          maxRows={16}
          required={!masked}
          spellCheck={false}
          placeholder={masked ? "Hidden because of its name; empty keeps it" : ""}
          defaultValue={masked ? "" : variable?.value}
          styles={{ input: { fontFamily: "var(--mono)" } }}
        />
        <TextInput
          name="description"
          label="Description"
          defaultValue={variable?.description ?? ""}
        />
        <FormActions busy={busy} onCancel={onClose} />
      </form>
    </Dialog>
  );
}

const nameOf = (row: Variable) => row.key;

const kColumns: Column<Variable>[] = [
  {
    key: "key",
    title: "Key",
    width: "minmax(120px, 1.2fr)",
    cell: (row) => nameText(row.key),
  },
  {
    key: "value",
    title: "Value",
    width: "minmax(100px, 2fr)",
    cell: (row) => (
      <span className={`cut mono ${row.value === "***" ? "faint" : ""}`}>
        {row.value === "***" ? "hidden" : row.value}
      </span>
    ),
  },
  descriptionColumn(),
];

/** Reads {"key": value, ...}: what Airflow exports. */
function importBody(text: string) {
  const found = JSON.parse(text) as Record<string, unknown>;
  const entities = Object.entries(found).map(([key, value]) => ({
    key,
    value: typeof value === "string" ? value : JSON.stringify(value),
  }));
  const action = { action: "create", entities, action_on_existence: "overwrite" } as const;
  return { actions: [action] };
}

/** Values that DAGs read by name. */
export function VariablesPage() {
  const { params } = useSearch();
  const search = params.get("q") ?? "";
  const row = useRowDialogs<Variable>({
    noun: "variable",
    nameOf,
    stale: ["variables"],
    form: (variable, close) => <VariableForm variable={variable} onClose={close} />,
    remove: ({ key }) =>
      api.delete("/api/v2/variables/{variable_key}", { path: { variable_key: key } }),
    loses: "Tasks that read it without a default fail.",
  });
  const { save } = useSave(["variables"]);
  const query = useQuery({
    queryKey: ["variables", search],
    queryFn: () => load(search),
    placeholderData: keepPreviousData,
    refetchOnMount: "always",
  });
  const rows = query.data ?? [];

  function exportAll() {
    const shown = rows.filter((row) => row.value !== "***");
    const content = Object.fromEntries(shown.map((row) => [row.key, row.value]));
    saveFile("variables.json", new Blob([JSON.stringify(content, null, 2)]));
  }

  const readFile = (file: File | null) =>
    file &&
    void save(
      async () => api.patch("/api/v2/variables", { body: importBody(await file.text()) }),
      `Read ${file.name}`,
    );

  return (
    <Page
      name="Variables"
      title="Variables"
      sub={query.data ? count(rows.length, "variable") : " "}
      actions={
        <>
          <FileButton accept="application/json" onChange={readFile}>
            {(props) => (
              <Button {...props} variant="default" leftSection={<IconUpload size={14} />}>
                Import
              </Button>
            )}
          </FileButton>
          <Button
            variant="default"
            leftSection={<IconDownload size={14} />}
            disabled={rows.length === 0}
            onClick={exportAll}
          >
            Export
          </Button>
          {row.add}
        </>
      }
    >
      <Panel flush>
        <div className={styles.filters} role="search">
          <SearchField label="Find variables" hint="Find by key…" />
        </div>
        <Loaded query={query}>
          {() =>
            rows.length === 0 ? (
              <Empty title={search ? "No variable matches" : "No variables yet"}>
                {search
                  ? "Search for a shorter part of the key."
                  : "Values that differ between installations go here instead of into the code."}
              </Empty>
            ) : (
              <DataTable
                label="Variables"
                columns={[...kColumns, actionsColumn(nameOf, row)]}
                rows={rows}
                rowKey={nameOf}
                onRow={row.edit}
              />
            )
          }
        </Loaded>
      </Panel>
      {row.dialogs}
    </Page>
  );
}
