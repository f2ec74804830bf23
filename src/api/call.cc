// SPDX-License-Identifier: Apache-2.0
#include "api/call.h"

#include <algorithm>

#include "api/params_check.h"
#include "base/check.h"

namespace leoflow::api {
namespace {

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> list;
  while (!text.empty()) {
    size_t end = std::min(text.find(' '), text.size());
    if (end > 0) list.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return list;
}

// The store's name of a public column; nothing if it may not be sorted by.
std::optional<std::string> store_column(std::string_view name, std::string_view allowed) {
  for (std::string_view entry : words(allowed)) {
    size_t equals = entry.find('=');
    if (entry.substr(0, equals) != name) continue;
    return std::string(equals == std::string_view::npos ? entry : entry.substr(equals + 1));
  }
  return std::nullopt;
}

}  // namespace

bool begins_with_any(std::string_view text, std::string_view alternatives) {
  while (true) {
    size_t bar = std::min(alternatives.find('|'), alternatives.size());
    std::string_view one = alternatives.substr(0, bar);
    if (one == "~" || text.starts_with(one)) return true;
    if (bar == alternatives.size()) return false;
    alternatives.remove_prefix(bar + 1);
  }
}

Result<std::vector<Order>> read_order(const std::vector<std::string>& columns,
                                      std::string_view allowed) {
  constexpr size_t kColumnsMax = 8;
  std::vector<Order> order;
  for (std::string_view column : columns) {
    bool descending = column.starts_with('-');
    if (descending) column.remove_prefix(1);
    auto name = store_column(column, allowed);
    if (!name || order.size() == kColumnsMax) {
      return fail(Code::invalid,
                  "Ordering with '" + std::string(column) +
                      "' is disallowed or the attribute does not exist on the model");
    }
    order.push_back({std::move(*name), descending});
  }
  return order;
}

const std::string& Call::path(std::string_view name) const {
  auto found = std::ranges::find(path_params, name, &std::pair<std::string, std::string>::first);
  CHECK(found != path_params.end());
  return found->second;
}

int64_t Call::path_id(std::string_view name) const { return read_integer(path(name)).value_or(0); }

int Call::path_int(std::string_view name) const {
  return int(std::clamp<int64_t>(path_id(name), INT32_MIN, INT32_MAX));
}

std::optional<std::string> Call::query_text(std::string_view name) const {
  auto found = std::ranges::find(query, name, &std::pair<std::string, std::string>::first);
  return found == query.end() ? std::nullopt : std::optional(found->second);
}

std::string Call::query_or(std::string_view name, std::string_view fallback) const {
  return query_text(name).value_or(std::string(fallback));
}

std::vector<std::string> Call::query_all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : query) {
    if (key == name) values.push_back(value);
  }
  return values;
}

std::optional<int64_t> Call::query_int(std::string_view name) const {
  auto text = query_text(name);
  return text ? read_integer(*text) : std::nullopt;
}

std::vector<int> Call::query_ints(std::string_view name) const {
  std::vector<int> numbers;
  for (const std::string& text : query_all(name)) {
    numbers.push_back(
        int(std::clamp<int64_t>(read_integer(text).value_or(0), INT32_MIN, INT32_MAX)));
  }
  return numbers;
}

bool Call::queries_any(std::initializer_list<std::string_view> names) const {
  return std::ranges::any_of(names, [&](std::string_view name) {
    return std::ranges::find(query, name, &std::pair<std::string, std::string>::first) !=
           query.end();
  });
}

std::optional<bool> Call::query_bool(std::string_view name) const {
  auto text = query_text(name);
  return text ? read_boolean(*text) : std::nullopt;
}

std::optional<Time> Call::query_time(std::string_view name) const {
  auto text = query_text(name);
  if (!text) return std::nullopt;
  auto time = parse_time(*text);
  return time ? std::optional(*time) : std::nullopt;
}

Range<Time> Call::time_range(std::string_view field) const {
  std::string name(field);
  return {query_time(name + "_gte"), query_time(name + "_gt"), query_time(name + "_lte"),
          query_time(name + "_lt")};
}

