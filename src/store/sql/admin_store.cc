// SPDX-License-Identifier: Apache-2.0
#include "store/sql/admin_store.h"

#include "store/sql/bind_rows.h"
#include "store/sql/queries_admin.h"
#include "store/sql/rows.h"
#include "store/sql/simple_query.h"

namespace leoflow::sql {

Result<std::vector<Pool>> SqlPoolStore::list_pools() {
  return select_rows(database_, kSelectPools, read_pool);
}

Result<std::optional<Pool>> SqlPoolStore::get_pool(const std::string& name) {
  return select_row(database_, kSelectPool, read_pool,
                    [&](Query& query) { query.bind("$name", name); });
}

Status SqlPoolStore::put_pool(const Pool& pool, bool overwrite) {
  if (pool.name.empty() || pool.slots < -1) {
    return fail(Code::invalid, "a pool needs a name and -1 (unlimited) or more slots");
  }
  std::string_view sql = overwrite ? kReplacePool.view() : kInsertPool.view();
  return named(change_rows(database_, sql,
                           [&](Query& query) {
                             query.bind("$name", pool.name)
                                 .bind("$slots", pool.slots)
                                 .bind("$description", pool.description)
                                 .bind("$include_deferred", pool.include_deferred);
                           }),
               "pool '" + pool.name + "'");
}

Result<bool> SqlPoolStore::remove_pool(const std::string& name) {
  if (name == kDefaultPool)
    return fail(Code::conflict, "the pool 'default_pool' cannot be deleted");
  return any_of(
      change_rows(database_, kDeletePool, [&](Query& query) { query.bind("$name", name); }));
}

Result<PageOf<StagingVolume>> SqlStagingStore::list(const StagingQuery& query) {
  Where where;
  where.only("volume.dag_id", "$dags_allowed", query.dags_allowed);
  where.equal("volume.dag_id", "$dag_id", query.dag_id);
  where.equal("volume.run_id", "$run_id", query.run_id);
  where.equal("volume.state", "$state", query.state);
  ListQuery list{kListVolumes, kCountVolumes, kVolumeOrder, "volume.volume_id"};
  return database_.read([&](Connection& connection) {
    return read_page(connection, list, where, query.page, read_volume);
  });
}

namespace {

Result<int64_t> count_admins(Connection& connection) {
  Result<Query> query = connection.query(kCountAdmins);
  if (!query) return fail(query);
  query->bind("$role", kAdminRole);
  Result<std::optional<int64_t>> count = read_one(*query, read_integer);
  if (!count) return fail(count);
  return count->value_or(0);
}

// Runs a change of users that must not take away the last administrator.
template <typename Change>
auto change_users(Database& database, Change change)
    -> decltype(change(std::declval<Connection&>())) {
  return database.write([&](Connection& connection) -> decltype(change(connection)) {
    Result<int64_t> before = count_admins(connection);
    if (!before) return fail(before);
    auto changed = change(connection);
    if (!changed) return changed;
    Result<int64_t> after = count_admins(connection);
    if (!after) return fail(after);
    if (*before > 0 && *after == 0) {
      return fail(Code::conflict, "this is the last administrator",
                  "make another user an active Admin first");
    }
    return changed;
  });
}

// Counts the change once it is made; also one that failed, which may have been made nevertheless.
template <typename T>
T counted(AccountChanges* changes, T result) {
  if (changes) ++*changes;
  return result;
}

}  // namespace

Result<std::vector<User>> SqlUserStore::list_users() {
  return select_rows(database_, kSelectUsers, read_user);
}

Result<std::optional<User>> SqlUserStore::get_user(const std::string& username) {
  return select_row(database_, kSelectUser, read_user,
                    [&](Query& query) { query.bind("$username", username); });
}

Result<std::optional<User>> SqlUserStore::get_user_of_identity(const std::string& identity) {
  return select_row(database_, kSelectUserOfIdentity, read_user,
                    [&](Query& query) { query.bind("$identity", identity); });
}

Result<User> SqlUserStore::put_user(const User& user) {
  if (user.username.empty()) return fail(Code::invalid, "a user needs a name");
  auto put = change_users(database_, [&](Connection& connection) -> Result<User> {
    Result<Query> query = connection.query(kUpsertUser);
    if (!query) return fail(query);
    query->bind("$username", user.username)
        .bind("$password_hash", user.password_hash)
        .bind("$role", user.role)
        .bind("$active", user.active)
        .bind("$created_at", user.created_at)
        .bind("$grants", user.grants)
        .bind("$last_login", user.last_login)
        .bind("$epoch", user.epoch)
        .bind("$identity", user.identity);
    Result<std::vector<User>> rows = read_all(*query, read_user);
    if (!rows) return fail(rows);
    return std::move(rows->front());
  });
  return counted(changes_, std::move(put));
}

Status SqlUserStore::note_login(const std::string& username, Time at) {
  return status_of(change_rows(database_, kNoteLogin, [&](Query& query) {
    query.bind("$at", at).bind("$username", username);
  }));
}

Result<bool> SqlUserStore::remove_user(const std::string& username) {
  auto gone = change_users(database_, [&](Connection& connection) -> Result<bool> {
    for (std::string_view sql :
         {kDeleteTokensOfUser.view(), kDeleteSessionsOfUser.view(), kDeleteUser.view()}) {
      Result<Query> query = connection.query(sql);
      if (!query) return fail(query);
      Result<int64_t> removed = query->bind("$username", username).run();
      if (!removed) return fail(removed);
      if (sql == kDeleteUser.view()) return *removed > 0;
    }
    return false;
  });
  return counted(changes_, std::move(gone));
}

Result<std::vector<ApiToken>> SqlUserStore::list_tokens() {
  return select_rows(database_, kSelectTokens, read_token);
}

Result<std::optional<ApiToken>> SqlUserStore::get_token(int64_t id) {
  return select_row(database_, kSelectToken, read_token,
                    [&](Query& query) { query.bind("$token_id", id); });
}

Result<ApiToken> SqlUserStore::add_token(const ApiToken& token) {
  return change_returning(database_, kInsertToken, read_token, [&](Query& query) {
    query.bind("$name", token.name)
        .bind("$username", token.username)
        .bind("$secret_hash", token.secret_hash)
        .bind("$created_at", token.created_at)
        .bind("$expires_at", token.expires_at)
        .bind("$last_used_at", token.last_used_at)
        .bind("$revoked_at", token.revoked_at)
        .bind("$scope", token.scope);
  });
}

Status SqlUserStore::touch_token(int64_t id, Time used_at) {
  return status_of(change_rows(database_, kTouchToken, [&](Query& query) {
    query.bind("$used_at", used_at).bind("$token_id", id);
  }));
}

Result<bool> SqlUserStore::revoke_token(int64_t id, Time revoked_at) {
  auto bind = [&](Query& query) { query.bind("$revoked_at", revoked_at).bind("$token_id", id); };
  return counted(changes_, any_of(change_rows(database_, kRevokeToken, bind)));
}

Status SqlSessionStore::add_session(const BrowserSession& session) {
  return database_.write([&](Connection& connection) -> Status {
    Result<Query> ended = connection.query(kDeleteEndedSessions);
    if (!ended) return fail(ended);
    if (auto removed = ended->bind("$now", session.created_at).run(); !removed)
      return fail(removed);
    Result<Query> query = connection.query(kInsertSession);
    if (!query) return fail(query);
    query->bind("$secret_hash", session.secret_hash)
        .bind("$username", session.username)
        .bind("$epoch", session.epoch)
        .bind("$created_at", session.created_at)
        .bind("$last_used_at", session.last_used_at)
        .bind("$expires_at", session.expires_at)
        .bind("$address", session.address);
    return status_of(query->run());
  });
}

Result<std::optional<BrowserSession>> SqlSessionStore::get_session(const std::string& secret_hash) {
  return select_row(database_, kSelectSession, read_session,
                    [&](Query& query) { query.bind("$secret_hash", secret_hash); });
}

Status SqlSessionStore::touch_session(const std::string& secret_hash, Time used_at,
                                      Time expires_at) {
  return status_of(change_rows(database_, kTouchSession, [&](Query& query) {
    query.bind("$used_at", used_at)
        .bind("$expires_at", expires_at)
        .bind("$secret_hash", secret_hash);
  }));
}

Result<bool> SqlSessionStore::remove_session(const std::string& secret_hash) {
  auto bind = [&](Query& query) { query.bind("$secret_hash", secret_hash); };
  return counted(changes_, any_of(change_rows(database_, kDeleteSession, bind)));
}

Status SqlSessionStore::remove_sessions_of(const std::string& username) {
  auto bind = [&](Query& query) { query.bind("$username", username); };
  return counted(changes_, status_of(change_rows(database_, kDeleteSessionsOfUser, bind)));
}

Status SqlEventLogStore::add(const EventLog& row) {
  return status_of(
      change_rows(database_, kInsertEvent, [&](Query& query) { bind_event(query, row); }));
}

Result<PageOf<EventLog>> SqlEventLogStore::list(const EventLogQuery& query) {
  Where where;
  if (!query.dag_id.empty()) where.add(kEventOfDag, "$dag_id", query.dag_id);
  where.equal("event.run_id", "$run_id", query.run_id);
  where.equal("event.task_id", "$task_id", query.task_id);
  where.equal("event.owner", "$owner", query.owner);
  where.equal("event.event", "$event", query.event);
  where.in("event.event", "$included_events", query.included_events);
  if (!query.excluded_events.empty())
    where.add_list(kEventExcluded, "$excluded_events", query.excluded_events);
  where.only("event.dag_id", "$dags_allowed", query.dags_allowed);
  if (query.only_of_dags) where.add(kEventOfAnyDag);
  where.equal("event.object", "$object", query.object);
  where.equal("event.address", "$address", query.address);
  where.matches("event.dag_id", "$dag_id_pattern", query.dag_id_pattern);
  where.matches("event.run_id", "$run_id_pattern", query.run_id_pattern);
  where.matches("event.task_id", "$task_id_pattern", query.task_id_pattern);
  where.matches("event.owner", "$owner_pattern", query.owner_pattern);
  where.matches("event.event", "$event_pattern", query.event_pattern);
  if (query.map_index) where.add(kEventMapIndex, "$map_index", *query.map_index);
  if (query.try_number) where.add(kEventTryNumber, "$try_number", *query.try_number);
  if (query.before) where.add(kEventBefore, "$before", to_micros(*query.before));
  if (query.after) where.add(kEventAfter, "$after", to_micros(*query.after));
  ListQuery list{kListEvents, kCountEvents, kEventOrder, "event.event_id"};
  return database_.read([&](Connection& connection) {
    return read_page(connection, list, where, query.page, read_event);
  });
}

Result<std::optional<EventLog>> SqlEventLogStore::get(int64_t id) {
  return select_row(database_, kSelectEvent, read_event,
                    [&](Query& query) { query.bind("$event_id", id); });
}

Result<std::optional<std::string>> SqlSettingStore::get_setting(const std::string& name) {
  return select_row(database_, kSelectSetting, read_text,
                    [&](Query& query) { query.bind("$name", name); });
}

Status SqlSettingStore::put_setting(const std::string& name, const std::string& value) {
  return status_of(change_rows(database_, kPutSetting, [&](Query& query) {
    query.bind("$name", name).bind("$value", value);
  }));
}

}  // namespace leoflow::sql
