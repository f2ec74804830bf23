// SPDX-License-Identifier: Apache-2.0
// Bookkeeping of migrations.
#pragma once

#include "store/sql/sql_text.h"

namespace leoflow::sql {

inline constexpr SqlText kCountMigrationTable(
    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'");
inline constexpr SqlText kCreateMigrationTable(
    "CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL)");
inline constexpr SqlText kSelectSchemaVersion("SELECT coalesce(max(number), 0) FROM schema_migrations");
inline constexpr SqlText kInsertMigration("INSERT INTO schema_migrations (number, name) VALUES ($number, $name)");

}  // namespace leoflow::sql
