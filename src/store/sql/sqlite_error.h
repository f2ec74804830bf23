// SPDX-License-Identifier: Apache-2.0
// SQLite's result codes as our errors. What the database said goes to the log, never into a message.
#pragma once

#include <string_view>

#include "base/error.h"

struct sqlite3;

namespace leoflow::sql {

// The error for a failed call, logged with the database's own text. `db` may be null (the open itself failed).
//   full: exhausted · read-only, cannot open: denied · busy, locked: unavailable · unique: exists · foreign key: conflict
//   I/O: unavailable · corrupt, anything else: internal
Error database_error(sqlite3* db, int code, std::string_view statement);
// The same for a COMMIT: an I/O error there leaves the outcome open.
Error commit_error(sqlite3* db, int code);

}  // namespace leoflow::sql
