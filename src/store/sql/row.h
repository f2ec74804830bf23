// SPDX-License-Identifier: Apache-2.0
// One result row, read column by column from left to right, in the order of the column list in queries_*.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/id.h"
#include "base/time.h"

struct sqlite3_stmt;

namespace leoflow::sql {

// Valid until the query steps again. A value that the program does not know marks the row bad; readers go on and the
// query reports it once.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}

  std::string text();
  int64_t integer();
  int number() { return static_cast<int>(integer()); }
  bool flag() { return integer() != 0; }
  Time time() { return from_micros(integer()); }
  std::optional<int64_t> integer_or_null();
  std::optional<int> number_or_null();
  std::optional<Time> time_or_null();
  // Whatever the column holds; NULL is monostate, a blob text.
  using Value = std::variant<std::monostate, int64_t, double, std::string>;
  Value value();
  // A key; 0 for NULL.
  template <typename Id>
  Id id() { return Id{integer_or_null().value_or(0)}; }
  // A name that `parse` turns into a value: row.name(parse_run_state).
  template <typename Value>
  Value name(std::optional<Value> (*parse)(std::string_view)) {
    std::optional<Value> value = parse(view());
    if (!value) bad_ = true;
    return value.value_or(Value{});
  }
  // Whether the next column is NULL; does not move on.
  bool null_here() const;
  void skip(int columns) { column_ += columns; }
  bool bad() const { return bad_; }

 private:
  std::string_view view();

  sqlite3_stmt* statement_;
  int column_ = 0;
  bool bad_ = false;
};

}  // namespace leoflow::sql