Range<double> Call::number_range(std::string_view field) const {
  auto side = [&](const char* suffix) {
    auto text = query_text(std::string(field) + suffix);
    return text ? read_number(*text) : std::nullopt;
  };
  return {side("_gte"), side("_gt"), side("_lte"), side("_lt")};
}

TextPattern Call::pattern(std::string_view field) const {
  TextPattern pattern(query_or(std::string(field) + "_pattern"));
  pattern.prefix = query_or(std::string(field) + "_prefix_pattern");
  return pattern;
}

Result<Page> Call::page(std::string_view allowed, std::string_view fallback) const {
  Page page;
  page.limit =
      int(std::min<int64_t>(query_int("limit").value_or(kPageLimitDefault), kPageLimitPublic));
  page.offset = std::min(query_int("offset").value_or(0), kPageOffsetMax);
  if (auto cursor = query_text("cursor")) {
    page.offset = 0;  // an empty cursor stands for the first page
    page.cursor = std::move(*cursor);
  }
  auto columns = query_all("order_by");
  if (columns.empty()) columns.emplace_back(fallback);
  auto order = read_order(columns, allowed);
  if (!order) return fail(order);
  page.order = std::move(*order);
  return page;
}

bool Call::has(std::string_view name) const {
  const json::value* found = body.if_contains(name);
  return found && !found->is_null();
}

std::string Call::text(std::string_view name, std::string_view fallback) const {
  return json::string_or(body, name, fallback);
}

std::optional<Time> Call::time(std::string_view name) const {
  if (!has(name)) return std::nullopt;
  auto time = parse_time(json::string_or(body, name));
  return time ? std::optional(*time) : std::nullopt;
}

bool Call::flag(std::string_view name, bool fallback) const {
  return json::bool_or(body, name, fallback);
}

bool Call::changes(std::string_view name) const {
  if (!body.contains(name)) return false;
  auto mask = query_all("update_mask");
  return mask.empty() || std::ranges::find(mask, name) != mask.end();
}

Result<Page> page_of_body(const Call& call, std::string_view allowed) {
  Page page;
  page.limit = int(
      std::min<int64_t>(json::int_or(call.body, "page_limit", kPageLimitPublic), kPageLimitPublic));
  page.offset = std::min(json::int_or(call.body, "page_offset"), kPageOffsetMax);
  auto order = read_order({call.text("order_by", "id")}, allowed);
  if (!order) return fail(order);
  page.order = std::move(*order);
  return page;
}

Range<Time> time_range_of_body(const Call& call, const std::string& field) {
  return {call.time(field + "_gte"), call.time(field + "_gt"), call.time(field + "_lte"),
          call.time(field + "_lt")};
}

Range<double> number_range_of_body(const Call& call, const std::string& field) {
  auto side = [&](const char* suffix) {
    std::string name = field + suffix;
    return call.has(name) ? std::optional(json::double_or(call.body, name)) : std::nullopt;
  };
  return {side("_gte"), side("_gt"), side("_lte"), side("_lt")};
}

std::vector<std::string> texts_of_body(const Call& call, std::string_view name) {
  std::vector<std::string> values;
  const json::array* list = json::array_or_null(call.body, name);
  for (size_t i = 0; list && i < list->size(); ++i) {
    if ((*list)[i].is_string()) values.emplace_back((*list)[i].get_string());
  }
  return values;
}

std::string range_members(std::initializer_list<std::string_view> fields, std::string_view type) {
  std::string text;
  for (std::string_view field : fields) {
    for (std::string_view side : {"_gte", "_gt", "_lte", "_lt"})
      text.append(" ").append(field).append(side).append("?:").append(type);
  }
  return text;
}

Response json_response(json::Writer& w, int status) {
  Response response;
  response.status = status;
  response.body = w.take();
  return response;
}

Response redirect(int status, const std::string& to) {
  Response response;
  response.status = status;
  response.content_type.clear();
  response.headers.emplace_back("Location", to);
  return response;
}

Response no_content() {
  Response response;
  response.status = 204;
  response.content_type.clear();
  return response;
}

std::vector<Param> update_mask() {
  return {{.name = "update_mask",
           .summary = "Members of the body that apply; without it all that are given",
           .repeated = true}};
}

}  // namespace leoflow::api
