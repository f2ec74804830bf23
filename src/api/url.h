// SPDX-License-Identifier: Apache-2.0
// Reads request targets. Strict on purpose: what a proxy and we could read differently is refused.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace leoflow::api {

constexpr size_t kPathSegmentsMax = 64;
constexpr size_t kQueryParamsMax = 256;

struct Url {
  std::vector<std::string> segments;  // decoded; "/a/b" and "/a/b/" give the same
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
};

// Splits and decodes an origin-form target ("/path?query"). `invalid` for: other forms, broken
// escapes, control characters, invalid UTF-8, "." and ".." segments (also escaped), empty segments,
// backslashes, too many parts. An escaped slash stays inside its segment: routes that do not expect
// one refuse it.
Result<Url> parse_url(std::string_view target);

// Percent-decoding; plus_is_space for query parts. `invalid` for a broken escape.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space);

}  // namespace leoflow::api
