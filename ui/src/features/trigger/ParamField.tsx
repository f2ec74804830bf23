// SPDX-License-Identifier: Apache-2.0
import { NumberInput, Select, Switch, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import type { Param } from "@/api/types";
import { allowsNull, fieldKind, problem, type Schema } from "./schema";

interface Props {
  name: string;
  param: Param;
  value: unknown;
  onChange: (value: unknown) => void;
  /** Says whether what is in the field can be sent. */
  onBroken: (broken: boolean) => void;
}

interface Common {
  label: ReactNode;
  description: string | undefined;
  error: string | null;
  required: boolean;
}

/** The control that fits a param's schema. */
export function ParamField({ name, param, value, onChange, onBroken }: Props) {
  const schema = param.schema as Schema;
  const kind = fieldKind(schema, param.value);
  const nullable = allowsNull(schema);
  const common: Common = {
    label: schema.title ?? name,
    description: param.description ?? schema.description,
    error: problem(schema, value),
    required: !nullable && schema.type !== undefined,
  };
  const text = typeof value === "string" ? value : "";
  const setText = (next: string) => onChange(next === "" && nullable ? null : next);
  switch (kind) {
    case "choice":
      return <Choice common={common} schema={schema} value={value} onChange={onChange} />;
    case "switch":
      return (
        <Switch
          label={common.label}
          description={common.description}
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "integer":
    case "number":
      return (
        <NumberInput
          {...common}
          size="xs"
          value={typeof value === "number" ? value : ""}
          allowDecimal={kind === "number"}
          onChange={(next) => onChange(next === "" ? null : Number(next))}
        />
      );
    case "date":
    case "time":
      return (
        <TextInput
          {...common}
          type={kind}
          step={1}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      );
    case "datetime":
      return (
        <TextInput
          {...common}
          placeholder="2026-01-31T08:00:00Z"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      );
    case "lines":
      return (
        <Textarea
          {...common}
          size="xs"
          autosize
          minRows={3}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      );
    case "list":
      return (
        <TagsInput
          {...common}
          size="xs"
          value={Array.isArray(value) ? value.map(String) : []}
          data={(schema.examples ?? []).map(String)}
          onChange={onChange}
        />
      );
    case "json":
      return <JsonField common={common} value={value} onChange={onChange} onBroken={onBroken} />;
    case "text":
      return (
        <TextInput
          {...common}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      );
  }
}

interface ChoiceProps {
  common: Common;
  schema: Schema;
  value: unknown;
  onChange: (value: unknown) => void;
}

function Choice({ common, schema, value, onChange }: ChoiceProps) {
  const choices = schema.enum ?? [];
  const label = (each: unknown) => (typeof each === "string" ? each : JSON.stringify(each));
  return (
    <Select
      {...common}
      data={choices.map((each) => ({ value: JSON.stringify(each), label: label(each) }))}
      value={JSON.stringify(value)}
      allowDeselect={false}
      onChange={(next) => next !== null && onChange(JSON.parse(next))}
    />
  );
}

interface JsonProps {
  common: Common;
  value: unknown;
  onChange: (value: unknown) => void;
  onBroken: (broken: boolean) => void;
}

/** JSON as text; broken text stays in the field and holds the form back. */
export function JsonField({ common, value, onChange, onBroken }: JsonProps) {
  const [text, setText] = useState(() => JSON.stringify(value ?? null, null, 2));
  const [broken, setBroken] = useState<string | null>(null);
  function change(next: string) {
    setText(next);
    try {
      onChange(JSON.parse(next));
      setBroken(null);
      onBroken(false);
    } catch (error) {
      setBroken(error instanceof Error ? error.message : "Not JSON");
      onBroken(true);
    }
  }
  return (
    <Textarea
      {...common}
      size="xs"
      error={broken ?? common.error}
      autosize
      minRows={2}
      maxRows={14}
      value={text}
      onChange={(event) => change(event.currentTarget.value)}
      styles={{ input: { fontFamily: "var(--mono)" } }}
      spellCheck={false}
    />
  );
}
