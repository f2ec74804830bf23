-- SPDX-License-Identifier: Apache-2.0
-- Assets, their events, who makes and waits for them, and the runs they lead to.

-- Runs may be started by assets in more ways.
ALTER TABLE runs RENAME COLUMN run_type TO run_type_before;
ALTER TABLE runs ADD COLUMN run_type TEXT NOT NULL DEFAULT 'manual'
  CHECK (run_type IN ('manual', 'scheduled', 'backfill', 'asset_triggered', 'asset_materialization',
                      'operator_triggered'));
UPDATE runs SET run_type = run_type_before WHERE run_type_before <> 'manual';
ALTER TABLE runs DROP COLUMN run_type_before;

CREATE TABLE assets (
  asset_id    INTEGER PRIMARY KEY,
  name        TEXT    NOT NULL,
  uri         TEXT    NOT NULL,
  asset_group TEXT    NOT NULL,
  extra       TEXT    NOT NULL,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL,
  UNIQUE (name, uri)
);
CREATE INDEX assets_by_uri ON assets (uri);

CREATE TABLE asset_aliases (
  alias_id    INTEGER PRIMARY KEY,
  name        TEXT    NOT NULL UNIQUE,
  alias_group TEXT    NOT NULL
);

-- Assets that were told under an alias.
CREATE TABLE asset_alias_links (
  alias_id INTEGER NOT NULL REFERENCES asset_aliases (alias_id) ON DELETE CASCADE,
  asset_id INTEGER NOT NULL REFERENCES assets (asset_id) ON DELETE CASCADE,
  PRIMARY KEY (alias_id, asset_id)
) WITHOUT ROWID;
CREATE INDEX asset_alias_links_of_asset ON asset_alias_links (asset_id);

-- What the current version of a DAG names. Of a reference one of name and uri is empty, of an alias uri.
CREATE TABLE dag_assets (
  dag_id     TEXT    NOT NULL REFERENCES dags (dag_id) ON DELETE CASCADE,
  role       TEXT    NOT NULL CHECK (role IN ('schedule', 'outlet', 'inlet')),
  task_id    TEXT    NOT NULL,
  kind       TEXT    NOT NULL CHECK (kind IN ('asset', 'alias')),
  name       TEXT    NOT NULL,
  uri        TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (dag_id, role, task_id, kind, name, uri)
) WITHOUT ROWID;
CREATE INDEX dag_assets_by_name ON dag_assets (kind, name, uri);

CREATE TABLE asset_events (
  event_id         INTEGER PRIMARY KEY,
  asset_id         INTEGER NOT NULL REFERENCES assets (asset_id),
  happened_at      INTEGER NOT NULL,
  extra            TEXT    NOT NULL,
  source_dag_id    TEXT    NOT NULL,
  source_task_id   TEXT    NOT NULL,
  source_run_id    TEXT    NOT NULL,
  source_map_index INTEGER NOT NULL
);
CREATE INDEX asset_events_of_asset ON asset_events (asset_id, event_id);
CREATE INDEX asset_events_by_time ON asset_events (happened_at);
CREATE INDEX asset_events_by_source ON asset_events (source_dag_id, source_run_id) WHERE source_dag_id <> '';

CREATE TABLE asset_event_aliases (
  event_id INTEGER NOT NULL REFERENCES asset_events (event_id) ON DELETE CASCADE,
  alias_id INTEGER NOT NULL REFERENCES asset_aliases (alias_id) ON DELETE CASCADE,
  PRIMARY KEY (event_id, alias_id)
) WITHOUT ROWID;
CREATE INDEX asset_event_aliases_of_alias ON asset_event_aliases (alias_id, event_id);

-- Events that a DAG has seen while its condition was not true yet.
CREATE TABLE asset_queue (
  dag_id    TEXT    NOT NULL REFERENCES dags (dag_id) ON DELETE CASCADE,
  asset_id  INTEGER NOT NULL REFERENCES assets (asset_id) ON DELETE CASCADE,
  queued_at INTEGER NOT NULL,
  PRIMARY KEY (dag_id, asset_id)
) WITHOUT ROWID;
CREATE INDEX asset_queue_of_asset ON asset_queue (asset_id);

-- Up to which event the runs of a DAG have consumed.
CREATE TABLE asset_marks (
  dag_id   TEXT    NOT NULL PRIMARY KEY REFERENCES dags (dag_id) ON DELETE CASCADE,
  event_id INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE asset_event_runs (
  run_key  INTEGER NOT NULL REFERENCES runs (run_key) ON DELETE CASCADE,
  event_id INTEGER NOT NULL REFERENCES asset_events (event_id) ON DELETE CASCADE,
  PRIMARY KEY (run_key, event_id)
) WITHOUT ROWID;
CREATE INDEX asset_event_runs_of_event ON asset_event_runs (event_id);

CREATE TRIGGER asset_event_id_given AFTER DELETE ON asset_events BEGIN
  INSERT INTO ids_given (name, id) VALUES ('asset_event', OLD.event_id)
    ON CONFLICT (name) DO UPDATE SET id = excluded.id WHERE excluded.id > ids_given.id;
END;
