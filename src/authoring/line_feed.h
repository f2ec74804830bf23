// SPDX-License-Identifier: Apache-2.0
// Cuts a program's output into lines for a progress callback.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace leoflow {

constexpr size_t kProgressLineMax = 1000;  // the rest of a longer line is left out

class LineFeed {
 public:
  // The sink outlives it; may be empty.
  explicit LineFeed(const std::function<void(std::string_view)>& sink) : sink_(sink) {}
  void add(std::string_view chunk) {
    for (const char c : chunk) {
      if (c == '\n' || c == '\r')
        flush();
      else if (line_.size() < kProgressLineMax)
        line_ += c;
    }
  }
  // Tells the line that has no end yet.
  void flush() {
    if (!line_.empty() && sink_) sink_(line_);
    line_.clear();
  }

 private:
  const std::function<void(std::string_view)>& sink_;
  std::string line_;
};

}  // namespace leoflow
