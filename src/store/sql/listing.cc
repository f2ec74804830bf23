// SPDX-License-Identifier: Apache-2.0
#include "store/sql/listing.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
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

void Where::bind(std::string_view name, Row::Value value) {
  CHECK(!std::holds_alternative<std::monostate>(value));
  std::visit(
      [&](auto& one) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(one)>, std::monostate>)
          bound_.push_back({std::string(name), std::move(one)});
      },
      value);
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
                    const TextPattern& pattern) {
  any_of(name, pattern.part, [&](const std::string& placeholder, std::string_view part) {
    text_.append(expression).append(dialect::kIlike).append(placeholder).append(dialect::kEscape);
    bound_.push_back({placeholder, "%" + std::string(part) + "%"});
  });
  std::string beginning = std::string(name) + "_begins";
  any_of(beginning, pattern.prefix, [&](const std::string& placeholder, std::string_view part) {
    text_.append("(").append(expression).append(" >= ").append(placeholder).append(" AND ");
    text_.append(expression).append(" < ").append(placeholder).append(" || ");
    text_.append(dialect::kLastCharacter).append(")");
    bound_.push_back({placeholder, std::string(part)});
  });
}

template <typename Add>
void Where::any_of(std::string_view name, const std::string& alternatives, Add add) {
  if (matches_everything(alternatives)) return;
  std::vector<std::string_view> parts = alternatives_of(alternatives);
  if (alternatives.size() > kPatternBytesMax || parts.size() > kPatternAlternativesMax) {
    status_ = fail(Code::invalid, "the pattern is too long: at most " +
                                      std::to_string(kPatternBytesMax) + " bytes and " +
                                      std::to_string(kPatternAlternativesMax) + " alternatives");
    return;
  }
  // An empty or ~ alternative lets everything through.
  if (std::ranges::any_of(parts, matches_everything)) return;
  text_ += " AND (";
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text_ += " OR ";
    add(std::string(name) + "_" + std::to_string(i), parts[i]);
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

std::string json_list(const std::vector<int64_t>& numbers) {
  json::Writer list;
  list.begin_array();
  for (int64_t number : numbers) list.number(number);
  return list.end_array().take();
}

namespace {

Result<const OrderColumn*> column_of(const Order& order, std::span<const OrderColumn> columns) {
  auto column = std::ranges::find(columns, order.column, &OrderColumn::name);
  if (column != columns.end()) return &*column;
  return fail(Code::invalid, "cannot order by '" + order.column.substr(0, 64) + "'",
              "order by one of: " + known_names(columns));
}

Status check_bounds(const Page& page) {
  if (page.limit >= 0 && page.limit <= kPageLimitMax && page.offset >= 0 &&
      page.offset <= kPageOffsetMax)
    return {};
  return fail(Code::invalid, "a page holds 0 to " + std::to_string(kPageLimitMax) +
                                 " rows, from offset 0 to " + std::to_string(kPageOffsetMax));
}

// NULLs come last; where there are none, saying so would only hide the index.
std::string_view direction_of(bool nullable, bool descending, bool backwards) {
  if (descending != backwards)
    return !nullable ? " DESC" : backwards ? " DESC NULLS FIRST" : " DESC NULLS LAST";
  return !nullable ? " ASC" : backwards ? " ASC NULLS FIRST" : " ASC NULLS LAST";
}

}  // namespace

Result<std::vector<OrderTerm>> order_terms(const Page& page, std::span<const OrderColumn> columns) {
  if (auto status = check_bounds(page); !status) return fail(status);
  if (page.order.size() > kOrderTermsMax)
    return fail(Code::invalid,
                "rows are ordered by at most " + std::to_string(kOrderTermsMax) + " columns");
  std::vector<OrderTerm> terms;
  for (const Order& order : page.order) {
    auto column = column_of(order, columns);
    if (!column) return fail(column);
    terms.push_back({**column, order.descending});
  }
  return terms;
}

std::string order_and_limit(std::span<const OrderTerm> terms, std::string_view key,
                            bool descending_key, bool backwards) {
  std::string text = " ORDER BY ";
  for (const OrderTerm& term : terms) {
    text.append(term.column.expression)
        .append(direction_of(term.column.nullable, term.descending, backwards))
        .append(", ");
  }
  text.append(key).append(direction_of(false, descending_key, backwards));
  return text + " LIMIT $limit OFFSET $offset";
}

Result<Counted> count_matching(Connection& connection, std::string_view count, const Where& where) {
  Connection::Budget budget(connection, kCountInstructionsMax);
  std::string sql = std::string(count) + where.text() + " LIMIT $counted_max";
  Result<Query> query = connection.query(sql);
  if (!query) return fail(query);
  where.bind_to(*query);
  query->bind("$counted_max", kRowsCountedMax + 1);
  Counted counted;
  while (counted.rows <= kRowsCountedMax) {
    Result<bool> more = query->step();
    if (!more && more.error().code() != Code::timeout) return fail(more);
    if (more && !*more) return counted;
    counted.all = more && counted.rows < kRowsCountedMax;
    if (!counted.all) return counted;
    ++counted.rows;
  }
  return counted;
}

}  // namespace leoflow::sql
