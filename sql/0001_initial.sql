-- SPDX-License-Identifier: Apache-2.0
-- The schema of the first release. Instants are integer microseconds since the epoch (UTC), states are their names,
-- truth values 0 and 1. Keys of what runs are handed out by the engine in creation order, so the rows of one run lie
-- side by side. Every secondary index is paid for on each step of the engine: add one only for a query that needs it.

CREATE TABLE dag_versions (
  version_id     INTEGER PRIMARY KEY,
  dag_id         TEXT    NOT NULL,
  version_number INTEGER NOT NULL CHECK (version_number >= 1),
  label          TEXT    NOT NULL,
  content_hash   TEXT    NOT NULL,
  bundle_path    TEXT    NOT NULL,
  environment    TEXT    NOT NULL,
  created_at     INTEGER NOT NULL,
  dag_json       TEXT    NOT NULL,
  source         TEXT    NOT NULL,
  UNIQUE (dag_id, version_number)
);

CREATE TABLE dags (
  dag_id              TEXT    NOT NULL PRIMARY KEY,
  display_name        TEXT    NOT NULL,
  current_version     INTEGER NOT NULL REFERENCES dag_versions (version_id),
  is_paused           INTEGER NOT NULL CHECK (is_paused IN (0, 1)),
  is_stale            INTEGER NOT NULL CHECK (is_stale IN (0, 1)),
  fileloc             TEXT    NOT NULL,
  relative_fileloc    TEXT    NOT NULL,
  bundle_name         TEXT    NOT NULL,
  last_parsed_time    INTEGER NOT NULL,
  last_parse_duration INTEGER NOT NULL,
  next_logical_date   INTEGER,
  next_interval_start INTEGER,
  next_interval_end   INTEGER,
  next_run_after      INTEGER
);
CREATE INDEX dags_current_version ON dags (current_version);

-- Facts of the current version that lists filter by.
CREATE TABLE dag_tags (
  dag_id TEXT NOT NULL REFERENCES dags (dag_id) ON DELETE CASCADE,
  tag    TEXT NOT NULL,
  PRIMARY KEY (dag_id, tag)
) WITHOUT ROWID;

CREATE TABLE dag_owners (
  dag_id TEXT NOT NULL REFERENCES dags (dag_id) ON DELETE CASCADE,
  owner  TEXT NOT NULL,
  PRIMARY KEY (dag_id, owner)
) WITHOUT ROWID;

CREATE TABLE import_errors (
  import_error_id INTEGER PRIMARY KEY,
  happened_at     INTEGER NOT NULL,
  filename        TEXT    NOT NULL UNIQUE,
  bundle_name     TEXT    NOT NULL,
  stack_trace     TEXT    NOT NULL
);

CREATE TABLE runs (
  run_key                  INTEGER PRIMARY KEY,
  dag_id                   TEXT    NOT NULL,
  run_id                   TEXT    NOT NULL,
  version_id               INTEGER NOT NULL REFERENCES dag_versions (version_id),
  state                    TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'success', 'failed')),
  run_type                 TEXT    NOT NULL
                           CHECK (run_type IN ('manual', 'scheduled', 'backfill', 'asset_triggered')),
  logical_date             INTEGER,
  interval_start           INTEGER,
  interval_end             INTEGER,
  run_after                INTEGER NOT NULL,
  queued_at                INTEGER NOT NULL,
  start_date               INTEGER,
  end_date                 INTEGER,
  last_scheduling_decision INTEGER,
  triggered_by             TEXT    NOT NULL,
  triggering_user          TEXT    NOT NULL,
  conf                     TEXT    NOT NULL,
  note                     TEXT    NOT NULL,
  end_reason               TEXT    NOT NULL,
  clear_number             INTEGER NOT NULL,
  version_stamp            INTEGER NOT NULL,
  UNIQUE (dag_id, run_id),
  UNIQUE (dag_id, logical_date)
);
CREATE INDEX runs_active ON runs (run_key) WHERE state IN ('queued', 'running');
CREATE INDEX runs_by_run_after ON runs (run_after);
CREATE INDEX runs_by_dag_run_after ON runs (dag_id, run_after);
CREATE INDEX runs_by_dag_state ON runs (dag_id, state);
CREATE INDEX runs_by_version ON runs (version_id);

