// SPDX-License-Identifier: Apache-2.0
#include "secrets/vault.h"

#include <algorithm>

#include "base/json.h"
#include "secrets/connection_text.h"
#include "secrets/masking.h"

namespace leoflow {
namespace {

constexpr std::string_view kConnectionPrefix = "AIRFLOW_CONN_";
constexpr std::string_view kVariablePrefix = "AIRFLOW_VAR_";
constexpr size_t kNameBytesMax = 250;

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

// The context binds a sealed text to its row: moved to another one it does not open.
std::string context_of_connection(const std::string& conn_id) { return "connection:" + conn_id; }
std::string context_of_variable(const std::string& key) { return "variable:" + key; }

bool valid_conn_id(std::string_view id) {
  constexpr std::string_view kMarks = "_#!()-.:/\\";
  auto allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           static_cast<unsigned char>(c) >= 0x80 || kMarks.contains(c);
  };
  return !id.empty() && id.size() <= kNameBytesMax && std::ranges::all_of(id, allowed);
}

Status check(const Connection& connection) {
  if (!valid_conn_id(connection.conn_id)) {
    return fail(Code::invalid, "'" + connection.conn_id.substr(0, kNameBytesMax) + "' is no connection id",
                "use 1 to 250 letters, digits and _ # ! ( ) - . : / \\");
  }
  if (connection.port && (*connection.port < 0 || *connection.port > 65535)) {
    return fail(Code::invalid, "connection '" + connection.conn_id + "': the port is not from 0 to 65535");
  }
  if (connection.extra.empty()) return {};
  Result<json::value> extra = json::parse(connection.extra);
  if (extra && extra->is_object()) return {};
  return fail(Code::invalid, "connection '" + connection.conn_id + "': extra is not a JSON object");
}

bool in_scope(const std::optional<std::vector<std::string>>& names, std::string_view variable_name,
              std::string (*name_of)(std::string_view)) {
  if (!names) return true;
  return std::ranges::any_of(*names, [&](const std::string& name) { return name_of(name) == variable_name; });
}

// Every row of a paged list.
template <typename Row, typename List>
Result<std::vector<Row>> every(List list) {
  std::vector<Row> rows;
  Page page{.limit = kPageLimitMax};
  while (true) {
    Result<PageOf<Row>> next = list(page);
    if (!next) return fail(next);
    std::ranges::move(next->rows, std::back_inserter(rows));
    if (next->rows.size() < static_cast<size_t>(kPageLimitMax)) return rows;
    page.offset += kPageLimitMax;
  }
}

}  // namespace

std::string connection_variable_name(std::string_view conn_id) {
  return std::string(kConnectionPrefix) + upper(conn_id);
}
std::string variable_variable_name(std::string_view key) { return std::string(kVariablePrefix) + upper(key); }

SecretScope scope_of(const DagSpec& dag, const TaskSpec* task) {
  SecretScope scope;
  scope.connections = task && task->connections ? task->connections : dag.connections;
  scope.variables = task && task->variables ? task->variables : dag.variables;
  return scope;
}

Vault::Vault(SecretStore& store, KeyRing& keys, const std::map<std::string, std::string>& environment)
    : store_(store), keys_(keys) {
  for (const auto& [name, value] : environment) {
    if (name.starts_with(kConnectionPrefix) || name.starts_with(kVariablePrefix)) environment_[name] = value;
  }
}

Result<Connection> Vault::open(const SealedConnection& row) const {
  Connection connection = row.clear;
  if (row.sealed.empty()) return connection;
  Result<std::string> plain = keys_.open(row.sealed, context_of_connection(connection.conn_id));
  if (!plain) return fail(plain);
  Result<json::value> parsed = json::parse(*plain);
  if (!parsed || !parsed->is_object()) {
    return fail(Code::internal, "connection '" + connection.conn_id + "' was stored in an unknown form");
  }
  connection.password = json::string_or(parsed->get_object(), "password");
  connection.extra = json::string_or(parsed->get_object(), "extra");
  return connection;
}

