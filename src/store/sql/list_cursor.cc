// SPDX-License-Identifier: Apache-2.0
#include "store/sql/list_cursor.h"

#include "base/crypto.h"
#include "base/json.h"

namespace leoflow::sql {
namespace {

// "-start_date,+id": a place means nothing in another order.
std::string signature(const std::vector<Order>& order) {
  std::string text;
  for (const Order& one : order) {
    if (!text.empty()) text += ',';
    text.append(one.descending ? "-" : "+").append(one.column);
  }
  return text;
}

void write_value(json::Writer& w, const Row::Value& value) {
  if (auto* number = std::get_if<int64_t>(&value)) {
    w.number(*number);
  } else if (auto* fraction = std::get_if<double>(&value)) {
    w.number(*fraction);
  } else if (auto* text = std::get_if<std::string>(&value)) {
    w.string(*text);
  } else {
    w.null();
  }
}

std::optional<Row::Value> read_value(const json::value& value) {
  if (value.is_null()) return Row::Value();
  if (value.is_int64()) return Row::Value(value.get_int64());
  if (value.is_double()) return Row::Value(value.get_double());
  if (value.is_string()) return Row::Value(std::string(value.get_string()));
  return std::nullopt;
}

std::optional<Place> read_place(const json::object& object, size_t terms) {
  const json::array* values = json::array_or_null(object, "v");
  const json::value* key = object.if_contains("k");
  if (!values || values->size() != terms || !key || !key->is_int64()) return std::nullopt;
  Place place{.key = key->get_int64(), .backwards = json::bool_or(object, "b")};
  for (const json::value& one : *values) {
    auto value = read_value(one);
    if (!value) return std::nullopt;
    place.values.push_back(std::move(*value));
  }
  return place;
}

}  // namespace

std::string cursor_text(const std::vector<Order>& order, const Place& place) {
  json::Writer w;
  w.begin_object().member("o", signature(order)).member("k", place.key);
  if (place.backwards) w.member("b", true);
  w.key("v").begin_array();
  for (const Row::Value& value : place.values) write_value(w, value);
  w.end_array().end_object();
  return base64url(w.take());
}

Result<Place> read_cursor(const std::string& cursor, const std::vector<Order>& order) {
  Error wrong(Code::invalid, "the cursor does not belong to this list",
              "use next_cursor or previous_cursor of an answer with the same order_by");
  if (cursor.size() > kCursorBytesMax) return fail(wrong);
  auto bytes = from_base64url(cursor);
  if (!bytes) return fail(wrong);
  auto parsed = json::parse(*bytes);
  if (!parsed || !parsed->is_object()) return fail(wrong);
  const json::object& object = parsed->get_object();
  if (json::string_or(object, "o") != signature(order)) return fail(wrong);
  auto place = read_place(object, order.size());
  if (!place) return fail(wrong);
  return std::move(*place);
}

}  // namespace leoflow::sql
