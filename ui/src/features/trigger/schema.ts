// SPDX-License-Identifier: Apache-2.0
// A form from a param's JSON schema: which control fits, and what is wrong with a value.

export interface Schema {
  type?: string | string[];
  enum?: unknown[];
  title?: string;
  description?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  items?: Schema;
  examples?: unknown[];
}

export type FieldKind =
  | "choice"
  | "switch"
  | "integer"
  | "number"
  | "date"
  | "datetime"
  | "time"
  | "lines"
  | "text"
  | "list"
  | "json";

function types(schema: Schema): string[] {
  if (!schema.type) return [];
  return Array.isArray(schema.type) ? schema.type : [schema.type];
}

export function allowsNull(schema: Schema): boolean {
  return types(schema).includes("null") || (schema.enum?.includes(null) ?? false);
}

function textKind(format: string | undefined): FieldKind {
  if (format === "date" || format === "time") return format;
  if (format === "date-time") return "datetime";
  return format === "multiline" ? "lines" : "text";
}

/** The control for a schema; without a type the value decides. */
export function fieldKind(schema: Schema, value: unknown): FieldKind {
  if (schema.enum) return "choice";
  const named = types(schema).filter((type) => type !== "null");
  const type = named.length === 1 ? named[0] : named.length === 0 ? typeof value : "json";
  switch (type) {
    case "boolean":
      return "switch";
    case "integer":
    case "number":
      return type;
    case "string":
      return textKind(schema.format);
    case "array":
      return !schema.items || types(schema.items).includes("string") ? "list" : "json";
    default:
      return "json";
  }
}

function numberProblem(schema: Schema, value: number): string | null {
  if (types(schema).includes("integer") && !Number.isInteger(value)) return "A whole number";
  if (schema.minimum !== undefined && value < schema.minimum) return `At least ${schema.minimum}`;
  if (schema.maximum !== undefined && value > schema.maximum) return `At most ${schema.maximum}`;
  if (schema.exclusiveMinimum !== undefined && value <= schema.exclusiveMinimum)
    return `More than ${schema.exclusiveMinimum}`;
  if (schema.exclusiveMaximum !== undefined && value >= schema.exclusiveMaximum)
    return `Less than ${schema.exclusiveMaximum}`;
  return null;
}

function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true; // Python's dialect, not ours: the server checks it.
  }
}

function textProblem(schema: Schema, value: string): string | null {
  if (schema.minLength !== undefined && value.length < schema.minLength)
    return `At least ${schema.minLength} characters`;
  if (schema.maxLength !== undefined && value.length > schema.maxLength)
    return `At most ${schema.maxLength} characters`;
  if (schema.pattern && !matches(schema.pattern, value)) return `Must match ${schema.pattern}`;
  return null;
}

/** What is wrong with a value, in a few words; the server has the last word. */
export function problem(schema: Schema, value: unknown): string | null {
  if (value === null || value === undefined)
    return types(schema).length === 0 || allowsNull(schema) ? null : "Needs a value";
  if (schema.enum)
    return schema.enum.some((each) => JSON.stringify(each) === JSON.stringify(value))
      ? null
      : "One of the choices";
  if (typeof value === "number") return numberProblem(schema, value);
  if (typeof value === "string") return textProblem(schema, value);
  return null;
}
