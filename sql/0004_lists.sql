-- SPDX-License-Identifier: Apache-2.0
-- What lists walk along, so that a page costs the same whatever the history holds (store/sql/run_list.cc,
-- store/sql/task_list.cc). Instants of a run change a few times in its life; each index costs the engine about a
-- microsecond per change.
CREATE INDEX runs_by_dag ON runs (dag_id);
CREATE INDEX runs_by_start ON runs (start_date);
CREATE INDEX runs_by_end ON runs (end_date);
CREATE INDEX runs_by_logical_date ON runs (logical_date);
CREATE INDEX runs_by_duration ON runs ((end_date - start_date));

-- Task instances are many: only what has started is here, once.
CREATE INDEX task_instances_started ON task_instances (start_date) WHERE start_date IS NOT NULL;
-- The ends that people look for. Success, the common one, costs nothing.
CREATE INDEX task_instances_unsuccessful ON task_instances (state, start_date)
  WHERE state IN ('failed', 'upstream_failed', 'skipped', 'removed');
