// SPDX-License-Identifier: Apache-2.0
// A prepared statement in use: bind by name, step, read. Belongs to one Connection and one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/id.h"
#include "base/time.h"
#include "store/sql/row.h"

struct sqlite3;
struct sqlite3_stmt;

namespace leoflow::sql {

// A statement kept prepared by its connection, with the names of its placeholders in order of first use.
struct Prepared {
  sqlite3* db = nullptr;
  sqlite3_stmt* statement = nullptr;
  // With the $. Copies: SQLite's own go away when it prepares a statement anew (LIKE with a new pattern).
  std::vector<std::string> names;
  bool in_use = false;
  uint64_t used_at = 0;                 // for eviction
};

// Gives its statement back when destroyed. Move only. Bound texts are not copied: they outlive the last step (bind
// refuses temporaries). Binding in the order of the placeholders costs one comparison each.
// Requires: every placeholder is bound before the first step (CHECKed), by a name the statement has (CHECKed).
class Query {
 public:
  explicit Query(Prepared* prepared) : prepared_(prepared) { prepared_->in_use = true; }
  Query(Query&& other) noexcept : prepared_(std::exchange(other.prepared_, nullptr)) {}
  Query& operator=(Query&&) = delete;
  ~Query();

  Query& bind(std::string_view name, int64_t value);
  Query& bind(std::string_view name, int value) { return bind(name, static_cast<int64_t>(value)); }
  Query& bind(std::string_view name, uint64_t value) { return bind(name, static_cast<int64_t>(value)); }
  Query& bind(std::string_view name, bool value) { return bind(name, static_cast<int64_t>(value)); }
  Query& bind(std::string_view name, double value);
  Query& bind(std::string_view name, Time value) { return bind(name, to_micros(value)); }
  Query& bind(std::string_view name, std::string_view text);
  Query& bind(std::string_view name, const std::string& text) { return bind(name, std::string_view(text)); }
  Query& bind(std::string_view name, const char* text) { return bind(name, std::string_view(text)); }
  Query& bind(std::string_view name, std::string&& text) = delete;
  Query& bind_blob(std::string_view name, const std::string& bytes);
  Query& bind_null(std::string_view name);
  template <typename Tag>
  Query& bind(std::string_view name, Id<Tag> id) { return bind(name, id.value); }
  template <typename Value>
  Query& bind(std::string_view name, const std::optional<Value>& value) {
    return value ? bind(name, *value) : bind_null(name);
  }

  // Moves to the next row; false when there is none.
  Result<bool> step();
  Row row() const { return Row(prepared_->statement); }
  // Runs a statement that gives no rows; the number of rows it changed. Ready to be bound again afterwards.
  Result<int64_t> run();

 private:
  int index_of(std::string_view name);

  Prepared* prepared_;
  size_t next_ = 0;    // where the next name is looked for first
  size_t bound_ = 0;
  bool stepped_ = false;
};

// The error for a row with a value this program does not know.
Error unknown_value_error();

// All rows through `read`, which maps one.
template <typename Value>
Result<std::vector<Value>> read_all(Query& query, Value (*read)(Row&)) {
  std::vector<Value> values;
  while (true) {
    Result<bool> more = query.step();
    if (!more) return fail(more);
    if (!*more) return values;
    Row row = query.row();
    values.push_back(read(row));
    if (row.bad()) return fail(unknown_value_error());
  }
}

// The first row, if there is one.
template <typename Value>
Result<std::optional<Value>> read_one(Query& query, Value (*read)(Row&)) {
  Result<bool> more = query.step();
  if (!more) return fail(more);
  if (!*more) return std::optional<Value>();
  Row row = query.row();
  std::optional<Value> value(read(row));
  if (row.bad()) return fail(unknown_value_error());
  return value;
}

}  // namespace leoflow::sql
