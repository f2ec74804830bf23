// SPDX-License-Identifier: Apache-2.0
// Adapters that give the API what it needs of secrets and workspace.
#pragma once

#include "api/secrets_port.h"
#include "api/workspace_port.h"
#include "authoring/workspace.h"
#include "main/home.h"
#include "secrets/vault.h"

namespace leoflow {

// Any thread; blocks on the store.
class VaultPort : public api::SecretsPort {
 public:
  explicit VaultPort(Vault& vault) : vault_(vault) {}
  Result<PageOf<Connection>> list_connections(const TextPattern& id_pattern,
                                              const Page& page) override;
  Result<std::optional<Connection>> get_connection(const std::string& conn_id) override;
  Status put_connection(const Connection& connection, bool overwrite) override;
  Result<bool> remove_connection(const std::string& conn_id) override;
  Result<PageOf<Variable>> list_variables(const TextPattern& key_pattern,
                                          const Page& page) override;
  Result<std::optional<Variable>> get_variable(const std::string& key) override;
  Status put_variable(const Variable& variable, bool overwrite) override;
  Result<bool> remove_variable(const std::string& key) override;

 private:
  Vault& vault_;
};

// Any thread. workspace may be null: nothing is watched then.
class WorkspaceView : public api::WorkspacePort {
 public:
  WorkspaceView(fs::path folder, Workspace* workspace, fs::path cache, const Home& home,
                Interpreters& interpreters)
      : folder_(std::move(folder)),
        workspace_(workspace),
        cache_(std::move(cache)),
        home_(home),
        interpreters_(interpreters) {}
  api::WorkspaceState workspace() override;
  std::vector<api::EnvironmentState> environments() override;
  Result<std::string> build_log(const std::string& hash) override;
  std::vector<api::DoctorCheck> doctor() override;
  Status reparse(const std::string& relative_fileloc) override;

 private:
  fs::path folder_;
  Workspace* workspace_;
  fs::path cache_;
  const Home& home_;
  Interpreters& interpreters_;
};

}  // namespace leoflow
