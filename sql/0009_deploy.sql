-- SPDX-License-Identifier: Apache-2.0
-- Where a version comes from, and the image of its tasks; empty = none.

ALTER TABLE dag_versions ADD COLUMN bundle_name TEXT NOT NULL DEFAULT 'dags-folder';
ALTER TABLE dag_versions ADD COLUMN image       TEXT NOT NULL DEFAULT '';
ALTER TABLE dag_versions ADD COLUMN commit_id   TEXT NOT NULL DEFAULT '';
ALTER TABLE dag_versions ADD COLUMN url         TEXT NOT NULL DEFAULT '';

-- Tokens that deploy and do nothing else.
ALTER TABLE api_tokens RENAME COLUMN scope TO old_scope;
ALTER TABLE api_tokens ADD COLUMN scope TEXT NOT NULL DEFAULT 'full'
  CHECK (scope IN ('read', 'run', 'deploy', 'full'));
UPDATE api_tokens SET scope = old_scope;
ALTER TABLE api_tokens DROP COLUMN old_scope;
