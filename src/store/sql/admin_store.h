// SPDX-License-Identifier: Apache-2.0
// The small tables on a Database. See store/admin_store.h for the contracts.
#pragma once

#include <atomic>

#include "store/admin_store.h"
#include "store/sql/database.h"

namespace leoflow::sql {

class SqlSecretStore final : public SecretStore {
 public:
  explicit SqlSecretStore(Database& database) : database_(database) {}
  Result<PageOf<SealedConnection>> list_connections(const TextPattern& id_pattern,
                                                    const Page& page) override;
  Result<std::optional<SealedConnection>> get_connection(const std::string& conn_id) override;
  Status put_connection(const SealedConnection& connection, bool overwrite) override;
  Result<bool> remove_connection(const std::string& conn_id) override;
  Result<PageOf<SealedVariable>> list_variables(const TextPattern& key_pattern,
                                                const Page& page) override;
  Result<std::optional<SealedVariable>> get_variable(const std::string& key) override;
  Status put_variable(const SealedVariable& variable, bool overwrite) override;
  Result<bool> remove_variable(const std::string& key) override;

 private:
  Database& database_;
};

class SqlPoolStore final : public PoolStore {
 public:
  explicit SqlPoolStore(Database& database) : database_(database) {}
  Result<std::vector<Pool>> list_pools() override;
  Result<std::optional<Pool>> get_pool(const std::string& name) override;
  Status put_pool(const Pool& pool, bool overwrite) override;
  Result<bool> remove_pool(const std::string& name) override;

 private:
  Database& database_;
};

class SqlStagingStore final : public StagingStore {
 public:
  explicit SqlStagingStore(Database& database) : database_(database) {}
  Result<PageOf<StagingVolume>> list(const StagingQuery& query) override;

 private:
  Database& database_;
};

// Counts what UserStore::changes() tells.
using AccountChanges = std::atomic<uint64_t>;

class SqlUserStore final : public UserStore {
 public:
  // changes: shared with the sessions; null when other processes write to the database too.
  SqlUserStore(Database& database, AccountChanges* changes)
      : database_(database), changes_(changes) {}
  Result<std::vector<User>> list_users() override;
  Result<std::optional<User>> get_user(const std::string& username) override;
  Result<std::optional<User>> get_user_of_identity(const std::string& identity) override;
  Result<User> put_user(const User& user) override;
  Result<bool> remove_user(const std::string& username) override;
  Status note_login(const std::string& username, Time at) override;
  Result<std::vector<ApiToken>> list_tokens() override;
  Result<std::optional<ApiToken>> get_token(int64_t id) override;
  Result<ApiToken> add_token(const ApiToken& token) override;
  Status touch_token(int64_t id, Time used_at) override;
  Result<bool> revoke_token(int64_t id, Time revoked_at) override;
  std::optional<uint64_t> changes() const override {
    return changes_ ? std::optional(changes_->load()) : std::nullopt;
  }

 private:
  Database& database_;
  AccountChanges* const changes_;
};

class SqlSessionStore final : public SessionStore {
 public:
  SqlSessionStore(Database& database, AccountChanges* changes)
      : database_(database), changes_(changes) {}
  Status add_session(const BrowserSession& session) override;
  Result<std::optional<BrowserSession>> get_session(const std::string& secret_hash) override;
  Status touch_session(const std::string& secret_hash, Time used_at, Time expires_at) override;
  Result<bool> remove_session(const std::string& secret_hash) override;
  Status remove_sessions_of(const std::string& username) override;

 private:
  Database& database_;
  AccountChanges* const changes_;
};

class SqlEventLogStore final : public EventLogStore {
 public:
  explicit SqlEventLogStore(Database& database) : database_(database) {}
  Status add(const EventLog& row) override;
  Result<PageOf<EventLog>> list(const EventLogQuery& query) override;
  Result<std::optional<EventLog>> get(int64_t id) override;

 private:
  Database& database_;
};

class SqlSettingStore final : public SettingStore {
 public:
  explicit SqlSettingStore(Database& database) : database_(database) {}
  Result<std::optional<std::string>> get_setting(const std::string& name) override;
  Status put_setting(const std::string& name, const std::string& value) override;

 private:
  Database& database_;
};

class SqlRetentionStore final : public RetentionStore {
 public:
  explicit SqlRetentionStore(Database& database) : database_(database) {}
  Result<std::vector<DagRun>> purge(const RetentionPolicy& policy, Time now) override;

 private:
  Database& database_;
};

}  // namespace leoflow::sql