Result<Variable> Vault::open(const SealedVariable& row) const {
  Variable variable{.key = row.key, .value = {}, .description = row.description};
  Result<std::string> plain = keys_.open(row.sealed, context_of_variable(row.key));
  if (!plain) return fail(plain);
  variable.value = std::move(*plain);
  return variable;
}

Result<PageOf<Connection>> Vault::list_connections(const TextPattern& id_pattern,
                                                   const Page& page) {
  Result<PageOf<SealedConnection>> sealed = store_.list_connections(id_pattern, page);
  if (!sealed) return fail(sealed);
  PageOf<Connection> opened{.rows = {}, .total = sealed->total};
  for (const SealedConnection& row : sealed->rows) {
    Result<Connection> connection = open(row);
    if (!connection) return fail(connection);
    opened.rows.push_back(std::move(*connection));
  }
  return opened;
}

Result<std::optional<Connection>> Vault::get_connection(const std::string& conn_id) {
  Result<std::optional<SealedConnection>> row = store_.get_connection(conn_id);
  if (!row) return fail(row);
  if (!*row) return std::optional<Connection>();
  Result<Connection> connection = open(**row);
  if (!connection) return fail(connection);
  return std::optional<Connection>(std::move(*connection));
}

Status Vault::put_connection(const Connection& connection, bool overwrite) {
  if (Status checked = check(connection); !checked) return checked;
  SealedConnection row{.clear = connection, .sealed = {}};
  row.clear.conn_type = normal_conn_type(connection.conn_type);
  row.clear.has_login = connection.has_login || !connection.login.empty();
  row.clear.has_password = connection.has_password || !connection.password.empty();
  row.clear.password.clear();
  row.clear.extra.clear();
  if (!connection.password.empty() || !connection.extra.empty()) {
    json::Writer secret;
    secret.begin_object().member("password", connection.password).member("extra", connection.extra).end_object();
    row.sealed = keys_.seal(secret.take(), context_of_connection(connection.conn_id));
  }
  return store_.put_connection(row, overwrite);
}

Result<bool> Vault::remove_connection(const std::string& conn_id) { return store_.remove_connection(conn_id); }

Result<PageOf<Variable>> Vault::list_variables(const TextPattern& key_pattern, const Page& page) {
  Result<PageOf<SealedVariable>> sealed = store_.list_variables(key_pattern, page);
  if (!sealed) return fail(sealed);
  PageOf<Variable> opened{.rows = {}, .total = sealed->total};
  for (const SealedVariable& row : sealed->rows) {
    Result<Variable> variable = open(row);
    if (!variable) return fail(variable);
    opened.rows.push_back(std::move(*variable));
  }
  return opened;
}

Result<std::optional<Variable>> Vault::get_variable(const std::string& key) {
  Result<std::optional<SealedVariable>> row = store_.get_variable(key);
  if (!row) return fail(row);
  if (!*row) return std::optional<Variable>();
  Result<Variable> variable = open(**row);
  if (!variable) return fail(variable);
  return std::optional<Variable>(std::move(*variable));
}

Status Vault::put_variable(const Variable& variable, bool overwrite) {
  if (variable.key.empty() || variable.key.size() > kNameBytesMax || variable.key.contains('\0')) {
    return fail(Code::invalid, "a variable's key has 1 to 250 bytes");
  }
  SealedVariable row{.key = variable.key,
                     .description = variable.description,
                     .sealed = keys_.seal(variable.value, context_of_variable(variable.key))};
  return store_.put_variable(row, overwrite);
}

Result<bool> Vault::remove_variable(const std::string& key) { return store_.remove_variable(key); }

Result<std::optional<Connection>> Vault::find_connection(const std::string& conn_id) {
  auto found = environment_.find(connection_variable_name(conn_id));
  if (found == environment_.end()) return get_connection(conn_id);
  Result<Connection> connection = parse_connection(conn_id, found->second);
  if (!connection) return fail(connection.error().within("environment variable " + found->first));
  return std::optional<Connection>(std::move(*connection));
}

