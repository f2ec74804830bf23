// SPDX-License-Identifier: Apache-2.0
// Hides secrets in log text: each occurrence of a known text becomes ***.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace leoflow {

// Texts shorter than this are not masked: hiding every "1" would hide the log.
constexpr size_t kMaskBytesMin = 5;
constexpr size_t kMaskTextsMax = 10'000;  // per attempt; further ones are ignored

// Value type, not thread-safe.
class Masker {
 public:
  // Also masks each line of a text of several lines, since logs are cut into lines.
  void add(std::string_view secret);
  bool empty() const { return count_ == 0; }
  // The longest text that matches at a place wins.
  std::string apply(std::string_view text) const;

 private:
  void add_one(std::string_view secret);
  size_t match(std::string_view text) const;

  std::array<std::vector<std::string>, 256> by_first_byte_;  // each longest first
  size_t count_ = 0;
};

}  // namespace leoflow