CREATE TABLE task_instances (
  task_instance_key INTEGER PRIMARY KEY,
  run_key           INTEGER NOT NULL REFERENCES runs (run_key) ON DELETE CASCADE,
  task_id           TEXT    NOT NULL,
  map_index         INTEGER NOT NULL CHECK (map_index >= -1),
  state             TEXT    NOT NULL
                    CHECK (state IN ('none', 'scheduled', 'queued', 'running', 'success', 'failed', 'skipped',
                                     'upstream_failed', 'up_for_retry', 'up_for_reschedule', 'deferred',
                                     'restarting', 'removed')),
  try_number        INTEGER NOT NULL,
  max_tries         INTEGER NOT NULL,
  infra_losses      INTEGER NOT NULL,
  attempt_id        INTEGER NOT NULL,
  scheduled_at      INTEGER,
  queued_at         INTEGER,
  start_date        INTEGER,
  end_date          INTEGER,
  next_at           INTEGER,
  operator_name     TEXT    NOT NULL,
  pool              TEXT    NOT NULL,
  pool_slots        INTEGER NOT NULL,
  queue             TEXT    NOT NULL,
  priority_weight   INTEGER NOT NULL,
  note              TEXT    NOT NULL,
  reason            TEXT    NOT NULL,
  version_stamp     INTEGER NOT NULL,
  UNIQUE (run_key, task_id, map_index)
);
-- The page of what failed, over all runs; success, the common end, costs nothing here.
CREATE INDEX task_instances_failed ON task_instances (start_date) WHERE state = 'failed';

-- Apart from task_instances: read with one row, never with many, and often long.
CREATE TABLE rendered_fields (
  task_instance_key INTEGER PRIMARY KEY REFERENCES task_instances (task_instance_key) ON DELETE CASCADE,
  fields            TEXT    NOT NULL
);

CREATE TABLE task_tries (
  task_instance_key INTEGER NOT NULL REFERENCES task_instances (task_instance_key) ON DELETE CASCADE,
  try_number        INTEGER NOT NULL,
  attempt_id        INTEGER NOT NULL,
  state             TEXT    NOT NULL,
  max_tries         INTEGER NOT NULL,
  scheduled_at      INTEGER,
  queued_at         INTEGER,
  start_date        INTEGER,
  end_date          INTEGER,
  reason            TEXT    NOT NULL,
  version_id        INTEGER NOT NULL,
  PRIMARY KEY (task_instance_key, try_number, attempt_id)
) WITHOUT ROWID;

CREATE TABLE attempts (
  attempt_id        INTEGER PRIMARY KEY,
  kind              TEXT    NOT NULL CHECK (kind IN ('task', 'dag_callback')),
  run_key           INTEGER NOT NULL REFERENCES runs (run_key) ON DELETE CASCADE,
  task_instance_key INTEGER NOT NULL,
  task_id           TEXT    NOT NULL,
  map_index         INTEGER NOT NULL,
  try_number        INTEGER NOT NULL,
  state             TEXT    NOT NULL
                    CHECK (state IN ('created', 'dispatched', 'claimed', 'running', 'settled', 'lost')),
  version_id        INTEGER NOT NULL,
  executor          TEXT    NOT NULL,
  agent             TEXT    NOT NULL,
  pid               INTEGER NOT NULL,
  hostname          TEXT    NOT NULL,
  created_at        INTEGER NOT NULL,
  dispatched_at     INTEGER,
  started_at        INTEGER,
  ended_at          INTEGER,
  outcome           TEXT    NOT NULL,
  reason            TEXT    NOT NULL
);
CREATE INDEX attempts_by_run ON attempts (run_key, task_instance_key, try_number);
CREATE INDEX attempts_open ON attempts (run_key) WHERE state NOT IN ('settled', 'lost');

