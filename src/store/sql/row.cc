// SPDX-License-Identifier: Apache-2.0
#include "store/sql/row.h"

#include <sqlite3.h>

namespace leoflow::sql {

std::string_view Row::view() {
  int column = column_++;
  // Blob access also answers for text, and tells the size without a conversion.
  const void* bytes = sqlite3_column_blob(statement_, column);
  int size = sqlite3_column_bytes(statement_, column);
  return {static_cast<const char*>(bytes), bytes ? static_cast<size_t>(size) : 0};
}

std::string Row::text() { return std::string(view()); }

int64_t Row::integer() { return sqlite3_column_int64(statement_, column_++); }

bool Row::null_here() const { return sqlite3_column_type(statement_, column_) == SQLITE_NULL; }

std::optional<int64_t> Row::integer_or_null() {
  if (null_here()) {
    ++column_;
    return std::nullopt;
  }
  return integer();
}

Row::Value Row::value() {
  switch (sqlite3_column_type(statement_, column_)) {
    case SQLITE_NULL: skip(1); return {};
    case SQLITE_INTEGER: return integer();
    case SQLITE_FLOAT: return sqlite3_column_double(statement_, column_++);
    default: return text();
  }
}

std::optional<int> Row::number_or_null() {
  std::optional<int64_t> value = integer_or_null();
  return value ? std::optional<int>(static_cast<int>(*value)) : std::nullopt;
}

std::optional<Time> Row::time_or_null() {
  std::optional<int64_t> value = integer_or_null();
  return value ? std::optional<Time>(from_micros(*value)) : std::nullopt;
}

}  // namespace leoflow::sql