Result<std::optional<Variable>> Vault::find_variable(const std::string& key) {
  auto found = environment_.find(variable_variable_name(key));
  if (found == environment_.end()) return get_variable(key);
  return std::optional<Variable>(Variable{.key = key, .value = found->second, .description = {}});
}

Result<std::vector<Connection>> Vault::all_connections() {
  return every<Connection>([&](const Page& page) { return list_connections("", page); });
}

Result<std::vector<Variable>> Vault::all_variables() {
  return every<Variable>([&](const Page& page) { return list_variables("", page); });
}

Result<std::vector<Connection>> Vault::stored_connections(const SecretScope& scope) {
  if (!scope.connections) return all_connections();
  std::vector<Connection> found;
  for (const std::string& conn_id : *scope.connections) {
    Result<std::optional<Connection>> connection = get_connection(conn_id);
    if (!connection) return fail(connection);
    if (*connection) found.push_back(std::move(**connection));
  }
  return found;
}

Result<std::vector<Variable>> Vault::stored_variables(const SecretScope& scope) {
  if (!scope.variables) return all_variables();
  std::vector<Variable> found;
  for (const std::string& key : *scope.variables) {
    Result<std::optional<Variable>> variable = get_variable(key);
    if (!variable) return fail(variable);
    if (*variable) found.push_back(std::move(**variable));
  }
  return found;
}

// Over what is stored. The text goes on as it was set.
void Vault::add_environment(const SecretScope& scope, TaskSecrets& secrets) const {
  for (const auto& [name, value] : environment_) {
    if (name.starts_with(kConnectionPrefix)) {
      if (!in_scope(scope.connections, name, connection_variable_name)) continue;
      Result<Connection> connection = parse_connection(name, value);
      if (connection) add_secret_texts(*connection, secrets.masked);
      else secrets.masked.push_back(value);
    } else {
      if (!in_scope(scope.variables, name, variable_variable_name)) continue;
      std::string key = name.substr(kVariablePrefix.size());
      add_secret_texts(Variable{.key = key, .value = value, .description = {}}, secrets.masked);
    }
    secrets.environment[name] = value;
  }
}

Result<TaskSecrets> Vault::secrets_for(const SecretScope& scope) {
  TaskSecrets secrets;
  Result<std::vector<Connection>> connections = stored_connections(scope);
  if (!connections) return fail(connections);
  for (const Connection& connection : *connections) {
    secrets.environment[connection_variable_name(connection.conn_id)] = connection_uri(connection);
    add_secret_texts(connection, secrets.masked);
  }
  Result<std::vector<Variable>> variables = stored_variables(scope);
  if (!variables) return fail(variables);
  for (Variable& variable : *variables) {
    add_secret_texts(variable, secrets.masked);
    secrets.environment[variable_variable_name(variable.key)] = std::move(variable.value);
  }
  add_environment(scope, secrets);
  if (secrets.environment.size() > kSecretsPerTaskMax) {
    return fail(Code::exhausted, "more than " + std::to_string(kSecretsPerTaskMax) + " secrets for one task",
                "declare the connections and variables it needs in leoflow.yaml");
  }
  std::ranges::sort(secrets.masked);
  secrets.masked.erase(std::ranges::unique(secrets.masked).begin(), secrets.masked.end());
  return secrets;
}

Result<int64_t> Vault::reseal_all() {
  Result<std::vector<Connection>> connections = all_connections();
  if (!connections) return fail(connections);
  for (const Connection& connection : *connections) {
    if (Status stored = put_connection(connection, true); !stored) return fail(stored);
  }
  Result<std::vector<Variable>> variables = all_variables();
  if (!variables) return fail(variables);
  for (const Variable& variable : *variables) {
    if (Status stored = put_variable(variable, true); !stored) return fail(stored);
  }
  return static_cast<int64_t>(connections->size() + variables->size());
}

}  // namespace leoflow
