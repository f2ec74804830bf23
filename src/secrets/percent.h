// SPDX-License-Identifier: Apache-2.0
// Percent-encoding as Python's urllib.parse does it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leoflow {

// quote(text, safe=""): everything but letters, digits and _.-~ becomes %XX.
std::string percent_encode(std::string_view text);
// unquote(): %XX to bytes; a % that starts no pair of hex digits stays.
std::string percent_decode(std::string_view text);
// parse_qsl(text, keep_blank_values=True): + is a space.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view text);

}  // namespace leoflow
