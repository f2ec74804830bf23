-- SPDX-License-Identifier: Apache-2.0
-- Mapped tasks: the label of an instance (rendered map_index_template), and how many elements what a task returned has;
-- NULL where nobody told.
ALTER TABLE task_instances ADD COLUMN map_label TEXT NOT NULL DEFAULT '';
ALTER TABLE xcoms ADD COLUMN length INTEGER;