CREATE TABLE xcoms (
  run_key    INTEGER NOT NULL REFERENCES runs (run_key) ON DELETE CASCADE,
  task_id    TEXT    NOT NULL,
  map_index  INTEGER NOT NULL,
  key        TEXT    NOT NULL,
  value      TEXT    NOT NULL,
  spill_path TEXT    NOT NULL,
  size_bytes INTEGER NOT NULL,
  pushed_at  INTEGER NOT NULL,
  PRIMARY KEY (run_key, task_id, map_index, key)
);

-- A volume's row outlives its run: the sweep needs it, and it is the record of what was kept and why.
CREATE TABLE staging_volumes (
  volume_id     INTEGER PRIMARY KEY,
  run_key       INTEGER REFERENCES runs (run_key) ON DELETE SET NULL,
  dag_id        TEXT    NOT NULL,
  run_id        TEXT    NOT NULL,
  name          TEXT    NOT NULL,
  path          TEXT    NOT NULL,
  size_bytes    INTEGER NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('active', 'deleted')),
  created_at    INTEGER NOT NULL,
  deleted_at    INTEGER,
  delete_reason TEXT    NOT NULL CHECK (delete_reason IN ('', 'run_succeeded', 'ttl_expired', 'orphaned')),
  CHECK ((state = 'deleted') = (deleted_at IS NOT NULL))
);
CREATE INDEX staging_volumes_by_run ON staging_volumes (run_key);
CREATE UNIQUE INDEX staging_volumes_active ON staging_volumes (name) WHERE state = 'active';

CREATE TABLE connections (
  conn_id      TEXT    NOT NULL PRIMARY KEY,
  conn_type    TEXT    NOT NULL,
  description  TEXT    NOT NULL,
  host         TEXT    NOT NULL,
  login        TEXT    NOT NULL,
  schema_name  TEXT    NOT NULL,
  has_password INTEGER NOT NULL CHECK (has_password IN (0, 1)),
  has_login    INTEGER NOT NULL CHECK (has_login IN (0, 1)),
  port         INTEGER CHECK (port BETWEEN 0 AND 65535),
  sealed       BLOB    NOT NULL
);

CREATE TABLE variables (
  key         TEXT NOT NULL PRIMARY KEY,
  description TEXT NOT NULL,
  sealed      BLOB NOT NULL
);

CREATE TABLE pools (
  name             TEXT    NOT NULL PRIMARY KEY,
  slots            INTEGER NOT NULL CHECK (slots >= -1),
  description      TEXT    NOT NULL,
  include_deferred INTEGER NOT NULL CHECK (include_deferred IN (0, 1))
);
INSERT INTO pools (name, slots, description, include_deferred) VALUES ('default_pool', 128, 'Default pool', 0);

CREATE TABLE users (
  user_id       INTEGER PRIMARY KEY,
  username      TEXT    NOT NULL UNIQUE,
  password_hash TEXT    NOT NULL,
  role          TEXT    NOT NULL,
  active        INTEGER NOT NULL CHECK (active IN (0, 1)),
  created_at    INTEGER NOT NULL
);

CREATE TABLE api_tokens (
  token_id     INTEGER PRIMARY KEY AUTOINCREMENT,
  name         TEXT    NOT NULL,
  username     TEXT    NOT NULL,
  secret_hash  TEXT    NOT NULL,
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER,
  last_used_at INTEGER,
  revoked_at   INTEGER
);
CREATE INDEX api_tokens_by_username ON api_tokens (username);

CREATE TABLE event_log (
  event_id   INTEGER PRIMARY KEY,
  logged_at  INTEGER NOT NULL,
  event      TEXT    NOT NULL,
  dag_id     TEXT    NOT NULL,
  run_id     TEXT    NOT NULL,
  task_id    TEXT    NOT NULL,
  map_index  INTEGER,
  try_number INTEGER,
  owner      TEXT    NOT NULL,
  extra      TEXT    NOT NULL
);
CREATE INDEX event_log_by_time ON event_log (logged_at);
CREATE INDEX event_log_by_dag ON event_log (dag_id, run_id) WHERE dag_id <> '';

CREATE TABLE settings (
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);
