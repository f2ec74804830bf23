// SPDX-License-Identifier: Apache-2.0
// Which fields a kind of connection has, and what they are called there.

export type FieldName = "host" | "port" | "schema" | "login" | "password" | "extra";

export interface ConnectionType {
  type: string;
  title: string;
  /** The fields in the order of the form, with their names. */
  fields: [name: FieldName, label: string][];
  port?: number;
}

const kDatabase: ConnectionType["fields"] = [
  ["host", "Host"],
  ["port", "Port"],
  ["schema", "Database"],
  ["login", "User"],
  ["password", "Password"],
  ["extra", "Extra"],
];

export const kConnectionTypes: ConnectionType[] = [
  { type: "postgres", title: "PostgreSQL", fields: kDatabase, port: 5432 },
  { type: "mysql", title: "MySQL", fields: kDatabase, port: 3306 },
  { type: "mssql", title: "SQL Server", fields: kDatabase, port: 1433 },
  { type: "redis", title: "Redis", fields: kDatabase, port: 6379 },
  {
    type: "http",
    title: "HTTP",
    fields: [
      ["host", "Host or base URL"],
      ["port", "Port"],
      ["schema", "Scheme"],
      ["login", "User"],
      ["password", "Password or token"],
      ["extra", "Headers"],
    ],
  },
  {
    type: "aws",
    title: "Amazon Web Services",
    fields: [
      ["login", "Access key id"],
      ["password", "Secret access key"],
      ["extra", "Extra: region_name, role_arn, endpoint_url"],
    ],
  },
  {
    type: "google_cloud_platform",
    title: "Google Cloud",
    fields: [["extra", "Extra: project, key_path or keyfile_dict"]],
  },
  {
    type: "snowflake",
    title: "Snowflake",
    fields: [
      ["login", "User"],
      ["password", "Password"],
      ["schema", "Schema"],
      ["extra", "Extra: account, warehouse, database, role"],
    ],
  },
  {
    type: "ssh",
    title: "SSH",
    fields: [
      ["host", "Host"],
      ["port", "Port"],
      ["login", "User"],
      ["password", "Password"],
      ["extra", "Extra: key_file, private_key"],
    ],
    port: 22,
  },
  {
    type: "smtp",
    title: "Mail (SMTP)",
    fields: [
      ["host", "Host"],
      ["port", "Port"],
      ["login", "User"],
      ["password", "Password"],
      ["extra", "Extra: from_email, disable_tls"],
    ],
    port: 587,
  },
  {
    type: "slackwebhook",
    title: "Slack webhook",
    fields: [
      ["host", "Host"],
      ["password", "Webhook token"],
    ],
  },
  { type: "sqlite", title: "SQLite", fields: [["host", "File"]] },
  { type: "generic", title: "Any other", fields: kDatabase },
];

/** The kind's form; kinds we do not know have every field. */
export function connectionType(type: string): ConnectionType {
  return (
    kConnectionTypes.find((each) => each.type === type) ?? { type, title: type, fields: kDatabase }
  );
}
