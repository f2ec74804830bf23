// SPDX-License-Identifier: Apache-2.0
// UTF-8 as it comes from programs we do not control: what is valid, and what to skip when it is
// not.
#pragma once

#include <string>
#include <string_view>

namespace leoflow {

constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

// The code point at the front of a text: how many bytes it takes, or, when it is not valid (stray
// or missing continuation, overlong form, surrogate, above U+10FFFF), how many bytes one U+FFFD
// stands for (1 to 3).
struct Utf8Step {
  size_t length;
  bool valid;
};
// Requires: !text.empty().
Utf8Step utf8_step(std::string_view text);

bool valid_utf8(std::string_view text);
// The text with each invalid part replaced by U+FFFD, as Python's errors="replace" does it.
std::string replace_invalid_utf8(std::string_view text);

}  // namespace leoflow
