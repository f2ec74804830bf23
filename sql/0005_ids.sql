-- SPDX-License-Identifier: Apache-2.0
-- An id is never given twice, also when the newest rows were deleted: agents, tokens, logs and caches know things by
-- it. Deleting a row leaves the highest id that its table had.

CREATE TABLE ids_given (
  name TEXT    NOT NULL PRIMARY KEY,
  id   INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TRIGGER version_id_given AFTER DELETE ON dag_versions BEGIN
  INSERT INTO ids_given (name, id) VALUES ('version', OLD.version_id)
    ON CONFLICT (name) DO UPDATE SET id = excluded.id WHERE excluded.id > ids_given.id;
END;

CREATE TRIGGER run_key_given AFTER DELETE ON runs BEGIN
  INSERT INTO ids_given (name, id) VALUES ('run', OLD.run_key)
    ON CONFLICT (name) DO UPDATE SET id = excluded.id WHERE excluded.id > ids_given.id;
END;

CREATE TRIGGER task_instance_key_given AFTER DELETE ON task_instances BEGIN
  INSERT INTO ids_given (name, id) VALUES ('task_instance', OLD.task_instance_key)
    ON CONFLICT (name) DO UPDATE SET id = excluded.id WHERE excluded.id > ids_given.id;
END;

CREATE TRIGGER attempt_id_given AFTER DELETE ON attempts BEGIN
  INSERT INTO ids_given (name, id) VALUES ('attempt', OLD.attempt_id)
    ON CONFLICT (name) DO UPDATE SET id = excluded.id WHERE excluded.id > ids_given.id;
END;
