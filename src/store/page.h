// SPDX-License-Identifier: Apache-2.0
// Paging and ordering shared by all list queries.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace leoflow {

constexpr int kPageLimitDefault = 50;
constexpr int kPageLimitMax = 1000;  // the REST layer caps at its own, lower limit
constexpr int64_t kPageOffsetMax = 10'000'000;

// One ordering column by its public name ("run_after", "start_date"); unknown names are `invalid`.
struct Order {
  std::string column;
  bool descending = false;
};

struct Page {
  int limit = kPageLimitDefault;
  int64_t offset = 0;
  std::vector<Order> order;  // the primary key is always appended as tie-break
  // next_cursor or previous_cursor of another page of the list (runs, task instances): goes on from
  // there, at the same cost on every page, and the offset is not looked at. `invalid` with another
  // order than the one it came from.
  std::string cursor;
};

// The DAGs whose rows a list may show; nullopt = all. An empty list shows none.
using DagsAllowed = std::optional<std::vector<std::string>>;

// Half-open or closed bounds of one column, as the REST filters _gte _gt _lte _lt.
template <typename T>
struct Range {
  std::optional<T> gte, gt, lte, lt;
  bool empty() const { return !gte && !gt && !lte && !lt; }
};

// What a text is looked for by. Implicit from a text, so that queries can be written down.
struct TextPattern {
  TextPattern() = default;
  TextPattern(std::string part) : part(std::move(part)) {}
  TextPattern(const char* part) : part(part) {}

  // A part of it without regard to case: % and _ are wildcards, \ escapes, | separates
  // alternatives; empty and ~ are everything.
  std::string part;
  // And its beginning, in its case and without wildcards; | separates alternatives; empty and ~ are
  // everything.
  std::string prefix;

  bool empty() const { return part.empty() && prefix.empty(); }
};

// One page of rows and how many rows match in all.
template <typename Row>
struct PageOf {
  std::vector<Row> rows;
  int64_t total = 0;
  // Counting was given up: there are at least so many, and more than the pages so far have shown if
  // there is another page.
  bool total_is_minimum = false;
  std::string next_cursor, previous_cursor;  // empty: nothing there, or a list without cursors
};

}  // namespace leoflow
