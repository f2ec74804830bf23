// SPDX-License-Identifier: Apache-2.0
#include "model/fields.h"

#include <algorithm>
#include <boost/json/string.hpp>

namespace leoflow {
namespace {

constexpr double kSecondsMax = 1e9;  // 31 years; far beyond, microseconds are not exact as doubles

}  // namespace

void Problem::report(const std::string& path, std::string what, std::string hint) {
  if (error_) return;
  error_.emplace(Code::invalid, path.empty() ? std::move(what) : path + ": " + what,
                 std::move(hint));
}

Fields::Fields(const json::value& from, std::string path, Problem& problem)
    : object_(from.if_object()), path_(std::move(path)), problem_(problem) {
  if (!object_) wrong_type(path_, "an object", from);
}

const json::value* Fields::take(std::string_view key) {
  const json::value* found = object_ ? object_->if_contains({key.data(), key.size()}) : nullptr;
  if (found) known_.push_back(key);
  return found;
}

std::string Fields::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

std::string Fields::item_path(std::string_view key, size_t index) const {
  return path_of(key) + "[" + std::to_string(index) + "]";
}

void Fields::report(std::string_view key, std::string what, std::string hint) {
  problem_.report(path_of(key), std::move(what), std::move(hint));
}

bool Fields::is_null(std::string_view key) const {
  const json::value* found = object_ ? object_->if_contains({key.data(), key.size()}) : nullptr;
  return found && found->is_null();
}

void Fields::wrong_type(const std::string& path, std::string_view wanted,
                        const json::value& found) {
  problem_.report(
      path, "must be " + std::string(wanted) + ", not " + std::string(json::kind_name(found)));
}

bool Fields::as_string(const std::string& path, const json::value& from, std::string& out) {
  if (!from.is_string()) return wrong_type(path, "a string", from), false;
  out.assign(from.get_string().data(), from.get_string().size());
  return true;
}

bool Fields::as_time(const std::string& path, const json::value& from, Time& out) {
  std::string text;
  if (!as_string(path, from, text)) return false;
  Result<Time> time = parse_time(text);
  if (!time) return problem_.report(path, time.error().message(), time.error().hint()), false;
  out = *time;
  return true;
}

bool Fields::as_number(std::string_view key, const json::value& from, double& out) {
  if (!from.is_number()) return wrong_type(path_of(key), "a number", from), false;
  out = from.to_number<double>();
  return true;
}

const json::array* Fields::take_array(std::string_view key) {
  const json::value* found = take(key);
  if (found && !found->is_array()) wrong_type(path_of(key), "an array", *found);
  return found ? found->if_array() : nullptr;
}

const json::object* Fields::take_object(std::string_view key) {
  const json::value* found = take(key);
  if (found && !found->is_object()) wrong_type(path_of(key), "an object", *found);
  return found ? found->if_object() : nullptr;
}

void Fields::read(std::string_view key, std::string& out) {
  const json::value* found = take(key);
  if (!found) return;
  if (found->is_string()) {
    out.assign(found->get_string().data(), found->get_string().size());
  } else {
    wrong_type(path_of(key), "a string", *found);
  }
}

void Fields::read(std::string_view key, bool& out) {
  const json::value* found = take(key);
  if (!found) return;
  if (found->is_bool()) {
    out = found->get_bool();
  } else {
    wrong_type(path_of(key), "true or false", *found);
  }
}

void Fields::read(std::string_view key, double& out) {
  if (const json::value* found = take(key)) as_number(key, *found, out);
}

void Fields::read(std::string_view key, Duration& out) {
  const json::value* found = take(key);
  double seconds = 0;
  if (!found || !as_number(key, *found, seconds)) return;
  if (!(seconds >= 0 && seconds <= kSecondsMax)) {
    report(key, "must be a number of seconds from 0 to " + std::to_string(int64_t(kSecondsMax)));
    return;
  }
  out = from_seconds(seconds);
}

void Fields::read(std::string_view key, Time& out) {
  if (const json::value* found = take(key)) as_time(path_of(key), *found, out);
}

void Fields::read(std::string_view key, std::vector<std::string>& out) {
  const json::array* items = take_array(key);
  if (!items) return;
  out.clear();
  out.reserve(items->size());
  for (const json::value& item : *items) {
    if (!item.is_string()) return wrong_type(item_path(key, out.size()), "a string", item);
    out.emplace_back(item.get_string().data(), item.get_string().size());
  }
}

void Fields::read(std::string_view key, std::vector<Time>& out) {
  const json::array* items = take_array(key);
  if (!items) return;
  out.clear();
  for (const json::value& item : *items) {
    Time time{};
    if (!as_time(item_path(key, out.size()), item, time)) return;
    out.push_back(time);
  }
}

void Fields::read(std::string_view key, std::map<std::string, std::string>& out) {
  const json::object* members = take_object(key);
  if (!members) return;
  out.clear();
  for (const auto& [name, item] : *members) {
    std::string member(name.data(), name.size());
    if (!as_string(path_of(key) + "." + member, item, out[member])) return;
  }
}

void Fields::read(std::string_view key, json::object& out) {
  if (const json::object* found = take_object(key)) out = *found;
}

void Fields::read(std::string_view key, json::array& out) {
  if (const json::array* found = take_array(key)) out = *found;
}

void Fields::read(std::string_view key, int& out, int minimum, int maximum) {
  const json::value* found = take(key);
  if (!found) return;
  if (!found->is_int64() && !found->is_uint64())
    return wrong_type(path_of(key), "an integer", *found);
  int64_t number = found->is_int64() ? found->get_int64() : std::numeric_limits<int64_t>::max();
  if (number < minimum || number > maximum) {
    return report(key,
                  "must be from " + std::to_string(minimum) + " to " + std::to_string(maximum));
  }
  out = int(number);
}

void Fields::require(std::string_view key) {
  if (object_ && !object_->if_contains({key.data(), key.size()})) report(key, "is required");
}

void Fields::refuse_others() {
  if (!object_ || known_.size() == object_->size()) return;
  for (const auto& [name, item] : *object_) {
    std::string_view key(name.data(), name.size());
    if (std::find(known_.begin(), known_.end(), key) == known_.end())
      return report(key, "unknown key");
  }
}

}  // namespace leoflow
