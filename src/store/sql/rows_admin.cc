// SPDX-License-Identifier: Apache-2.0
#include "store/sql/rows.h"

namespace leoflow::sql {

Dag read_dag(Row& row) {
  Dag dag;
  dag.dag_id = row.text();
  dag.current_version = row.id<DagVersionId>();
  dag.is_paused = row.flag();
  dag.is_stale = row.flag();
  dag.fileloc = row.text();
  dag.relative_fileloc = row.text();
  dag.bundle_name = row.text();
  dag.last_parsed_time = row.time();
  dag.last_parse_duration = Duration(row.integer());
  dag.next_logical_date = row.time_or_null();
  dag.next_interval_start = row.time_or_null();
  dag.next_interval_end = row.time_or_null();
  dag.next_run_after = row.time_or_null();
  dag.has_import_errors = row.flag();
  return dag;
}

DagVersion read_version(Row& row) {
  DagVersion version;
  version.id = row.id<DagVersionId>();
  version.dag_id = row.text();
  version.version_number = row.number();
  version.label = row.text();
  version.content_hash = row.text();
  version.bundle_path = row.text();
  version.environment = row.text();
  version.created_at = row.time();
  version.bundle_name = row.text();
  version.image = row.text();
  version.commit = row.text();
  version.url = row.text();
  version.dag_json = row.text();
  version.source = row.text();
  return version;
}

ImportError read_import_error(Row& row) {
  ImportError error;
  error.id = row.integer();
  error.timestamp = row.time();
  error.filename = row.text();
  error.bundle_name = row.text();
  error.stack_trace = row.text();
  return error;
}

EventLog read_event(Row& row) {
  EventLog event;
  event.id = row.integer();
  event.when = row.time();
  event.event = row.text();
  event.dag_id = row.text();
  event.run_id = row.text();
  event.task_id = row.text();
  event.map_index = row.number_or_null();
  event.try_number = row.number_or_null();
  event.owner = row.text();
  event.extra = row.text();
  event.object = row.text();
  event.address = row.text();
  return event;
}

SealedConnection read_connection(Row& row) {
  SealedConnection connection;
  connection.clear.conn_id = row.text();
  connection.clear.conn_type = row.text();
  connection.clear.description = row.text();
  connection.clear.host = row.text();
  connection.clear.login = row.text();
  connection.clear.schema = row.text();
  connection.clear.has_password = row.flag();
  connection.clear.has_login = row.flag();
  connection.clear.port = row.number_or_null();
  connection.sealed = row.text();
  return connection;
}

SealedVariable read_variable(Row& row) {
  SealedVariable variable;
  variable.key = row.text();
  variable.description = row.text();
  variable.sealed = row.text();
  return variable;
}

Pool read_pool(Row& row) {
  Pool pool;
  pool.name = row.text();
  pool.slots = row.number();
  pool.description = row.text();
  pool.include_deferred = row.flag();
  return pool;
}

User read_user(Row& row) {
  User user;
  user.id = row.integer();
  user.username = row.text();
  user.password_hash = row.text();
  user.role = row.text();
  user.active = row.flag();
  user.created_at = row.time();
  user.grants = row.text();
  user.last_login = row.time_or_null();
  user.epoch = row.integer();
  user.identity = row.text();
  return user;
}

ApiToken read_token(Row& row) {
  ApiToken token;
  token.id = row.integer();
  token.name = row.text();
  token.username = row.text();
  token.secret_hash = row.text();
  token.created_at = row.time();
  token.expires_at = row.time_or_null();
  token.last_used_at = row.time_or_null();
  token.revoked_at = row.time_or_null();
  token.scope = row.text();
  return token;
}

BrowserSession read_session(Row& row) {
  BrowserSession session;
  session.secret_hash = row.text();
  session.username = row.text();
  session.epoch = row.integer();
  session.created_at = row.time();
  session.last_used_at = row.time();
  session.expires_at = row.time();
  session.address = row.text();
  return session;
}

}  // namespace leoflow::sql
