// SPDX-License-Identifier: Apache-2.0
#include <boost/json/string.hpp>
#include <limits>
#include <optional>

#include "base/json.h"

namespace leoflow::json {
namespace {

// The member, or null when it is missing or null.
const value* member(const object& from, std::string_view key) {
  const value* found = from.if_contains(boost::json::string_view(key.data(), key.size()));
  return found && !found->is_null() ? found : nullptr;
}

std::unexpected<Error> wrong_type(std::string_view key, std::string_view wanted,
                                  const value& found) {
  return fail(Code::invalid, "'" + std::string(key) + "' must be " + std::string(wanted) +
                                 ", not " + std::string(kind_name(found)));
}

std::optional<int64_t> as_int(const value& from) {
  if (from.is_int64()) return from.get_int64();
  if (from.is_uint64() && from.get_uint64() <= uint64_t(std::numeric_limits<int64_t>::max())) {
    return int64_t(from.get_uint64());
  }
  return std::nullopt;
}

std::optional<double> as_double(const value& from) {
  if (from.is_double()) return from.get_double();
  if (from.is_int64()) return double(from.get_int64());
  if (from.is_uint64()) return double(from.get_uint64());
  return std::nullopt;
}

std::string as_text(const value& from) {
  const auto& text = from.get_string();
  return std::string(text.data(), text.size());
}

}  // namespace

std::string_view kind_name(const value& from) {
  switch (from.kind()) {
    case boost::json::kind::null: return "null";
    case boost::json::kind::bool_: return "a boolean";
    case boost::json::kind::string: return "a string";
    case boost::json::kind::array: return "an array";
    case boost::json::kind::object: return "an object";
    default: return "a number";
  }
}

Result<std::string> get_string(const object& from, std::string_view key,
                               std::string_view fallback) {
  const value* found = member(from, key);
  if (!found) return std::string(fallback);
  if (!found->is_string()) return wrong_type(key, "a string", *found);
  return as_text(*found);
}

Result<int64_t> get_int(const object& from, std::string_view key, int64_t fallback) {
  const value* found = member(from, key);
  if (!found) return fallback;
  std::optional<int64_t> number = as_int(*found);
  if (!number) return wrong_type(key, "a 64-bit integer", *found);
  return *number;
}

Result<double> get_double(const object& from, std::string_view key, double fallback) {
  const value* found = member(from, key);
  if (!found) return fallback;
  std::optional<double> number = as_double(*found);
  if (!number) return wrong_type(key, "a number", *found);
  return *number;
}

Result<bool> get_bool(const object& from, std::string_view key, bool fallback) {
  const value* found = member(from, key);
  if (!found) return fallback;
  if (!found->is_bool()) return wrong_type(key, "true or false", *found);
  return found->get_bool();
}

std::string string_or(const object& from, std::string_view key, std::string_view fallback) {
  const value* found = member(from, key);
  return found && found->is_string() ? as_text(*found) : std::string(fallback);
}

int64_t int_or(const object& from, std::string_view key, int64_t fallback) {
  const value* found = member(from, key);
  return found ? as_int(*found).value_or(fallback) : fallback;
}

double double_or(const object& from, std::string_view key, double fallback) {
  const value* found = member(from, key);
  return found ? as_double(*found).value_or(fallback) : fallback;
}

bool bool_or(const object& from, std::string_view key, bool fallback) {
  const value* found = member(from, key);
  return found && found->is_bool() ? found->get_bool() : fallback;
}

const object* object_or_null(const object& from, std::string_view key) {
  const value* found = member(from, key);
  return found ? found->if_object() : nullptr;
}

const array* array_or_null(const object& from, std::string_view key) {
  const value* found = member(from, key);
  return found ? found->if_array() : nullptr;
}

}  // namespace leoflow::json
