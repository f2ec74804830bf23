// SPDX-License-Identifier: Apache-2.0
// Where SQLite's SQL and PostgreSQL's part ways. Everything else in queries_*.h is read by both.
#pragma once

#include "store/sql/sql_text.h"

namespace leoflow::sql::dialect {

// Case-insensitive LIKE (SQLite: for ASCII letters). PostgreSQL: " ILIKE ".
inline constexpr SqlText kIlike(" LIKE ");
// The escape character, said aloud because only PostgreSQL has a default.
inline constexpr SqlText kEscape(" ESCAPE '\\'");
// Membership in a list bound as one JSON array: kInOpen + "$states" + kInClose. PostgreSQL: json_array_elements_text.
inline constexpr SqlText kInOpen(" IN (SELECT value FROM json_each(");
inline constexpr SqlText kInClose("))");
// Largest of several values; PostgreSQL: greatest.
inline constexpr SqlText kGreatest("max");

// No text begins with a greater one: what is between x and x || this begins with x. PostgreSQL:
// chr(1114111), with both sides COLLATE "C".
inline constexpr SqlText kLastCharacter("char(1114111)");

// Which index to walk, where the choice is ours: a table's name + kIndexedBy + an index's.
// PostgreSQL: nothing, its planner keeps statistics.
inline constexpr SqlText kIndexedBy(" INDEXED BY ");
// The order of the key itself.
inline constexpr SqlText kNotIndexed(" NOT INDEXED");

// Takes the write lock at once, so that two writers meet at the start and not in the middle. PostgreSQL: "BEGIN".
inline constexpr SqlText kBeginWrite("BEGIN IMMEDIATE");
// A snapshot for several reads. PostgreSQL: "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY".
inline constexpr SqlText kBeginRead("BEGIN");

}  // namespace leoflow::sql::dialect
