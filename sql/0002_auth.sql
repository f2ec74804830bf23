-- SPDX-License-Identifier: Apache-2.0
-- Grants per DAG, browser sessions, scopes of API tokens, and who did what from where.

-- grants: JSON list of {role, dags | tag}; empty = the role holds for all DAGs.
ALTER TABLE users ADD COLUMN grants TEXT NOT NULL DEFAULT '[]';
ALTER TABLE users ADD COLUMN last_login INTEGER;
-- Raised when everything handed out before must end; part of what signed tokens and sessions are bound to.
ALTER TABLE users ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
-- Issuer and subject of a user who signs in elsewhere; empty for a user with a password.
ALTER TABLE users ADD COLUMN identity TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX users_by_identity ON users (identity) WHERE identity <> '';

ALTER TABLE api_tokens ADD COLUMN scope TEXT NOT NULL DEFAULT 'full' CHECK (scope IN ('read', 'run', 'full'));

CREATE TABLE sessions (
  secret_hash  TEXT    NOT NULL PRIMARY KEY,
  username     TEXT    NOT NULL,
  epoch        INTEGER NOT NULL,
  created_at   INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL,
  address      TEXT    NOT NULL
);
CREATE INDEX sessions_by_username ON sessions (username);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- object: what was changed, as kind:name ("connection:pg"); address: where the request came from.
ALTER TABLE event_log ADD COLUMN object TEXT NOT NULL DEFAULT '';
ALTER TABLE event_log ADD COLUMN address TEXT NOT NULL DEFAULT '';
