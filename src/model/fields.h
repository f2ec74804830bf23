// SPDX-License-Identifier: Apache-2.0
// Strict reading of one JSON object into variables: wrong types, values out of range and unknown
// keys are refused with the path of the member ("tasks[3].retries"). A missing member leaves its
// variable alone.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"

namespace leoflow {

// The first thing found wrong with a document, shared by the readers of all its objects.
class Problem {
 public:
  explicit operator bool() const { return error_.has_value(); }
  // Kept unless there is one already. "path: what".
  void report(const std::string& path, std::string what, std::string hint = {});
  // Requires: there is one.
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

// Reads the members of one object. Lives on the stack while the document and the Problem do; not
// thread-safe.
//   Fields fields(value, "tasks[3]", problem);
//   fields.read("owner", task.owner);
//   fields.refuse_others();
class Fields {
 public:
  // Anything but an object is reported, and then no member is found.
  Fields(const json::value& from, std::string path, Problem& problem);

  // The member, now known; null when missing. Never null-checked: a JSON null is returned as such.
  const json::value* take(std::string_view key);
  // "tasks[3].retries".
  std::string path_of(std::string_view key) const;
  void report(std::string_view key, std::string what, std::string hint = {});

  void read(std::string_view key, std::string& out);
  void read(std::string_view key, bool& out);
  void read(std::string_view key, double& out);
  void read(std::string_view key, Duration& out);  // seconds, not negative
  void read(std::string_view key, Time& out);
  void read(std::string_view key, std::vector<std::string>& out);
  void read(std::string_view key, std::vector<Time>& out);
  void read(std::string_view key, std::map<std::string, std::string>& out);
  void read(std::string_view key, json::object& out);
  void read(std::string_view key, json::array& out);
  void read(std::string_view key, int& out, int minimum = 0,
            int maximum = std::numeric_limits<int>::max());
  // null is "not set".
  template <typename T, typename... Range>
  void read(std::string_view key, std::optional<T>& out, Range... range);
  // A name out of a fixed set.
  template <typename Enum>
  void read(std::string_view key, Enum& out, std::optional<Enum> (*parse)(std::string_view));
  // Requires of the document that the member is there.
  void require(std::string_view key);
  // Reports the first member that nobody took.
  void refuse_others();

 private:
  bool is_null(std::string_view key) const;
  void wrong_type(const std::string& path, std::string_view wanted, const json::value& found);
  bool as_string(const std::string& path, const json::value& from, std::string& out);
  bool as_time(const std::string& path, const json::value& from, Time& out);
  bool as_number(std::string_view key, const json::value& from, double& out);
  const json::array* take_array(std::string_view key);
  const json::object* take_object(std::string_view key);
  std::string item_path(std::string_view key, size_t index) const;

  const json::object* object_;
  std::string path_;
  Problem& problem_;
  std::vector<std::string_view> known_;
};

template <typename T, typename... Range>
void Fields::read(std::string_view key, std::optional<T>& out, Range... range) {
  if (is_null(key)) {
    take(key);
    out.reset();
    return;
  }
  T value{};
  bool present = object_ && object_->if_contains({key.data(), key.size()});
  read(key, value, range...);
  if (present) out = std::move(value);
}

template <typename Enum>
void Fields::read(std::string_view key, Enum& out, std::optional<Enum> (*parse)(std::string_view)) {
  const json::value* found = take(key);
  std::string name;
  if (!found || !as_string(path_of(key), *found, name)) return;
  if (std::optional<Enum> value = parse(name)) {
    out = *value;
  } else {
    report(key, "unknown value '" + name.substr(0, 64) + "'");
  }
}

}  // namespace leoflow
