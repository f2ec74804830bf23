// SPDX-License-Identifier: Apache-2.0
// Connections and variables in the clear, for those who may see them: sealed on the way into the store, opened on the
// way out, overlaid by the server's environment. Owned by main; any thread (blocking: store threads).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/dag_spec.h"
#include "secrets/key_ring.h"
#include "store/admin_store.h"

namespace leoflow {

constexpr size_t kSecretsPerTaskMax = 10'000;

// AIRFLOW_CONN_<ID> and AIRFLOW_VAR_<KEY>, as the environment names them.
std::string connection_variable_name(std::string_view conn_id);
std::string variable_variable_name(std::string_view key);

// Which secrets a task may have; nothing = all of the kind.
struct SecretScope {
  std::optional<std::vector<std::string>> connections, variables;
};
// What the task declares, else what its DAG declares, else everything; each kind for itself. task may be null (a DAG
// callback).
SecretScope scope_of(const DagSpec& dag, const TaskSpec* task);

// What goes into a task's environment, and what its logs must not show.
struct TaskSecrets {
  std::map<std::string, std::string> environment;
  std::vector<std::string> masked;      // sorted, distinct
};

class Vault {
 public:
  // environment: the server's own; of it only AIRFLOW_CONN_* and AIRFLOW_VAR_* are kept.
  Vault(SecretStore& store, KeyRing& keys, const std::map<std::string, std::string>& environment);

  // Stored ones. Opening fails with `denied` when no key fits.
  Result<PageOf<Connection>> list_connections(const TextPattern& id_pattern, const Page& page);
  Result<std::optional<Connection>> get_connection(const std::string& conn_id);
  // `invalid` for an id that Airflow would not take, extras that are no JSON object, a port out of range; `exists`
  // unless overwrite.
  Status put_connection(const Connection& connection, bool overwrite);
  Result<bool> remove_connection(const std::string& conn_id);
  Result<PageOf<Variable>> list_variables(const TextPattern& key_pattern, const Page& page);
  Result<std::optional<Variable>> get_variable(const std::string& key);
  Status put_variable(const Variable& variable, bool overwrite);
  Result<bool> remove_variable(const std::string& key);

  // As tasks see them: the server's environment first, then the store.
  Result<std::optional<Connection>> find_connection(const std::string& conn_id);
  Result<std::optional<Variable>> find_variable(const std::string& key);
  // Declared names that do not exist are left out. `exhausted` past kSecretsPerTaskMax.
  Result<TaskSecrets> secrets_for(const SecretScope& scope);

  // Seals everything stored with the ring's first key; the number of rows. Safe to repeat after a failure. A write to a
  // row at the same moment may be lost: run it while nobody edits secrets.
  Result<int64_t> reseal_all();

 private:
  Result<Connection> open(const SealedConnection& row) const;
  Result<Variable> open(const SealedVariable& row) const;
  Result<std::vector<Connection>> all_connections();
  Result<std::vector<Variable>> all_variables();
  Result<std::vector<Connection>> stored_connections(const SecretScope& scope);
  Result<std::vector<Variable>> stored_variables(const SecretScope& scope);
  void add_environment(const SecretScope& scope, TaskSecrets& secrets) const;

  SecretStore& store_;
  KeyRing& keys_;
  std::map<std::string, std::string> environment_;
};

}  // namespace leoflow
