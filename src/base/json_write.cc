// SPDX-License-Identifier: Apache-2.0
#include <boost/json/string.hpp>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/json.h"
#include "base/utf8.h"

namespace leoflow::json {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
// Doubles of this magnitude are written without an exponent (the bounds of Python's repr).
constexpr double kFixedMin = 1e-4;
constexpr double kFixedMax = 1e16;

bool is_plain(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    default: break;
  }
  out += "\\u00";
  out += kHexDigits[static_cast<unsigned char>(c) >> 4];
  out += kHexDigits[c & 15];
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  size_t at = 0;
  while (at < text.size()) {
    size_t plain = at;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    out.append(text, at, plain - at);
    if (plain == text.size()) break;
    at = plain;
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      append_escaped(out, text[at++]);
      continue;
    }
    Utf8Step step = utf8_step(text.substr(at));
    out.append(step.valid ? text.substr(at, step.length) : kReplacementCharacter);
    at += step.length;
  }
  out += '"';
}

template <typename Number>
void append_integer(std::string& out, Number number) {
  char buffer[24];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, number);
  out.append(buffer, end);
}

void append_double(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  char buffer[40];
  double size = std::abs(number);
  bool fixed = size == 0 || (size >= kFixedMin && size < kFixedMax);
  auto format = fixed ? std::chars_format::fixed : std::chars_format::scientific;
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, number, format);
  std::string_view text(buffer, end - buffer);
  out += text;
  if (fixed && text.find('.') == text.npos) out += ".0";
}

}  // namespace

Writer& Writer::begin_object() {
  separate();
  text_ += '{';
  ++depth_;
  need_comma_ = false;
  return *this;
}

Writer& Writer::end_object() {
  text_ += '}';
  --depth_;
  need_comma_ = true;
  return *this;
}

Writer& Writer::begin_array() {
  separate();
  text_ += '[';
  ++depth_;
  need_comma_ = false;
  return *this;
}

Writer& Writer::end_array() {
  text_ += ']';
  --depth_;
  need_comma_ = true;
  return *this;
}

Writer& Writer::key(std::string_view name) {
  separate();
  append_quoted(text_, name);
  text_ += ':';
  need_comma_ = false;
  return *this;
}

Writer& Writer::string(std::string_view text) {
  separate();
  append_quoted(text_, text);
  return *this;
}

Writer& Writer::number(int64_t value) {
  separate();
  append_integer(text_, value);
  return *this;
}

Writer& Writer::number(double value) {
  separate();
  append_double(text_, value);
  return *this;
}

Writer& Writer::boolean(bool value) { return raw(value ? "true" : "false"); }

Writer& Writer::null() { return raw("null"); }

Writer& Writer::raw(std::string_view json) {
  separate();
  text_ += json;
  return *this;
}

Writer& Writer::value(const json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::null: return null();
    case boost::json::kind::bool_: return boolean(value.get_bool());
    case boost::json::kind::int64: return number(value.get_int64());
    case boost::json::kind::uint64:
      separate();
      append_integer(text_, value.get_uint64());
      return *this;
    case boost::json::kind::double_: return number(value.get_double());
    case boost::json::kind::string:
      return string({value.get_string().data(), value.get_string().size()});
    case boost::json::kind::array:
      begin_array();
      for (const json::value& item : value.get_array()) this->value(item);
      return end_array();
    case boost::json::kind::object: return this->value(value.get_object());
  }
  return *this;
}

Writer& Writer::value(const object& value) {
  begin_object();
  for (const auto& [name, item] : value) {
    key({name.data(), name.size()});
    this->value(item);
  }
  return end_object();
}

std::string Writer::take() {
  CHECK(depth_ == 0);
  need_comma_ = false;
  return std::exchange(text_, {});
}

void Writer::separate() {
  if (need_comma_) text_ += ',';
  need_comma_ = true;
}

std::string dump(const value& value) {
  Writer writer;
  writer.value(value);
  return writer.take();
}

}  // namespace leoflow::json
