-- SPDX-License-Identifier: Apache-2.0
-- How the current version of a DAG is scheduled, as dag.json names it: lists filter by it.

ALTER TABLE dags ADD COLUMN schedule_kind TEXT NOT NULL DEFAULT 'none';
UPDATE dags SET schedule_kind = coalesce(
  (SELECT json_extract(version.dag_json, '$.schedule.kind') FROM dag_versions version
   WHERE version.version_id = dags.current_version), 'none');
