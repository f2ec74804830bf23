// SPDX-License-Identifier: Apache-2.0
// The connections of one database file: one writer, several readers. Owned by the Store; any thread.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "store/sql/connection.h"
#include "store/sql/dialect.h"

namespace leoflow::sql {

// How long a read waits for a free connection before it is `unavailable`.
constexpr auto kReaderWaitMax = std::chrono::seconds(30);

struct DatabaseOptions {
  fs::path path;
  int readers_max = 4;
  bool synchronous_full = true;
  const char* vfs = nullptr;
};

class Database {
 public:
  // Opens the writer and brings the schema up.
  static Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);

  // Runs `body(Connection&)` (returning a Result) in one transaction, one writer at a time. All or nothing.
  template <typename Body>
  auto write(Body&& body) -> decltype(body(std::declval<Connection&>())) {
    std::lock_guard lock(writer_mutex_);
    return in_transaction(*writer_, dialect::kBeginWrite, body);
  }

  // Runs `body(Connection&)` on one snapshot of the database, beside other readers and the writer.
  template <typename Body>
  auto read(Body&& body) -> decltype(body(std::declval<Connection&>())) {
    if (options_.path.empty()) {  // in memory there is only the one connection
      std::lock_guard lock(writer_mutex_);
      return in_transaction(*writer_, dialect::kBeginRead, body);
    }
    Result<Lease> reader = take_reader();
    if (!reader) return fail(reader);
    return in_transaction(**reader, dialect::kBeginRead, body);
  }

 private:
  // A reader on loan; returns to the pool when destroyed.
  struct GiveBack {
    Database* database;
    void operator()(Connection* connection) const { database->give_back(connection); }
  };
  using Lease = std::unique_ptr<Connection, GiveBack>;

  Database(DatabaseOptions options, std::unique_ptr<Connection> writer)
      : options_(std::move(options)), writer_(std::move(writer)) {}
  Result<Lease> take_reader();
  Result<Lease> open_reader();
  void give_back(Connection* connection);

  DatabaseOptions options_;
  std::mutex writer_mutex_;
  std::unique_ptr<Connection> writer_;
  std::mutex readers_mutex_;
  std::condition_variable reader_free_;
  std::vector<std::unique_ptr<Connection>> idle_readers_;
  int readers_ = 0;              // open or being opened
};

}  // namespace leoflow::sql
