// SPDX-License-Identifier: Apache-2.0
#include "store/sql/admin_store.h"
#include "store/sql/queries_admin.h"
#include "store/sql/rows.h"
#include "store/sql/simple_query.h"

namespace leoflow::sql {

Result<PageOf<SealedConnection>> SqlSecretStore::list_connections(const TextPattern& id_pattern,
                                                                  const Page& page) {
  Where where;
  where.matches("connection.conn_id", "$id_pattern", id_pattern);
  ListQuery list{kListConnections, kCountConnections, kConnectionOrder, "connection.conn_id"};
  return database_.read(
      [&](Connection& connection) { return read_page(connection, list, where, page, read_connection); });
}

Result<std::optional<SealedConnection>> SqlSecretStore::get_connection(const std::string& conn_id) {
  return select_row(database_, kSelectConnection, read_connection,
                    [&](Query& query) { query.bind("$conn_id", conn_id); });
}

Status SqlSecretStore::put_connection(const SealedConnection& row, bool overwrite) {
  std::string_view sql = overwrite ? kReplaceConnection.view() : kInsertConnection.view();
  return named(change_rows(database_, sql,
                           [&](Query& query) {
                             query.bind("$conn_id", row.clear.conn_id)
                                 .bind("$conn_type", row.clear.conn_type)
                                 .bind("$description", row.clear.description)
                                 .bind("$host", row.clear.host)
                                 .bind("$login", row.clear.login)
                                 .bind("$schema_name", row.clear.schema)
                                 .bind("$has_password", row.clear.has_password)
                                 .bind("$has_login", row.clear.has_login)
                                 .bind("$port", row.clear.port)
                                 .bind_blob("$sealed", row.sealed);
                           }),
               "connection '" + row.clear.conn_id + "'");
}

Result<bool> SqlSecretStore::remove_connection(const std::string& conn_id) {
  return any_of(
      change_rows(database_, kDeleteConnection, [&](Query& query) { query.bind("$conn_id", conn_id); }));
}

Result<PageOf<SealedVariable>> SqlSecretStore::list_variables(const TextPattern& key_pattern,
                                                              const Page& page) {
  Where where;
  where.matches("variable.key", "$key_pattern", key_pattern);
  ListQuery list{kListVariables, kCountVariables, kVariableOrder, "variable.key"};
  return database_.read(
      [&](Connection& connection) { return read_page(connection, list, where, page, read_variable); });
}

Result<std::optional<SealedVariable>> SqlSecretStore::get_variable(const std::string& key) {
  return select_row(database_, kSelectVariable, read_variable, [&](Query& query) { query.bind("$key", key); });
}

Status SqlSecretStore::put_variable(const SealedVariable& variable, bool overwrite) {
  std::string_view sql = overwrite ? kReplaceVariable.view() : kInsertVariable.view();
  return named(change_rows(database_, sql,
                           [&](Query& query) {
                             query.bind("$key", variable.key)
                                 .bind("$description", variable.description)
                                 .bind_blob("$sealed", variable.sealed);
                           }),
               "variable '" + variable.key + "'");
}

Result<bool> SqlSecretStore::remove_variable(const std::string& key) {
  return any_of(change_rows(database_, kDeleteVariable, [&](Query& query) { query.bind("$key", key); }));
}

}  // namespace leoflow::sql
