// SPDX-License-Identifier: Apache-2.0
#include "store/sql/sqlite_store.h"

#include "store/sql/migrate.h"

namespace leoflow {

Result<std::unique_ptr<Store>> open_sqlite_store(const SqliteOptions& options) {
  sql::DatabaseOptions database_options{
      .path = options.path, .readers_max = options.readers_max, .synchronous_full = options.synchronous_full};
  Result<std::unique_ptr<sql::Database>> database = sql::Database::open(database_options);
  if (!database) return fail(database);
  return std::make_unique<sql::SqliteStore>(std::move(*database));
}

int schema_version_expected() { return sql::embedded_migrations().back().number; }

}  // namespace leoflow
