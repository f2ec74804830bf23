// SPDX-License-Identifier: Apache-2.0
// The text checks of JSON schemas: patterns and formats.
#pragma once

#include <string_view>

#include "base/error.h"

namespace leoflow {

constexpr size_t kPatternBytesMax = 1024;

// Unicode characters of valid UTF-8 text.
size_t code_points(std::string_view text);

// Whether the regular expression matches somewhere in text, in linear time. `invalid` when the
// expression is broken, longer than kPatternBytesMax or needs look-around or back-references.
Result<bool> pattern_matches(std::string_view pattern, std::string_view text);

// Whether text has the format: date-time (RFC 3339 with zone), date, time, email, uuid, ipv4, ipv6,
// regex. Unknown formats hold for every text.
bool format_holds(std::string_view format, std::string_view text);

}  // namespace leoflow
