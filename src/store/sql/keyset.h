// SPDX-License-Identifier: Apache-2.0
// Lists that may be long: a page's keys are found along an index, in the order asked for and from a
// cursor's place on, then the rows behind them are read. A page far away costs what the first does.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/page.h"
#include "store/sql/connection.h"
#include "store/sql/listing.h"

namespace leoflow::sql {

// A stretch of the list that one statement walks.
struct Part {
  std::string from;        // " FROM runs run INDEXED BY runs_by_start"
  std::string conditions;  // " AND run.start_date IS NOT NULL"
  // What the conditions say of the first column that is ordered by: it has just this value
  // (monostate: NULL), or it is not NULL.
  std::optional<Row::Value> fixed;
  bool not_null = false;
};

// The parts follow each other in the order asked for; together they are the whole list.
struct Walk {
  std::vector<Part> parts;
  std::string counted;  // the tables in which rows are counted; empty = those of the only part

  Walk() = default;
  explicit Walk(std::string from, std::string conditions = {})
      : parts{{std::move(from), std::move(conditions), {}, false}} {}
};

struct KeyedList {
  std::string_view rows;  // wide SELECT of the rows whose key is in the JSON array $keys
  std::span<const OrderColumn> columns;
  std::string_view key;
};

// The keys of one page in their order, and the cursors beside it.
struct KeyPage {
  std::vector<int64_t> keys;
  std::string next_cursor, previous_cursor;
};
Result<KeyPage> read_keys(Connection& connection, const KeyedList& list, const Walk& walk,
                          const Where& where, const Page& page);

Result<Counted> count_along(Connection& connection, const Walk& walk, const Where& where);

// Without the total.
template <typename Value>
Result<PageOf<Value>> read_keyed_page(Connection& connection, const KeyedList& list,
                                      const Walk& walk, const Where& where, const Page& page,
                                      Value (*read)(Row&), int64_t (*key_of)(const Value&)) {
  Connection::Budget budget(connection, kListInstructionsMax);
  Result<KeyPage> found = read_keys(connection, list, walk, where, page);
  if (!found) return fail(found);
  PageOf<Value> result;
  result.next_cursor = std::move(found->next_cursor);
  result.previous_cursor = std::move(found->previous_cursor);
  if (found->keys.empty()) return result;
  Result<Query> query = connection.query(list.rows);
  if (!query) return fail(query);
  std::string text = json_list(found->keys);
  query->bind("$keys", text);
  auto rows = read_all(*query, read);
  if (!rows) return fail(rows);
  std::map<int64_t, Value*> by_key;
  for (Value& row : *rows) by_key[key_of(row)] = &row;
  for (int64_t key : found->keys) {
    auto row = by_key.find(key);
    if (row != by_key.end()) result.rows.push_back(std::move(*row->second));
  }
  return result;
}

}  // namespace leoflow::sql
