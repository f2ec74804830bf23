// SPDX-License-Identifier: Apache-2.0
// Connections, variables, pools, volumes, users, tokens, the event log, settings, retention.
#pragma once

#include "store/sql/listing.h"
#include "store/sql/queries_engine.h"

namespace leoflow::sql {

inline constexpr SqlText kConnectionColumns(
    "connection.conn_id, connection.conn_type, connection.description, connection.host, "
    "connection.login,"
    " connection.schema_name, connection.has_password, connection.has_login, connection.port, "
    "connection.sealed");
inline constexpr auto kListConnections =
    "SELECT " + kConnectionColumns + " FROM connections connection WHERE TRUE";
inline constexpr SqlText kCountConnections(
    "SELECT 1 FROM connections connection WHERE TRUE");
inline constexpr auto kSelectConnection = kListConnections + " AND connection.conn_id = $conn_id";
inline constexpr SqlText kInsertConnection(
    "INSERT INTO connections (conn_id, conn_type, description, host, login, schema_name, "
    "has_password, has_login,"
    " port, sealed) VALUES ($conn_id, $conn_type, $description, $host, $login, $schema_name, "
    "$has_password,"
    " $has_login, $port, $sealed)");
inline constexpr auto kReplaceConnection =
    kInsertConnection +
    " ON CONFLICT (conn_id) DO UPDATE SET conn_type = excluded.conn_type,"
    " description = excluded.description, host = excluded.host, login = excluded.login,"
    " schema_name = excluded.schema_name, has_password = excluded.has_password, has_login = "
    "excluded.has_login,"
    " port = excluded.port, sealed = excluded.sealed";
inline constexpr SqlText kDeleteConnection("DELETE FROM connections WHERE conn_id = $conn_id");
inline constexpr OrderColumn kConnectionOrder[] = {
    {"id", "connection.conn_id"},
    {"conn_id", "connection.conn_id"},
    {"connection_id", "connection.conn_id"},
    {"conn_type", "connection.conn_type"},
    {"description", "connection.description"},
    {"host", "connection.host"},
    {"port", "connection.port", true},
};

inline constexpr SqlText kVariableColumns("variable.key, variable.description, variable.sealed");
inline constexpr auto kListVariables =
    "SELECT " + kVariableColumns + " FROM variables variable WHERE TRUE";
inline constexpr SqlText kCountVariables("SELECT 1 FROM variables variable WHERE TRUE");
inline constexpr auto kSelectVariable = kListVariables + " AND variable.key = $key";
inline constexpr SqlText kInsertVariable(
    "INSERT INTO variables (key, description, sealed) VALUES ($key, $description, $sealed)");
inline constexpr auto kReplaceVariable =
    kInsertVariable +
    " ON CONFLICT (key) DO UPDATE SET description = excluded.description, sealed = excluded.sealed";
inline constexpr SqlText kDeleteVariable("DELETE FROM variables WHERE key = $key");
inline constexpr OrderColumn kVariableOrder[] = {
    {"id", "variable.key"},
    {"key", "variable.key"},
    {"description", "variable.description"},
};

inline constexpr SqlText kPoolColumns(
    "pool.name, pool.slots, pool.description, pool.include_deferred");
inline constexpr auto kSelectPools =
    "SELECT " + kPoolColumns + " FROM pools pool ORDER BY pool.name";
inline constexpr auto kSelectPool =
    "SELECT " + kPoolColumns + " FROM pools pool WHERE pool.name = $name";
inline constexpr SqlText kInsertPool(
    "INSERT INTO pools (name, slots, description, include_deferred)"
    " VALUES ($name, $slots, $description, $include_deferred)");
inline constexpr auto kReplacePool =
    kInsertPool +
    " ON CONFLICT (name) DO UPDATE SET slots = excluded.slots, description = excluded.description,"
    " include_deferred = excluded.include_deferred";
inline constexpr SqlText kDeletePool("DELETE FROM pools WHERE name = $name");

inline constexpr auto kListVolumes =
    "SELECT " + kVolumeColumns + " FROM staging_volumes volume WHERE TRUE";
inline constexpr SqlText kCountVolumes("SELECT 1 FROM staging_volumes volume WHERE TRUE");
inline constexpr OrderColumn kVolumeOrder[] = {
    {"id", "volume.volume_id"},          {"created_at", "volume.created_at"},
    {"deleted_at", "volume.deleted_at", true}, {"size_bytes", "volume.size_bytes"},
    {"state", "volume.state"},           {"dag_id", "volume.dag_id"},
    {"run_id", "volume.run_id"},
};

inline constexpr SqlText kUserColumns(
    "user_id, username, password_hash, role, active, created_at, grants, last_login, epoch, "
    "identity");
inline constexpr auto kSelectUsers = "SELECT " + kUserColumns + " FROM users ORDER BY username";
inline constexpr auto kSelectUser =
    "SELECT " + kUserColumns + " FROM users WHERE username = $username";
inline constexpr auto kUpsertUser =
    "INSERT INTO users (username, password_hash, role, active, created_at, grants, last_login, "
    "epoch, identity)"
    " VALUES ($username, $password_hash, $role, $active, $created_at, $grants, $last_login, "
    "$epoch, $identity)"
    " ON CONFLICT (username) DO UPDATE SET"
    " password_hash = excluded.password_hash, role = excluded.role, active = excluded.active,"
    " grants = excluded.grants, epoch = excluded.epoch, identity = excluded.identity RETURNING " +
    kUserColumns;
inline constexpr auto kSelectUserOfIdentity =
    "SELECT " + kUserColumns + " FROM users WHERE identity <> '' AND identity = $identity";
inline constexpr SqlText kCountAdmins(
    "SELECT count(*) FROM users WHERE role = $role AND active = 1");
inline constexpr SqlText kNoteLogin("UPDATE users SET last_login = $at WHERE username = $username");
inline constexpr SqlText kDeleteUser("DELETE FROM users WHERE username = $username");
inline constexpr SqlText kDeleteTokensOfUser("DELETE FROM api_tokens WHERE username = $username");

inline constexpr SqlText kSessionColumns(
    "secret_hash, username, epoch, created_at, last_used_at, expires_at, address");
inline constexpr auto kSelectSession =
    "SELECT " + kSessionColumns + " FROM sessions WHERE secret_hash = $secret_hash";
inline constexpr SqlText kInsertSession(
    "INSERT INTO sessions (secret_hash, username, epoch, created_at, last_used_at, expires_at, "
    "address)"
    " VALUES ($secret_hash, $username, $epoch, $created_at, $last_used_at, $expires_at, $address)");
inline constexpr SqlText kTouchSession(
    "UPDATE sessions SET last_used_at = $used_at, expires_at = $expires_at WHERE secret_hash = "
    "$secret_hash");
inline constexpr SqlText kDeleteSession("DELETE FROM sessions WHERE secret_hash = $secret_hash");
inline constexpr SqlText kDeleteSessionsOfUser("DELETE FROM sessions WHERE username = $username");
inline constexpr SqlText kDeleteEndedSessions("DELETE FROM sessions WHERE expires_at <= $now");

inline constexpr SqlText kTokenColumns(
    "token_id, name, username, secret_hash, created_at, expires_at, last_used_at, revoked_at, "
    "scope");
inline constexpr auto kSelectTokens =
    "SELECT " + kTokenColumns + " FROM api_tokens ORDER BY token_id";
inline constexpr auto kSelectToken =
    "SELECT " + kTokenColumns + " FROM api_tokens WHERE token_id = $token_id";
inline constexpr auto kInsertToken =
    "INSERT INTO api_tokens (name, username, secret_hash, created_at, expires_at, last_used_at, "
    "revoked_at, scope)"
    " VALUES ($name, $username, $secret_hash, $created_at, $expires_at, $last_used_at, "
    "$revoked_at, $scope)"
    " RETURNING " +
    kTokenColumns;
inline constexpr SqlText kTouchToken(
    "UPDATE api_tokens SET last_used_at = $used_at WHERE token_id = $token_id");
inline constexpr SqlText kRevokeToken(
    "UPDATE api_tokens SET revoked_at = $revoked_at WHERE token_id = $token_id AND revoked_at IS "
    "NULL");

inline constexpr SqlText kEventColumns(
    "event.event_id, event.logged_at, event.event, event.dag_id, event.run_id, event.task_id, "
    "event.map_index,"
    " event.try_number, event.owner, event.extra, event.object, event.address");
inline constexpr auto kListEvents = "SELECT " + kEventColumns + " FROM event_log event WHERE TRUE";
inline constexpr SqlText kCountEvents("SELECT 1 FROM event_log event WHERE TRUE");
inline constexpr auto kSelectEvent = kListEvents + " AND event.event_id = $event_id";
inline constexpr SqlText kEventBefore(" AND event.logged_at < $before");
inline constexpr SqlText kEventAfter(" AND event.logged_at > $after");
// Said aloud for the partial index.
inline constexpr SqlText kEventOfDag(" AND event.dag_id <> '' AND event.dag_id = $dag_id");
inline constexpr SqlText kEventOfAnyDag(" AND event.dag_id <> ''");
inline constexpr SqlText kEventMapIndex(" AND event.map_index = $map_index");
inline constexpr SqlText kEventTryNumber(" AND event.try_number = $try_number");
inline constexpr auto kEventExcluded =
    " AND event.event NOT" + dialect::kInOpen + "$excluded_events" + dialect::kInClose;
inline constexpr OrderColumn kEventOrder[] = {
    {"id", "event.event_id"},           {"event_log_id", "event.event_id"},
    {"when", "event.logged_at"},        {"event", "event.event"},
    {"dag_id", "event.dag_id"},         {"run_id", "event.run_id"},
    {"task_id", "event.task_id"},       {"map_index", "event.map_index", true},
    {"try_number", "event.try_number", true}, {"owner", "event.owner"},
    {"extra", "event.extra"},           {"object", "event.object"},
    {"address", "event.address"},
};

inline constexpr SqlText kSelectSetting("SELECT value FROM settings WHERE name = $name");
inline constexpr SqlText kPutSetting(
    "INSERT INTO settings (name, value) VALUES ($name, $value)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value");

// Retention. A timetable goes on from a DAG's latest automated run, so that one stays whatever its
// age; so does a run whose callback is still out.
inline constexpr auto kSelectRunsToPurge =
    "SELECT " + kRunColumns +
    " FROM runs run WHERE run.run_after < $before AND run.end_date < $before"
    " AND run.state IN ('success', 'failed')"
    " AND NOT (run.run_type IN ('scheduled', 'backfill') AND run.logical_date IS NOT NULL AND NOT "
    "EXISTS"
    " (SELECT 1 FROM runs later WHERE later.dag_id = run.dag_id AND later.logical_date > "
    "run.logical_date"
    " AND later.run_type IN ('scheduled', 'backfill')))"
    " AND NOT EXISTS (SELECT 1 FROM attempts attempt WHERE attempt.run_key = run.run_key AND " +
    kAttemptIsOpen + ") ORDER BY run.run_after, run.run_key LIMIT $rows_max";
inline constexpr SqlText kPurgeEvents(
    "DELETE FROM event_log WHERE event_id IN (SELECT event_id FROM event_log WHERE logged_at < "
    "$before"
    " ORDER BY logged_at LIMIT $rows_max)");
inline constexpr SqlText kPurgeVolumes(
    "DELETE FROM staging_volumes WHERE volume_id IN (SELECT volume_id FROM staging_volumes"
    " WHERE state = 'deleted' AND deleted_at < $before LIMIT $rows_max)");
inline constexpr SqlText kPurgeVersions(
    "DELETE FROM dag_versions WHERE version_id IN (SELECT ranked.version_id FROM (SELECT "
    "version.version_id,"
    " row_number() OVER (PARTITION BY version.dag_id ORDER BY version.version_number DESC) AS "
    "position"
    " FROM dag_versions version WHERE NOT EXISTS (SELECT 1 FROM runs WHERE runs.version_id = "
    "version.version_id)"
    " AND NOT EXISTS (SELECT 1 FROM dags WHERE dags.current_version = version.version_id)) ranked"
    " WHERE ranked.position > $versions_max LIMIT $rows_max)");

}  // namespace leoflow::sql
