// SPDX-License-Identifier: Apache-2.0
// Cursors of lists: a place in an order, as opaque text that a client hands back.
#pragma once

#include <string>
#include <vector>

#include "store/page.h"
#include "store/sql/row.h"

namespace leoflow::sql {

constexpr size_t kCursorBytesMax = 8192;

// Where a row stands: its value in each column of the order, and its key.
struct Place {
  std::vector<Row::Value> values;
  int64_t key = 0;
  bool backwards = false;  // the page before the place is wanted, not the one behind it
};

std::string cursor_text(const std::vector<Order>& order, const Place& place);
// `invalid` for what is no cursor, or one of another order.
Result<Place> read_cursor(const std::string& cursor, const std::vector<Order>& order);

}  // namespace leoflow::sql
