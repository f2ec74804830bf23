// SPDX-License-Identifier: Apache-2.0
// The small tables people manage: connections and variables (sealed), pools, users and tokens,
// staging volumes, audit log, installation settings. Blocking; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/entities.h"
#include "store/page.h"

namespace leoflow {

// A connection or variable as stored: the clear columns as they are, the secret ones sealed by
// secrets/vault.h.
struct SealedConnection {
  Connection clear;    // password and extra are empty here
  std::string sealed;  // seal(JSON {password, extra}); empty when neither is set
};
struct SealedVariable {
  std::string key, description;
  std::string sealed;  // seal(value)
};

class SecretStore {
 public:
  virtual ~SecretStore() = default;
  virtual Result<PageOf<SealedConnection>> list_connections(const TextPattern& id_pattern,
                                                            const Page& page) = 0;
  virtual Result<std::optional<SealedConnection>> get_connection(const std::string& conn_id) = 0;
  // `exists` unless overwrite; `not_found` is never returned.
  virtual Status put_connection(const SealedConnection& connection, bool overwrite) = 0;
  virtual Result<bool> remove_connection(const std::string& conn_id) = 0;
  virtual Result<PageOf<SealedVariable>> list_variables(const TextPattern& key_pattern,
                                                        const Page& page) = 0;
  virtual Result<std::optional<SealedVariable>> get_variable(const std::string& key) = 0;
  virtual Status put_variable(const SealedVariable& variable, bool overwrite) = 0;
  virtual Result<bool> remove_variable(const std::string& key) = 0;
};

class PoolStore {
 public:
  virtual ~PoolStore() = default;
  virtual Result<std::vector<Pool>> list_pools() = 0;  // by name; default_pool always exists
  virtual Result<std::optional<Pool>> get_pool(const std::string& name) = 0;
  virtual Status put_pool(const Pool& pool, bool overwrite) = 0;  // `exists` unless overwrite
  virtual Result<bool> remove_pool(const std::string& name) = 0;  // `conflict` for default_pool
};

struct StagingQuery {
  std::string dag_id, run_id, state;  // empty = all
  Page page;                          // created_at, deleted_at, id
  DagsAllowed dags_allowed;
};

class StagingStore {
 public:
  virtual ~StagingStore() = default;
  virtual Result<PageOf<StagingVolume>> list(const StagingQuery& query) = 0;
};

constexpr std::string_view kAdminRole = "Admin";

class UserStore {
 public:
  virtual ~UserStore() = default;
  virtual Result<std::vector<User>> list_users() = 0;
  virtual Result<std::optional<User>> get_user(const std::string& username) = 0;
  // The user of an identity elsewhere.
  virtual Result<std::optional<User>> get_user_of_identity(const std::string& identity) = 0;
  // Insert or replace by username. `conflict` when it would leave no active user with kAdminRole
  // where there was one.
  virtual Result<User> put_user(const User& user) = 0;
  // With tokens and sessions. `conflict` for the last active user with kAdminRole.
  virtual Result<bool> remove_user(const std::string& username) = 0;
  virtual Status note_login(const std::string& username, Time at) = 0;
  virtual Result<std::vector<ApiToken>> list_tokens() = 0;
  virtual Result<std::optional<ApiToken>> get_token(int64_t id) = 0;
  virtual Result<ApiToken> add_token(const ApiToken& token) = 0;  // returns it with its id
  virtual Status touch_token(int64_t id, Time used_at) = 0;
  virtual Result<bool> revoke_token(int64_t id, Time revoked_at) = 0;
  // Grows when something ends or changes that was known of users, tokens and sessions, before the
  // call that did it returns; nothing where others may change them unseen.
  virtual std::optional<uint64_t> changes() const { return std::nullopt; }
};

// Browsers that are signed in, by the hash of their cookie.
class SessionStore {
 public:
  virtual ~SessionStore() = default;
  // Sessions that ended before this one began go with it.
  virtual Status add_session(const BrowserSession& session) = 0;
  virtual Result<std::optional<BrowserSession>> get_session(const std::string& secret_hash) = 0;
  virtual Status touch_session(const std::string& secret_hash, Time used_at, Time expires_at) = 0;
  virtual Result<bool> remove_session(const std::string& secret_hash) = 0;
  virtual Status remove_sessions_of(const std::string& username) = 0;
};

struct EventLogQuery {
  std::string dag_id, run_id, task_id, owner, event;  // empty = all
  std::vector<std::string> included_events, excluded_events;
  std::optional<Time> before, after;
  Page page;
  std::string object, address;  // empty = all
  TextPattern dag_id_pattern, run_id_pattern, task_id_pattern, owner_pattern, event_pattern;
  std::optional<int> map_index, try_number;
  DagsAllowed dags_allowed;   // with it, rows without a DAG are not seen either
  bool only_of_dags = false;  // leaves out rows without a DAG
};

class EventLogStore {
 public:
  virtual ~EventLogStore() = default;
  virtual Status add(const EventLog& row) = 0;
  virtual Result<PageOf<EventLog>> list(const EventLogQuery& query) = 0;
  virtual Result<std::optional<EventLog>> get(int64_t id) = 0;
};

// Named values of the installation: instance id, token secret (sealed), schema facts.
class SettingStore {
 public:
  virtual ~SettingStore() = default;
  virtual Result<std::optional<std::string>> get_setting(const std::string& name) = 0;
  virtual Status put_setting(const std::string& name, const std::string& value) = 0;
};

// How long finished things are kept; on by default. Zero = for ever.
struct RetentionPolicy {
  Duration runs = std::chrono::days(90);  // completed backfills, asset events
  Duration event_log = std::chrono::days(90);
  Duration deleted_staging = std::chrono::days(90);
  int versions_unused_max = 100;  // per DAG; versions that no run uses
  int rows_per_step = 500;        // bound of one transaction
};

class RetentionStore {
 public:
  virtual ~RetentionStore() = default;
  // Deletes at most policy.rows_per_step old runs (whole runs, returned for log removal) and as
  // many rows of other kinds.
  virtual Result<std::vector<DagRun>> purge(const RetentionPolicy& policy, Time now) = 0;
};

}  // namespace leoflow
