// SPDX-License-Identifier: Apache-2.0
import { Autocomplete, Button, Group, PasswordInput, Textarea, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { api } from "@/api/client";
import { ApiError } from "@/api/error";
import type { Connection, ConnectionBody } from "@/api/types";
import { Dialog } from "@/components/Dialog";
import { StateBadge } from "@/components/StateBadge";
import { connectionType, kConnectionTypes, type FieldName } from "./connectionTypes";
import { FormActions } from "./FormActions";
import { useSave } from "./useSave";

interface Props {
  /** The one to change; without it a new one is made. */
  connection: Connection | null;
  onClose: () => void;
}

type Values = Record<FieldName | "connection_id" | "conn_type" | "description", string>;

function startValues(from: Connection | null): Values {
  return {
    connection_id: from?.connection_id ?? "",
    conn_type: from?.conn_type ?? "postgres",
    description: from?.description ?? "",
    host: from?.host ?? "",
    port: from?.port?.toString() ?? "",
    schema: from?.schema ?? "",
    login: from?.login ?? "",
    password: "",
    extra: from?.extra ?? "",
  };
}

function toBody(values: Values): ConnectionBody {
  const text = (value: string) => value.trim() || null;
  return {
    connection_id: values.connection_id.trim(),
    conn_type: values.conn_type.trim(),
    description: text(values.description),
    host: text(values.host),
    port: values.port ? Number(values.port) : null,
    schema: text(values.schema),
    login: text(values.login),
    password: values.password || null,
    extra: text(values.extra),
  };
}

/** Which fields a change sends: an empty password means that the old one stays. */
function changedFields(values: Values, before: Connection): string[] {
  const start = startValues(before);
  return (Object.keys(values) as (keyof Values)[]).filter((name) => values[name] !== start[name]);
}

function extraProblem(extra: string): string | null {
  if (!extra.trim()) return null;
  try {
    const value: unknown = JSON.parse(extra);
    return value && typeof value === "object" && !Array.isArray(value) ? null : "A JSON object";
  } catch (error) {
    return error instanceof Error ? error.message : "Not JSON";
  }
}

interface TestResult {
  status: boolean;
  message: string;
}

/** Makes or changes a connection, with the fields its kind has. */
export function ConnectionForm({ connection, onClose }: Props) {
  const [values, setValues] = useState(() => startValues(connection));
  const [test, setTest] = useState<TestResult | null>(null);
  const { save, busy } = useSave(["connections"]);
  const kind = connectionType(values.conn_type);
  const set = (name: keyof Values) => (value: string) =>
    setValues((before) => ({ ...before, [name]: value }));

  async function submit(event: FormEvent) {
    event.preventDefault();
    const body = toBody(values);
    const ok = await save(
      () =>
        connection
          ? api.patch("/api/v2/connections/{connection_id}", {
              path: { connection_id: connection.connection_id },
              query: { update_mask: changedFields(values, connection) },
              body,
            })
          : api.post("/api/v2/connections", { body }),
      `Saved ${body.connection_id}`,
    );
    if (ok) onClose();
  }

  async function tryIt() {
    setTest(null);
    try {
      const answer = await api.post("/api/v2/connections/test", { body: toBody(values) });
      setTest(answer as TestResult);
    } catch (error) {
      const message = error instanceof ApiError ? error.message : "The test did not run";
      setTest({ status: false, message });
    }
  }

  return (
    <Dialog
      onClose={onClose}
      title={connection ? `Change ${connection.connection_id}` : "New connection"}
      size={520}
    >
      <form className="stack" onSubmit={(event) => void submit(event)} autoComplete="off">
        <TextInput
          label="Id"
          description={connection ? undefined : "What DAGs call it: letters, digits, . _ -"}
          required
          pattern="[\w.\-]+"
          disabled={connection !== null}
          value={values.connection_id}
          onChange={(event) => set("connection_id")(event.currentTarget.value)}
          data-autofocus
        />
        <Autocomplete
          label="Type"
          size="xs"
          required
          data={kConnectionTypes.map(({ type }) => type)}
          value={values.conn_type}
          onChange={set("conn_type")}
          description={kind.title}
        />
        {kind.fields.map(([name, label]) => (
          <Field
            key={name}
            name={name}
            label={label}
            value={values[name]}
            placeholder={name === "port" && kind.port ? String(kind.port) : undefined}
            kept={connection?.password != null}
            onChange={set(name)}
          />
        ))}
        <TextInput
          label="Description"
          value={values.description}
          onChange={(event) => set("description")(event.currentTarget.value)}
        />
        {test && (
          <div className="row" role="status">
            <StateBadge
              state={test.status ? "success" : "failed"}
              label={test.status ? "It answers" : "It does not work"}
            />
            <span className="dim">{test.message}</span>
          </div>
        )}
        <Group justify="space-between">
          <Button variant="default" onClick={() => void tryIt()}>
            Test
          </Button>
          <FormActions
            busy={busy}
            disabled={extraProblem(values.extra) !== null}
            onCancel={onClose}
          />
        </Group>
      </form>
    </Dialog>
  );
}

interface FieldProps {
  name: FieldName;
  label: string;
  value: string;
  placeholder: string | undefined;
  /** A password is stored already. */
  kept: boolean;
  onChange: (value: string) => void;
}

function Field({ name, label, value, placeholder, kept, onChange }: FieldProps) {
  if (name === "password")
    return (
      <PasswordInput
        label={label}
        size="xs"
        placeholder={kept ? "Stored; empty keeps it" : ""}
        description="Encrypted, and never shown again"
        autoComplete="new-password"
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  if (name === "extra")
    return (
      <Textarea
        label={label}
        size="xs"
        autosize
        minRows={2}
        maxRows={10}
        placeholder="{ }"
        error={extraProblem(value)}
        value={value}
        spellCheck={false}
        styles={{ input: { fontFamily: "var(--mono)" } }}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      inputMode={name === "port" ? "numeric" : undefined}
      pattern={name === "port" ? "\\d{0,5}" : undefined}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
