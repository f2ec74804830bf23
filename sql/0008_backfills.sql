-- SPDX-License-Identifier: Apache-2.0
-- Backfills, and what was decided for each of their dates. At most one of a DAG is open.

CREATE TABLE backfills (
  backfill_id           INTEGER PRIMARY KEY,
  dag_id                TEXT    NOT NULL REFERENCES dags (dag_id) ON DELETE CASCADE,
  from_date             INTEGER NOT NULL,
  to_date               INTEGER NOT NULL,
  conf                  TEXT    NOT NULL,
  reprocess             TEXT    NOT NULL,
  max_active_runs       INTEGER NOT NULL CHECK (max_active_runs >= 1),
  run_backwards         INTEGER NOT NULL CHECK (run_backwards IN (0, 1)),
  run_on_latest_version INTEGER NOT NULL CHECK (run_on_latest_version IN (0, 1)),
  is_paused             INTEGER NOT NULL CHECK (is_paused IN (0, 1)),
  dates                 INTEGER NOT NULL,
  username              TEXT    NOT NULL,
  created_at            INTEGER NOT NULL,
  updated_at            INTEGER NOT NULL,
  completed_at          INTEGER
);
CREATE UNIQUE INDEX backfills_open ON backfills (dag_id) WHERE completed_at IS NULL;
CREATE INDEX backfills_of_dag ON backfills (dag_id);

CREATE TABLE backfill_runs (
  backfill_id  INTEGER NOT NULL REFERENCES backfills (backfill_id) ON DELETE CASCADE,
  ordinal      INTEGER NOT NULL,
  logical_date INTEGER NOT NULL,
  run_key      INTEGER REFERENCES runs (run_key) ON DELETE SET NULL,
  exception    TEXT    NOT NULL,
  PRIMARY KEY (backfill_id, ordinal)
) WITHOUT ROWID;
CREATE INDEX backfill_runs_of_run ON backfill_runs (run_key) WHERE run_key IS NOT NULL;

CREATE TRIGGER backfill_id_given AFTER DELETE ON backfills BEGIN
  INSERT INTO ids_given (name, id) VALUES ('backfill', OLD.backfill_id)
    ON CONFLICT (name) DO UPDATE SET id = excluded.id WHERE excluded.id > ids_given.id;
END;
