// SPDX-License-Identifier: Apache-2.0
// Looking at and copying a database file from outside the server: each call opens its own connection.
#include <sqlite3.h>

#include "store/sql/migrate.h"
#include "store/sql/rows.h"
#include "store/sql/sqlite_error.h"
#include "store/store.h"

namespace leoflow {
namespace {

using sql::ConnectionOptions;
using sql::Query;
using sql::Row;

constexpr int kBackupPagesPerStep = 1000;
constexpr int kBackupBusyMax = 600;       // steps that found the file locked, 50 ms apart
constexpr int kBackupPauseMillis = 50;

// Not read-only by its open mode: a database whose server was killed needs its WAL recovered first.
Result<std::unique_ptr<sql::Connection>> open_existing(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return fail(Code::not_found, "there is no database " + path.string());
  return sql::Connection::open(ConnectionOptions{.path = path, .create = false});
}

Status copy_pages(sqlite3* from, sqlite3* to) {
  sqlite3_backup* backup = sqlite3_backup_init(to, "main", from, "main");
  if (!backup) return fail(sql::database_error(to, sqlite3_errcode(to), "backup"));
  int code = SQLITE_OK;
  int busy = 0;
  do {
    code = sqlite3_backup_step(backup, kBackupPagesPerStep);
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
      if (++busy > kBackupBusyMax) break;
      sqlite3_sleep(kBackupPauseMillis);
      code = SQLITE_OK;
    }
  } while (code == SQLITE_OK);
  int finished = sqlite3_backup_finish(backup);
  if (code == SQLITE_DONE && finished == SQLITE_OK) return {};
  return fail(sql::database_error(to, code == SQLITE_DONE ? finished : code, "backup"));
}

// Rows of a check pragma; each is one finding.
Result<size_t> findings(sql::Connection& connection, std::string_view pragma, std::string_view clean) {
  Result<Query> query = connection.query(pragma);
  if (!query) return fail(query);
  Result<std::vector<std::string>> rows = sql::read_all(*query, sql::read_text);
  if (!rows) return fail(rows);
  if (rows->size() == 1 && rows->front() == clean) return size_t(0);
  return rows->size();
}

}  // namespace

Result<int> schema_version_of(const fs::path& path) {
  Result<std::unique_ptr<sql::Connection>> connection = open_existing(path);
  if (!connection) return fail(connection);
  return sql::schema_version(**connection);
}

Status backup_sqlite(const fs::path& from, const fs::path& to) {
  std::error_code ignored;
  if (fs::exists(to, ignored)) {
    return fail(Code::exists, "the backup file " + to.string() + " exists", "name a new file");
  }
  Result<std::unique_ptr<sql::Connection>> source = open_existing(from);
  if (!source) return fail(source);
  fs::path partial = to;
  partial += ".partial";
  if (Status removed = remove_tree(partial); !removed) return removed;
  {
    sqlite3* target = nullptr;
    int code = sqlite3_open_v2(partial.c_str(), &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    Status copied;
    if (code != SQLITE_OK) copied = fail(sql::database_error(target, code, "open backup"));
    if (copied) copied = copy_pages((*source)->handle(), target);
    sqlite3_close_v2(target);
    if (!copied) {
      (void)remove_tree(partial);
      return fail(copied.error().within("backup to " + to.string()));
    }
  }
  std::error_code error;
  fs::rename(partial, to, error);
  if (error) return fail(from_errno("rename", partial.string(), error.value()));
  return {};
}

Status check_sqlite(const fs::path& path) {
  Result<std::unique_ptr<sql::Connection>> connection = open_existing(path);
  if (!connection) return fail(connection);
  Result<size_t> damaged = findings(**connection, "PRAGMA integrity_check", "ok");
  if (!damaged) return fail(damaged);
  Result<size_t> dangling = findings(**connection, "PRAGMA foreign_key_check", "");
  if (!dangling) return fail(dangling);
  if (*damaged + *dangling == 0) return {};
  return fail(Code::internal,
              "database " + path.string() + ": " + std::to_string(*damaged) + " damaged places, " +
                  std::to_string(*dangling) + " rows that refer to missing ones",
              "restore the last backup; keep a copy of this file for a look at it");
}

}  // namespace leoflow
