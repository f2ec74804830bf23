// SPDX-License-Identifier: Apache-2.0
// Composing list queries: conditions out of constant fragments with their values apart, ordering by
// public column names, one page of rows with the total.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "store/page.h"
#include "store/run_store.h"
#include "store/sql/connection.h"

namespace leoflow::sql {

constexpr size_t kPatternBytesMax = 1000;
constexpr size_t kPatternAlternativesMax = 16;

// The conditions of one query, each " AND ...". Fragments are constants of queries_*.h; values are
// only ever bound. Must outlive the query it is bound to.
class Where {
 public:
  void add(std::string_view fragment);
  void add(std::string_view fragment, std::string_view name, std::string value);
  void add(std::string_view fragment, std::string_view name, int64_t value);
  // A value for a name that a fragment says.
  void bind(std::string_view name, Row::Value value);  // not NULL
  // The list is bound as one JSON array.
  void add_list(std::string_view fragment, std::string_view name, const std::vector<int>& values);
  void add_list(std::string_view fragment, std::string_view name,
                const std::vector<std::string>& values);
  // Nothing for an empty list; the list is bound as one JSON array.
  void in(std::string_view expression, std::string_view name,
          const std::vector<std::string>& values);
  void in(std::string_view expression, std::string_view name, const std::vector<int>& values);
  // Membership in `allowed`, also in an empty one; nothing when all are.
  void only(std::string_view expression, std::string_view name, const DagsAllowed& allowed);
  // expression equals text; nothing for an empty text.
  void equal(std::string_view expression, std::string_view name, const std::string& text);
  // Nothing for a pattern that is everything.
  void matches(std::string_view expression, std::string_view name, const TextPattern& pattern);
  void range(std::string_view expression, std::string_view name, const Range<Time>& range);
  void range(std::string_view expression, std::string_view name, const Range<double>& range);

  const std::string& text() const { return text_; }
  void bind_to(Query& query) const;
  // `invalid` when a pattern was too long.
  const Status& status() const { return status_; }

 private:
  using Value = std::variant<int64_t, double, std::string>;
  struct Bound {
    std::string name;
    Value value;
  };
  // One of several alternatives; add writes the condition of one with its placeholder.
  template <typename Add>
  void any_of(std::string_view name, const std::string& alternatives, Add add);
  template <typename T, typename Convert>
  void bounds(std::string_view expression, std::string_view name, const Range<T>& range,
              Convert convert);
  void compare(std::string_view expression, std::string_view comparison, std::string name,
               Value value);

  std::string text_;
  std::vector<Bound> bound_;
  Status status_;
};

// A JSON array, as lists are bound.
std::string json_list(const std::vector<int64_t>& numbers);

// A column that lists can be ordered by: its public name and the SQL it stands for.
struct OrderColumn {
  std::string_view name;
  std::string_view expression;
  bool nullable = false;
  std::string_view index = {};  // whose order it is; empty = rows have to be sorted
};

constexpr int64_t kRowsCountedMax = 10'000;            // matching rows are counted up to here
constexpr int64_t kListInstructionsMax = 300'000'000;  // seconds; a list beyond is `timeout`
constexpr int64_t kCountInstructionsMax = 250'000;     // a few ms; a count beyond is a minimum

constexpr size_t kOrderTermsMax = 10;

// A column of an order, in one direction.
struct OrderTerm {
  OrderColumn column;
  bool descending = false;
};
// What a page is ordered by. `invalid` for an unknown column (naming the known ones), for too many
// of them and for a page beyond the limits.
Result<std::vector<OrderTerm>> order_terms(const Page& page, std::span<const OrderColumn> columns);
// " ORDER BY ... LIMIT $limit OFFSET $offset", NULLs last, `key` as the tie-break in the direction
// of the last term. backwards: the same order from its end, NULLs first.
std::string order_and_limit(std::span<const OrderTerm> terms, std::string_view key,
                            bool descending_key, bool backwards = false);

// Two statements over the same conditions. Both texts end in "WHERE TRUE"; the second gives any
// column of each row.
struct ListQuery {
  std::string_view select, count;
  std::span<const OrderColumn> columns;
  std::string_view key;
};

// How many rows match, up to kRowsCountedMax and while it costs no more than a page may.
struct Counted {
  int64_t rows = 0;
  bool all = true;
};
Result<Counted> count_matching(Connection& connection, std::string_view count, const Where& where);
// Into a page that has its rows. Where counting was given up, total is a lower bound, larger than
// what the pages so far have shown if there is more: who pages until total sees every row.
template <typename Value>
void set_total(PageOf<Value>& result, const Page& page, const Counted& counted) {
  int64_t seen = int64_t(result.rows.size());
  // More than what has been shown, while the page is full.
  if (seen > 0) seen += (page.cursor.empty() ? page.offset : 0) + (seen == page.limit ? 1 : 0);
  result.total = counted.all ? counted.rows : std::max(counted.rows, seen);
  result.total_is_minimum = !counted.all;
}

template <typename Value>
Result<PageOf<Value>> read_page(Connection& connection, const ListQuery& list, const Where& where,
                                const Page& page, Value (*read)(Row&)) {
  if (!where.status()) return fail(where.status());
  auto terms = order_terms(page, list.columns);
  if (!terms) return fail(terms);
  bool descending = !terms->empty() && terms->back().descending;
  PageOf<Value> result;
  {
    Connection::Budget budget(connection, kListInstructionsMax);
    std::string sql =
        std::string(list.select) + where.text() + order_and_limit(*terms, list.key, descending);
    Result<Query> query = connection.query(sql);
    if (!query) return fail(query);
    where.bind_to(*query);
    query->bind("$limit", page.limit).bind("$offset", page.offset);
    auto rows = read_all(*query, read);
    if (!rows) return fail(rows);
    result.rows = std::move(*rows);
  }
  Result<Counted> counted = count_matching(connection, list.count, where);
  if (!counted) return fail(counted);
  set_total(result, page, *counted);
  return result;
}

// The names of states, for Where::in.
template <typename State>
std::vector<std::string> names_of(const std::vector<State>& states) {
  std::vector<std::string> names;
  for (State state : states) names.emplace_back(to_string(state));
  return names;
}

}  // namespace leoflow::sql
