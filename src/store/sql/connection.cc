// SPDX-License-Identifier: Apache-2.0
#include "store/sql/connection.h"

#include <sqlite3.h>

#include "base/check.h"
#include "store/sql/sqlite_error.h"

namespace leoflow::sql {
namespace {

// Cache sizes are pages in KiB (negative); they grow only as pages are read.
constexpr const char* kPragmas = R"(
PRAGMA foreign_keys = ON;
PRAGMA trusted_schema = OFF;
PRAGMA secure_delete = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -8000;
PRAGMA journal_size_limit = 67108864;
PRAGMA wal_autocheckpoint = 4000;
)";

// SQLite counts its memory under a lock that every allocation takes; nobody reads the count. Too
// late after the library's first use, and refused then.
void configure_library() {
  static const int once = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(once);
}

Status configure(Connection& connection, const ConnectionOptions& options) {
  sqlite3_busy_timeout(connection.handle(), kBusyTimeoutMillis);
  sqlite3_extended_result_codes(connection.handle(), 1);
  if (Status set = connection.run_script(kPragmas); !set) return set;
  const char* synchronous =
      options.synchronous_full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF";
  if (Status set = connection.run_script(synchronous); !set) return set;
  if (options.read_only || options.path.empty()) return {};
  return connection.run_script("PRAGMA journal_mode = WAL");
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const ConnectionOptions& options) {
  configure_library();
  std::string name = options.path.empty() ? ":memory:" : options.path.string();
  int flags =
      SQLITE_OPEN_NOMUTEX | (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
  if (options.create && !options.read_only) flags |= SQLITE_OPEN_CREATE;
  sqlite3* db = nullptr;
  int code = sqlite3_open_v2(name.c_str(), &db, flags, options.vfs);
  std::unique_ptr<Connection> connection(new Connection(db));
  std::string where = "database " + name;
  if (code != SQLITE_OK) return fail(database_error(db, code, "open").within(where));
  if (Status configured = configure(*connection, options); !configured) {
    return fail(configured.error().within(where));
  }
  return connection;
}

Connection::~Connection() {
  for (auto& [sql, prepared] : prepared_) {
    CHECK(!prepared->in_use);
    sqlite3_finalize(prepared->statement);
  }
  sqlite3_close_v2(db_);
}

Result<Prepared*> Connection::prepare(std::string_view sql) {
  auto found = prepared_.find(sql);
  if (found != prepared_.end()) return found->second.get();
  if (prepared_.size() >= kPreparedMax) evict_one();
  auto prepared = std::make_unique<Prepared>();
  prepared->db = db_;
  int code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                SQLITE_PREPARE_PERSISTENT, &prepared->statement, nullptr);
  if (code != SQLITE_OK) return fail(database_error(db_, code, sql));
  int count = sqlite3_bind_parameter_count(prepared->statement);
  for (int i = 1; i <= count; ++i) {
    const char* name = sqlite3_bind_parameter_name(prepared->statement, i);
    CHECK(name != nullptr);
    prepared->names.emplace_back(name);
  }
  return prepared_.emplace(std::string(sql), std::move(prepared)).first->second.get();
}

void Connection::evict_one() {
  auto oldest = prepared_.end();
  for (auto it = prepared_.begin(); it != prepared_.end(); ++it) {
    bool older = oldest == prepared_.end() || it->second->used_at < oldest->second->used_at;
    if (!it->second->in_use && older) oldest = it;
  }
  if (oldest == prepared_.end()) return;
  sqlite3_finalize(oldest->second->statement);
  prepared_.erase(oldest);
}

Result<Query> Connection::query(std::string_view sql) {
  Result<Prepared*> prepared = prepare(sql);
  if (!prepared) return fail(prepared);
  CHECK(!(*prepared)->in_use);
  (*prepared)->used_at = ++uses_;
  return Query(*prepared);
}

Status Connection::run(std::string_view sql) {
  Result<Query> statement = query(sql);
  if (!statement) return fail(statement);
  Result<int64_t> changed = statement->run();
  if (!changed) return fail(changed);
  return {};
}

Status Connection::run_script(const char* sql) {
  int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(database_error(db_, code, sql));
  return {};
}

Status Connection::commit() {
  Result<Prepared*> prepared = prepare("COMMIT");
  if (!prepared) {
    rollback();
    return fail(prepared);
  }
  int code = sqlite3_step((*prepared)->statement);
  Status result;
  if (code != SQLITE_DONE) result = fail(commit_error(db_, code));
  sqlite3_reset((*prepared)->statement);
  if (!result) rollback();
  return result;
}

void Connection::rollback() {
  // Some errors (disk full, I/O) have already rolled back by themselves.
  if (sqlite3_get_autocommit(db_) == 0) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
}

namespace {
constexpr int kInstructionsPerLook = 10'000;
}

Connection::Budget::Budget(Connection& connection, int64_t instructions)
    : db_(connection.db_), left_(instructions) {
  sqlite3_progress_handler(db_, kInstructionsPerLook, &Budget::spend, this);
}

Connection::Budget::~Budget() { sqlite3_progress_handler(db_, 0, nullptr, nullptr); }

int Connection::Budget::spend(void* self) {
  auto* budget = static_cast<Budget*>(self);
  budget->left_ -= kInstructionsPerLook;
  return budget->left_ < 0 ? 1 : 0;
}

}  // namespace leoflow::sql
