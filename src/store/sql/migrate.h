// SPDX-License-Identifier: Apache-2.0
// Brings a database to this program's schema. Migrations are append-only: a released one never changes.
#pragma once

#include <span>
#include <string_view>

#include "base/error.h"
#include "store/sql/connection.h"

namespace leoflow::sql {

struct Migration {
  int number;
  std::string_view name;   // 0001_initial
  const char* text;
};

// The texts of sql/*.sql, ascending, numbered from 1 without gaps (a test holds them to it).
std::span<const Migration> embedded_migrations();

// Schema version of an open database; 0 for an empty one.
Result<int> schema_version(Connection& connection);
// Applies what is missing, all or nothing; safe beside another process doing the same.
// `conflict` when the database is newer than the last migration.
Status migrate(Connection& connection, std::span<const Migration> migrations);

}  // namespace leoflow::sql
