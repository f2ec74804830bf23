// SPDX-License-Identifier: Apache-2.0
#include "store/sql/sqlite_error.h"

#include <sqlite3.h>
#include <sys/statvfs.h>

#include <cerrno>

#include "base/file.h"
#include "base/log.h"

namespace leoflow::sql {
namespace {

constexpr size_t kLoggedStatementMax = 200;

void log_failure(sqlite3* db, int code, std::string_view statement) {
  log::warning("database call failed", {{"code", code},
                                        {"name", sqlite3_errstr(code)},
                                        {"text", db ? sqlite3_errmsg(db) : ""},
                                        {"statement", statement.substr(0, kLoggedStatementMax)}});
}

Error constraint_error(int code) {
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID: return Error(Code::exists, "a row with this key exists");
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return Error(Code::conflict, "the row refers to one that does not exist (any more)");
    default: return Error(Code::internal, "the database refused a value");
  }
}

// The folder that holds the database; empty for one in memory or one that could not be opened.
std::string folder_of(sqlite3* db) {
  const char* file = db ? sqlite3_db_filename(db, "main") : nullptr;
  return file ? fs::path(file).parent_path().string() : "";
}

// SQLite calls a full disk an I/O error where it cannot extend the file that its processes share.
bool disk_is_full(sqlite3* db) {
  int number = db ? sqlite3_system_errno(db) : 0;
  if (number == ENOSPC || number == EDQUOT) return true;
  struct statvfs room{};
  std::string folder = folder_of(db);
  return !folder.empty() && statvfs(folder.c_str(), &room) == 0 && room.f_bavail == 0;
}

Error disk_full_error(sqlite3* db) {
  std::string folder = folder_of(db);
  return Error(Code::exhausted,
               "the disk is full: the database cannot grow" +
                   (folder.empty() ? "" : " in " + folder),
               "free some space there, then try again");
}

Error error_of(sqlite3* db, int code) {
  switch (code & 0xff) {
    case SQLITE_FULL: return disk_full_error(db);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return Error(Code::denied, "the database cannot be opened for writing",
                   "check that its folder exists and that this user may write to the folder and the file");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error(Code::unavailable, "the database is locked by another process",
                   "another server or a backup holds it; try again");
    case SQLITE_CONSTRAINT: return constraint_error(code);
    case SQLITE_IOERR:
      if (disk_is_full(db)) return disk_full_error(db);
      return Error(Code::unavailable, "the disk failed under the database", "check the disk and the system's log");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Error(Code::internal, "the database file is damaged or not a database",
                   "run `leoflow db check`; restore the last backup if it reports damage");
    case SQLITE_NOMEM: return Error(Code::exhausted, "out of memory in the database");
    case SQLITE_TOOBIG: return Error(Code::exhausted, "a value is longer than the database takes");
    case SQLITE_INTERRUPT:
      return Error(Code::timeout, "the question would take too long",
                   "narrow it down: by dag_id, by a range of dates, or order by another column");
    default: return Error(Code::internal, "the database failed (code " + std::to_string(code) + ")");
  }
}

}  // namespace

Error database_error(sqlite3* db, int code, std::string_view statement) {
  // Taken keys and vanished parents are answers, not failures of the database.
  bool answer = (code & 0xff) == SQLITE_CONSTRAINT || (code & 0xff) == SQLITE_INTERRUPT;
  if (!answer) log_failure(db, code, statement);
  return error_of(db, code);
}

Error commit_error(sqlite3* db, int code) {
  log_failure(db, code, "COMMIT");
  if ((code & 0xff) == SQLITE_IOERR) {
    return Error(Code::outcome_unknown, "the disk failed while committing; the change may or may not be stored",
                 "check the disk and the system's log");
  }
  return error_of(db, code);
}

}  // namespace leoflow::sql
