// SPDX-License-Identifier: Apache-2.0
#include "model/json_format.h"

#include <arpa/inet.h>
#include <re2/re2.h>

#include <string>

#include "base/time.h"

namespace leoflow {
namespace {

RE2::Options quiet_options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  return options;
}

bool full_match(std::string_view text, const char* pattern) {
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), RE2(pattern, quiet_options()));
}

bool is_address(int family, std::string_view text) {
  unsigned char buffer[16];
  return inet_pton(family, std::string(text).c_str(), buffer) == 1;
}

bool is_uuid(std::string_view text) {
  return full_match(text, "[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}");
}

bool is_time_of_day(std::string_view text) {
  if (text.find_first_of("Zz+-") == std::string_view::npos) {
    return parse_time("2000-01-01T" + std::string(text) + "Z").has_value();
  }
  return parse_time("2000-01-01T" + std::string(text)).has_value();
}

}  // namespace

size_t code_points(std::string_view text) {
  size_t count = 0;
  for (unsigned char byte : text) count += (byte & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

Result<bool> pattern_matches(std::string_view pattern, std::string_view text) {
  if (pattern.size() > kPatternBytesMax)
    return fail(Code::invalid, "the pattern is too long to check");
  RE2 expression(re2::StringPiece(pattern.data(), pattern.size()), quiet_options());
  if (!expression.ok()) {
    return fail(Code::invalid,
                "the pattern '" + std::string(pattern) + "' cannot be used: " + expression.error(),
                "look-around and back-references are not supported");
  }
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), expression);
}

bool format_holds(std::string_view format, std::string_view text) {
  if (format == "date-time") return parse_time(text).has_value();
  if (format == "date")
    return text.size() == 10 && parse_time(std::string(text) + "T00:00:00Z").has_value();
  if (format == "time") return is_time_of_day(text);
  if (format == "email" || format == "idn-email") return full_match(text, "[^@\\s]+@[^@\\s]+");
  if (format == "uuid") return is_uuid(text);
  if (format == "ipv4") return is_address(AF_INET, text);
  if (format == "ipv6") return is_address(AF_INET6, text);
  if (format == "regex") return pattern_matches(text, "").has_value();
  return true;
}

}  // namespace leoflow
