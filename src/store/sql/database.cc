// SPDX-License-Identifier: Apache-2.0
#include "store/sql/database.h"

#include <algorithm>

#include "store/sql/migrate.h"

namespace leoflow::sql {

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
  ConnectionOptions writer{.path = options.path,
                           .synchronous_full = options.synchronous_full,
                           .vfs = options.vfs};
  Result<std::unique_ptr<Connection>> connection = Connection::open(writer);
  if (!connection) return fail(connection);
  if (Status migrated = migrate(**connection, embedded_migrations()); !migrated) {
    return fail(migrated.error().within("database " + options.path.string()));
  }
  return std::unique_ptr<Database>(new Database(options, std::move(*connection)));
}

Result<Database::Lease> Database::take_reader() {
  std::unique_lock lock(readers_mutex_);
  auto ready = [&] { return !idle_readers_.empty() || readers_ < std::max(1, options_.readers_max); };
  if (!reader_free_.wait_for(lock, kReaderWaitMax, ready)) {
    return fail(Code::unavailable, "all database readers are busy", "try again");
  }
  if (idle_readers_.empty()) {
    ++readers_;
    lock.unlock();
    return open_reader();
  }
  Connection* connection = idle_readers_.back().release();
  idle_readers_.pop_back();
  return Lease(connection, GiveBack{this});
}

Result<Database::Lease> Database::open_reader() {
  // Read-only by its open mode would refuse to recover a WAL; reading is all it is asked to do.
  ConnectionOptions reader{.path = options_.path,
                           .create = false,
                           .synchronous_full = options_.synchronous_full,
                           .vfs = options_.vfs};
  Result<std::unique_ptr<Connection>> connection = Connection::open(reader);
  if (!connection) {
    std::lock_guard lock(readers_mutex_);
    --readers_;
    reader_free_.notify_one();
    return fail(connection);
  }
  return Lease(connection->release(), GiveBack{this});
}

void Database::give_back(Connection* connection) {
  std::lock_guard lock(readers_mutex_);
  idle_readers_.emplace_back(connection);
  reader_free_.notify_one();
}

}  // namespace leoflow::sql
