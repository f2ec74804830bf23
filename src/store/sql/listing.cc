// SPDX-License-Identifier: Apache-2.0
#include "store/sql/listing.h"

#include <algorithm>

#include "base/json.h"
#include "store/sql/dialect.h"
#include "store/sql/rows.h"

namespace leoflow::sql {
namespace {

std::vector<std::string_view> alternatives_of(std::string_view pattern) {
  std::vector<std::string_view> parts;
  while (true) {
    size_t bar = pattern.find('|');
    parts.push_back(pattern.substr(0, bar));
    if (bar == std::string_view::npos) return parts;
    pattern.remove_prefix(bar + 1);
  }
}

bool matches_everything(std::string_view pattern) { return pattern.empty() || pattern == "~"; }

std::string known_names(std::span<const OrderColumn> columns) {
  std::string names;
  for (const OrderColumn& column : columns) {
    if (!names.empty()) names += ", ";
    names += column.name;
  }
  return names;
}

std::string membership(std::string_view expression, std::string_view name) {
  std::string text(" AND ");
  return text.append(expression).append(dialect::kInOpen).append(name).append(dialect::kInClose);
}

}  // namespace

void Where::add(std::string_view fragment) { text_ += fragment; }

void Where::add(std::string_view fragment, std::string_view name, std::string value) {
  text_ += fragment;
  bound_.push_back({std::string(name), std::move(value)});
}

void Where::add(std::string_view fragment, std::string_view name, int64_t value) {
  text_ += fragment;
  bound_.push_back({std::string(name), value});
}

void Where::add_list(std::string_view fragment, std::string_view name,
                     const std::vector<int>& values) {
  json::Writer list;
  list.begin_array();
  for (int value : values) list.number(static_cast<int64_t>(value));
  list.end_array();
  add(fragment, name, list.take());
}

void Where::add_list(std::string_view fragment, std::string_view name,
                     const std::vector<std::string>& values) {
  json::Writer list;
  list.begin_array();
  for (const std::string& value : values) list.string(value);
  list.end_array();
  add(fragment, name, list.take());
}

void Where::in(std::string_view expression, std::string_view name,
               const std::vector<std::string>& values) {
  if (!values.empty()) add_list(membership(expression, name), name, values);
}

void Where::in(std::string_view expression, std::string_view name, const std::vector<int>& values) {
  if (!values.empty()) add_list(membership(expression, name), name, values);
}

void Where::only(std::string_view expression, std::string_view name, const DagsAllowed& allowed) {
  if (allowed) add_list(membership(expression, name), name, *allowed);
}

void Where::compare(std::string_view expression, std::string_view comparison, std::string name,
                    Value value) {
  text_.append(" AND ").append(expression).append(comparison).append(name);
  bound_.push_back({std::move(name), std::move(value)});
}

void Where::equal(std::string_view expression, std::string_view name, const std::string& text) {
  if (!text.empty()) compare(expression, " = ", std::string(name), text);
}

void Where::matches(std::string_view expression, std::string_view name,
                    const std::string& pattern) {
  if (matches_everything(pattern)) return;
  std::vector<std::string_view> parts = alternatives_of(pattern);
  if (pattern.size() > kPatternBytesMax || parts.size() > kPatternAlternativesMax) {
    status_ = fail(Code::invalid, "the pattern is too long: at most " +
                                      std::to_string(kPatternBytesMax) + " bytes and " +
                                      std::to_string(kPatternAlternativesMax) + " alternatives");
    return;
  }
  // An empty or ~ alternative lets everything through.
  if (std::ranges::any_of(parts, matches_everything)) return;
  text_ += " AND (";
  for (size_t i = 0; i < parts.size(); ++i) {
    std::string placeholder = std::string(name) + "_" + std::to_string(i);
    if (i > 0) text_ += " OR ";
    text_.append(expression).append(dialect::kIlike).append(placeholder).append(dialect::kEscape);
    bound_.push_back({std::move(placeholder), "%" + std::string(parts[i]) + "%"});
  }
  text_ += ")";
}

template <typename T, typename Convert>
void Where::bounds(std::string_view expression, std::string_view name, const Range<T>& range,
                   Convert convert) {
  std::string prefix(name);
  if (range.gte) compare(expression, " >= ", prefix + "_gte", convert(*range.gte));
  if (range.gt) compare(expression, " > ", prefix + "_gt", convert(*range.gt));
  if (range.lte) compare(expression, " <= ", prefix + "_lte", convert(*range.lte));
  if (range.lt) compare(expression, " < ", prefix + "_lt", convert(*range.lt));
}

void Where::range(std::string_view expression, std::string_view name, const Range<Time>& range) {
  bounds(expression, name, range, [](Time time) { return Value(to_micros(time)); });
}

void Where::range(std::string_view expression, std::string_view name, const Range<double>& range) {
  bounds(expression, name, range, [](double number) { return Value(number); });
}

void Where::bind_to(Query& query) const {
  for (const Bound& bound : bound_) {
    std::visit([&](const auto& value) { query.bind(bound.name, value); }, bound.value);
  }
}

Result<std::string> order_and_limit(const Page& page, std::span<const OrderColumn> columns,
                                    std::string_view key) {
  if (page.limit < 0 || page.limit > kPageLimitMax || page.offset < 0 ||
      page.offset > kPageOffsetMax) {
    return fail(Code::invalid, "a page holds 0 to " + std::to_string(kPageLimitMax) +
                                   " rows, from offset 0 to " + std::to_string(kPageOffsetMax));
  }
  std::string text = " ORDER BY ";
  bool descending = false;
  for (const Order& order : page.order) {
    auto column = std::ranges::find(columns, order.column, &OrderColumn::name);
    if (column == columns.end()) {
      return fail(Code::invalid, "cannot order by '" + order.column.substr(0, 64) + "'",
                  "order by one of: " + known_names(columns));
    }
    descending = order.descending;
    text.append(column->expression).append(descending ? " DESC NULLS LAST, " : " ASC NULLS LAST, ");
  }
  text.append(key).append(descending ? " DESC" : " ASC");
  return text + " LIMIT $limit OFFSET $offset";
}

Result<int64_t> count_matching(Connection& connection, std::string_view count, const Where& where) {
  std::string sql = std::string(count) + where.text();
  Result<Query> query = connection.query(sql);
  if (!query) return fail(query);
  where.bind_to(*query);
  Result<std::optional<int64_t>> total = read_one(*query, read_integer);
  if (!total) return fail(total);
  return total->value_or(0);
}

}  // namespace leoflow::sql
