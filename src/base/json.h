// SPDX-License-Identifier: Apache-2.0
// JSON: bounded parsing into Boost.JSON values, typed reading with clear errors, and a streaming writer for answers.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace leoflow::json {

using boost::json::array;
using boost::json::object;
using boost::json::value;

constexpr size_t kDepthMax = 64;                       // nesting accepted by parse()
constexpr size_t kTextBytesMax = 64 * 1024 * 1024;     // longest text accepted by parse()

// Parses one JSON document. Errors (`invalid`) name the byte offset; deeper than kDepthMax or longer than
// kTextBytesMax is `invalid`, invalid UTF-8 too.
Result<value> parse(std::string_view text);

// Compact text of a value: 8.5 and 100.0 as people write them, invalid UTF-8 replaced by U+FFFD, key order kept.
std::string dump(const value& value);

// "a string", "an object", "null": for messages.
std::string_view kind_name(const value& value);

// Typed access to members, for input that may be wrong. Missing or null members give the fallback; a member of the
// wrong type is `invalid` and named in the message.
Result<std::string> get_string(const object& from, std::string_view key, std::string_view fallback = {});
Result<int64_t> get_int(const object& from, std::string_view key, int64_t fallback = 0);
Result<double> get_double(const object& from, std::string_view key, double fallback = 0);
Result<bool> get_bool(const object& from, std::string_view key, bool fallback = false);

// Unchecked reads for documents we wrote ourselves: the fallback also answers for a wrong type.
std::string string_or(const object& from, std::string_view key, std::string_view fallback = {});
int64_t int_or(const object& from, std::string_view key, int64_t fallback = 0);
double double_or(const object& from, std::string_view key, double fallback = 0);
bool bool_or(const object& from, std::string_view key, bool fallback = false);
// The member if it is an object/array, else null.
const object* object_or_null(const object& from, std::string_view key);
const array* array_or_null(const object& from, std::string_view key);

// Appends JSON text to a string it owns. Used for every REST answer: no intermediate tree. The caller keeps begin/end
// balanced (CHECKed in take()); commas are placed by the writer. Not thread-safe.
//   Writer w; w.begin_object(); w.key("a"); w.number(1); w.end_object(); auto text = w.take();
class Writer {
 public:
  Writer& begin_object();
  Writer& end_object();
  Writer& begin_array();
  Writer& end_array();
  Writer& key(std::string_view name);
  Writer& string(std::string_view text);   // escapes; invalid UTF-8 becomes U+FFFD
  Writer& number(int64_t value);
  Writer& number(double value);            // shortest form that reads back; NaN and infinities as null
  Writer& boolean(bool value);
  Writer& null();
  Writer& raw(std::string_view json);      // Requires: one valid JSON value
  Writer& value(const json::value& value);
  Writer& value(const object& value);

  // key(name) + value, the common case.
  Writer& member(std::string_view name, std::string_view text) { return key(name).string(text); }
  Writer& member(std::string_view name, const char* text) { return key(name).string(text); }
  Writer& member(std::string_view name, const std::string& text) { return key(name).string(text); }
  Writer& member(std::string_view name, int64_t n) { return key(name).number(n); }
  Writer& member(std::string_view name, int n) { return key(name).number(int64_t(n)); }
  Writer& member(std::string_view name, double n) { return key(name).number(n); }
  Writer& member(std::string_view name, bool b) { return key(name).boolean(b); }
  Writer& member_null(std::string_view name) { return key(name).null(); }

  size_t size() const { return text_.size(); }
  // The text so far; the writer is empty afterwards. Requires: every begin has its end.
  std::string take();

 private:
  void separate();

  std::string text_;
  int depth_ = 0;
  bool need_comma_ = false;
};

}  // namespace leoflow::json
