# SPDX-License-Identifier: Apache-2.0
"""Fills the database of a stopped server with a long history: rows go straight into the tables.

What is there is one DAG of a template with a version; it becomes `dags` DAGs with `runs` runs of
TASKS task instances each, one attempt apiece, with XComs, audit rows and the counters that lists
and the home page read. Made by SQL inside the database: a few minutes for millions of rows.
"""

import sqlite3
import time

TASKS = 5
TASK_DAYS = 30
MICROS = 1_000_000
DAY = 86_400 * MICROS
AUDIT_ROWS_MAX = 1_000_000
OPEN_RUNS = 50  # the newest ones: half of them run, half are queued


class Seed:
    def __init__(self, database, template, dags, runs, days=60):
        self.db = sqlite3.connect(database, isolation_level=None)
        self.template, self.dags, self.runs = template, dags, runs
        self.now = int(time.time()) * MICROS
        self.step = days * DAY // runs  # between the starts of two runs

    def fill(self):
        for pragma in ("synchronous = OFF", "journal_mode = OFF", "cache_size = -1000000",
                       "temp_store = MEMORY", "foreign_keys = OFF"):
            self.db.execute(f"PRAGMA {pragma}")
        later = self.drop("trigger") + self.drop("index")
        self.db.execute("BEGIN")
        for fill in (self.fill_dags, self.fill_runs, self.fill_tasks, self.fill_attempts,
                     self.fill_xcoms, self.fill_audit, self.fill_task_days):
            fill()
        self.db.execute("COMMIT")
        for sql in later:
            self.db.execute(sql)
        self.count()
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.close()

    def drop(self, kind):
        """Triggers and indexes come back when the rows are in; gives how."""
        found = self.db.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = ? AND sql IS NOT NULL"
            " AND tbl_name IN ('runs', 'task_instances', 'attempts', 'xcoms', 'event_log')",
            (kind,)).fetchall()
        for name, _ in found:
            self.db.execute(f"DROP {kind} {name}")
        return [sql for _, sql in found]

    def copy(self, table, source, replaced):
        """INSERT of a table's rows from a SELECT with some columns replaced by expressions."""
        columns = [row[1] for row in self.db.execute(f"PRAGMA table_info({table})")]
        values = [replaced.get(column, column) for column in columns]
        self.db.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} {source}")

    def fill_dags(self):
        numbers = ("(WITH RECURSIVE n (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n"
                   f" WHERE k < {self.dags}) SELECT k FROM n)")
        name = "printf('dag_%04d', k)"
        own = f"replace(dag_json, '\"{self.template}\"', '\"' || {name} || '\"')"
        self.copy("dag_versions", f"FROM dag_versions, {numbers} WHERE dag_id = '{self.template}'",
                  {"version_id": "1000 + k", "dag_id": name, "dag_json": own})
        path = f"{name} || '/dag.py'"
        self.copy("dags", f"FROM dags, {numbers} WHERE dag_id = '{self.template}'",
                  {"dag_id": name, "display_name": name, "current_version": "1000 + k",
                   "bundle_name": "'seed'", "is_paused": "k % 7 = 0",
                   "fileloc": f"'/seed/' || {path}",
                   "relative_fileloc": path})
        self.db.execute("INSERT INTO dag_tags SELECT dag_id, 'group_' || (rowid % 20) FROM dags"
                        f" WHERE dag_id <> '{self.template}'")
        self.db.execute("INSERT INTO dag_owners SELECT dag_id, 'owner_' || (rowid % 9) FROM dags"
                        f" WHERE dag_id <> '{self.template}'")

    def fill_runs(self):
        begin = f"{self.now} - ({self.runs} - k) * {self.step}"
        took = "(20 + k * 7919 % 400) * 100000"
        open_from = self.runs - OPEN_RUNS
        state = (f"CASE WHEN k > {self.runs - OPEN_RUNS // 2} THEN 'queued' WHEN k > {open_from}"
                 " THEN 'running' WHEN k * 7919 % 50 = 0 THEN 'failed' ELSE 'success' END")
        self.db.execute(f"""
WITH RECURSIVE n (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < {self.runs})
INSERT INTO runs (run_key, dag_id, run_id, version_id, state, run_type, logical_date,
  interval_start, interval_end,
  run_after, queued_at, start_date, end_date, last_scheduling_decision, triggered_by,
    triggering_user, conf, note,
  end_reason, clear_number, version_stamp)
SELECT k, printf('dag_%04d', 1 + k % {self.dags}),
  CASE WHEN k % 10 = 0 THEN 'manual__' ELSE 'scheduled__' END ||
    strftime('%Y-%m-%dT%H:%M:%S', ({begin}) / {MICROS}, 'unixepoch') || '_' || k,
  1001 + k % {self.dags}, {state}, CASE WHEN k % 10 = 0 THEN 'manual' ELSE 'scheduled' END,
  CASE WHEN k % 10 = 0 THEN NULL ELSE {begin} END, {begin}, {begin}, {begin}, {begin},
  CASE WHEN k > {self.runs - OPEN_RUNS // 2} THEN NULL ELSE {begin} + 5000 END,
  CASE WHEN k > {open_from} THEN NULL ELSE {begin} + {took} END, {begin},
  CASE WHEN k % 10 = 0 THEN 'rest_api' ELSE 'timetable' END, CASE WHEN k % 10 = 0
    THEN 'admin' ELSE '' END,
  '{{}}', '', '', 0, 1 FROM n""")

    def fill_tasks(self):
        self.db.execute(f"""
WITH slots (t) AS (VALUES {', '.join(f'({t})' for t in range(TASKS))})
INSERT INTO task_instances (task_instance_key, run_key, task_id, map_index, state,
  try_number, max_tries, infra_losses,
  attempt_id, scheduled_at, queued_at, start_date, end_date, next_at, operator_name, pool,
    pool_slots, queue,
  priority_weight, note, reason, version_stamp)
SELECT (run_key - 1) * {TASKS} + t + 1, run_key, 'task_' || t, -1,
  CASE state WHEN 'success' THEN 'success' WHEN 'queued' THEN 'none'
    WHEN 'running' THEN CASE WHEN t < 2 THEN 'success' WHEN t = 2 THEN 'running' ELSE 'none' END
    ELSE CASE WHEN t < 2 THEN 'success' WHEN t = 2 THEN 'failed' ELSE 'upstream_failed' END END,
  1, 0, 0, (run_key - 1) * {TASKS} + t + 1, queued_at, queued_at,
  CASE WHEN state = 'queued' OR (state <> 'success' AND t > 2) THEN NULL
    ELSE start_date + t * 400000 END,
  CASE WHEN state = 'queued' OR (state <> 'success' AND t > 2) OR (state = 'running'
    AND t = 2) THEN NULL
    ELSE start_date + t * 400000 + 300000 + run_key * 131 % 90000 END,
  NULL, 'PythonOperator', 'default_pool', 1, 'default', 1, '',
  CASE WHEN state = 'failed' AND t = 2 THEN 'exit code 3' ELSE '' END, 1
FROM runs, slots""")

    def fill_attempts(self):
        self.db.execute("""
INSERT INTO attempts (attempt_id, kind, run_key, task_instance_key, task_id, map_index,
  try_number, state, version_id,
  executor, agent, pid, hostname, created_at, dispatched_at, started_at, ended_at, outcome, reason)
SELECT task.task_instance_key, 'task', task.run_key, task.task_instance_key, task.task_id, -1, 1,
  CASE WHEN task.end_date IS NULL THEN 'lost' ELSE 'settled' END, run.version_id, 'local',
    'node-1', 1000, 'host',
  task.queued_at, task.queued_at, task.start_date, task.end_date, 'succeeded', ''
FROM task_instances task JOIN runs run
  ON run.run_key = task.run_key WHERE task.start_date IS NOT NULL""")

    def fill_xcoms(self):
        self.db.execute("""
INSERT INTO xcoms (run_key, task_id, map_index, key, value, spill_path, size_bytes, pushed_at)
SELECT run_key, 'task_0', -1, 'return_value', run_key, '', 8, end_date
  FROM runs WHERE state = 'success'""")

    def fill_audit(self):
        self.db.execute(f"""
INSERT INTO event_log (logged_at, event, dag_id, run_id, task_id, owner, extra)
SELECT run_after, CASE WHEN run_key % 3 THEN 'trigger_dag_run' ELSE 'patch_dag_run' END,
  dag_id, run_id, '',
  'owner_' || (run_key % 9), '{{}}' FROM runs ORDER BY run_key LIMIT {AUDIT_ROWS_MAX}""")

    def fill_task_days(self):
        self.db.execute(f"""
WITH RECURSIVE days (d) AS (SELECT 0 UNION ALL SELECT d + 1 FROM days WHERE d < {TASK_DAYS - 1}),
  slots (t) AS (VALUES {', '.join(f'({t})' for t in range(TASKS))}),
    classes (b) AS (VALUES (30), (33), (36))
INSERT INTO task_days (day, dag_id, task_id, bucket, tries, failures, retries, took)
SELECT {self.now} / {DAY} - d, dag_id, 'task_' || t, b + t, 5, (dags.rowid + t) % 17 = 0,
  (dags.rowid + b) % 13 = 0,
  5 * 300000 FROM dags, days, slots, classes WHERE dag_id <> '{self.template}'""")

    def count(self):
        self.db.execute("DELETE FROM run_counts")
        self.db.execute("DELETE FROM run_hours")
        self.db.execute(
            "INSERT INTO run_counts SELECT dag_id, state, count(*) FROM runs GROUP BY 1, 2")
        self.db.execute("INSERT INTO run_hours SELECT coalesce(end_date, start_date, queued_at) /"
                        " 3600000000, dag_id, state, count(*) FROM runs GROUP BY 1, 2, 3")
