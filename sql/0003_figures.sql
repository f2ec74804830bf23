-- SPDX-License-Identifier: Apache-2.0
-- Counters of runs, what their tasks took, and the DAGs that users marked. Lists and the home page read these instead
-- of counting the history.

CREATE TABLE run_counts (
  dag_id TEXT    NOT NULL,
  state  TEXT    NOT NULL,
  runs   INTEGER NOT NULL,
  PRIMARY KEY (dag_id, state)
) WITHOUT ROWID;

-- hour: of a run's last change (end, else start, else queueing), in hours since the epoch.
CREATE TABLE run_hours (
  hour   INTEGER NOT NULL,
  dag_id TEXT    NOT NULL,
  state  TEXT    NOT NULL,
  runs   INTEGER NOT NULL,
  PRIMARY KEY (hour, dag_id, state)
) WITHOUT ROWID;

CREATE TRIGGER runs_counted_in AFTER INSERT ON runs BEGIN
  INSERT INTO run_counts (dag_id, state, runs) VALUES (NEW.dag_id, NEW.state, 1)
    ON CONFLICT (dag_id, state) DO UPDATE SET runs = run_counts.runs + 1;
  INSERT INTO run_hours (hour, dag_id, state, runs)
    VALUES (coalesce(NEW.end_date, NEW.start_date, NEW.queued_at) / 3600000000, NEW.dag_id, NEW.state, 1)
    ON CONFLICT (hour, dag_id, state) DO UPDATE SET runs = run_hours.runs + 1;
END;

CREATE TRIGGER runs_counted_out AFTER DELETE ON runs BEGIN
  UPDATE run_counts SET runs = runs - 1 WHERE dag_id = OLD.dag_id AND state = OLD.state;
  UPDATE run_hours SET runs = runs - 1
    WHERE hour = coalesce(OLD.end_date, OLD.start_date, OLD.queued_at) / 3600000000
      AND dag_id = OLD.dag_id AND state = OLD.state;
END;

CREATE TRIGGER runs_counted_over AFTER UPDATE OF state, queued_at, start_date, end_date ON runs
  WHEN OLD.state <> NEW.state
    OR coalesce(OLD.end_date, OLD.start_date, OLD.queued_at) / 3600000000
       <> coalesce(NEW.end_date, NEW.start_date, NEW.queued_at) / 3600000000
BEGIN
  UPDATE run_counts SET runs = runs - 1 WHERE dag_id = OLD.dag_id AND state = OLD.state;
  INSERT INTO run_counts (dag_id, state, runs) VALUES (NEW.dag_id, NEW.state, 1)
    ON CONFLICT (dag_id, state) DO UPDATE SET runs = run_counts.runs + 1;
  UPDATE run_hours SET runs = runs - 1
    WHERE hour = coalesce(OLD.end_date, OLD.start_date, OLD.queued_at) / 3600000000
      AND dag_id = OLD.dag_id AND state = OLD.state;
  INSERT INTO run_hours (hour, dag_id, state, runs)
    VALUES (coalesce(NEW.end_date, NEW.start_date, NEW.queued_at) / 3600000000, NEW.dag_id, NEW.state, 1)
    ON CONFLICT (hour, dag_id, state) DO UPDATE SET runs = run_hours.runs + 1;
END;

INSERT INTO run_counts (dag_id, state, runs)
  SELECT dag_id, state, count(*) FROM runs GROUP BY dag_id, state;
INSERT INTO run_hours (hour, dag_id, state, runs)
  SELECT coalesce(end_date, start_date, queued_at) / 3600000000, dag_id, state, count(*) FROM runs GROUP BY 1, 2, 3;

-- Ended tries by UTC day (days since the epoch), task and class of duration (model/duration_bucket.h).
CREATE TABLE task_days (
  day      INTEGER NOT NULL,
  dag_id   TEXT    NOT NULL,
  task_id  TEXT    NOT NULL,
  bucket   INTEGER NOT NULL,
  tries    INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  retries  INTEGER NOT NULL,
  took     INTEGER NOT NULL,
  PRIMARY KEY (day, dag_id, task_id, bucket)
) WITHOUT ROWID;

CREATE TABLE favorites (
  username TEXT NOT NULL REFERENCES users (username) ON DELETE CASCADE,
  dag_id   TEXT NOT NULL REFERENCES dags (dag_id) ON DELETE CASCADE,
  PRIMARY KEY (username, dag_id)
) WITHOUT ROWID;
CREATE INDEX favorites_by_dag ON favorites (dag_id);

-- Failures by when they were seen: the newest ones are looked for most.
DROP INDEX task_instances_failed;
CREATE INDEX task_instances_failed ON task_instances (end_date) WHERE state = 'failed';

-- Runs of a state over all DAGs, by when they are due.
CREATE INDEX runs_by_state ON runs (state, run_after);
