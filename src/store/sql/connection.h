// SPDX-License-Identifier: Apache-2.0
// One SQLite connection with its prepared statements. Owned by a Database (or a maintenance function); one thread at a
// time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/error.h"
#include "base/file.h"
#include "store/sql/query.h"

struct sqlite3;

namespace leoflow::sql {

constexpr size_t kPreparedMax = 128;       // statements kept per connection; the longest unused goes first
constexpr int kBusyTimeoutMillis = 10'000;  // how long a lock of another process is waited for

struct ConnectionOptions {
  fs::path path;                 // empty = private, in memory
  bool read_only = false;
  bool create = true;
  bool synchronous_full = true;
  const char* vfs = nullptr;     // tests: a file layer that fails on demand
};

class Connection {
 public:
  // `denied` when the file cannot be opened, `internal` when it is no database.
  static Result<std::unique_ptr<Connection>> open(const ConnectionOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // A statement ready to bind. Requires: no other Query of the same text is alive on this connection.
  Result<Query> query(std::string_view sql);
  // Runs constant statements without placeholders, prepared once or (script) not kept.
  Status run(std::string_view sql);
  Status run_script(const char* sql);

  // COMMIT with its own error table: see commit_error. A failed commit leaves no transaction open.
  Status commit();
  // Ends the open transaction, if any, without its changes.
  void rollback();

  sqlite3* handle() const { return db_; }

  // While it lives, the statements of a connection end with `timeout` after a number of the
  // database's own instructions: about 100 million a second. One at a time.
  class Budget {
   public:
    Budget(Connection& connection, int64_t instructions);
    ~Budget();
    Budget(const Budget&) = delete;

   private:
    static int spend(void* self);
    sqlite3* db_;
    int64_t left_;
  };

 private:
  explicit Connection(sqlite3* db) : db_(db) {}
  Result<Prepared*> prepare(std::string_view sql);
  void evict_one();

  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  sqlite3* db_;
  std::unordered_map<std::string, std::unique_ptr<Prepared>, Hash, std::equal_to<>> prepared_;
  uint64_t uses_ = 0;
};

// Runs `body(connection)` between begin and commit: all or nothing. Errors of the body roll back and are returned.
template <typename Body>
auto in_transaction(Connection& connection, std::string_view begin, Body&& body)
    -> decltype(body(connection)) {
  if (Status begun = connection.run(begin); !begun) return fail(begun);
  auto result = body(connection);
  if (!result) {
    connection.rollback();
    return result;
  }
  if (Status committed = connection.commit(); !committed) return fail(committed);
  return result;
}

}  // namespace leoflow::sql
