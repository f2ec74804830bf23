// SPDX-License-Identifier: Apache-2.0
// From what a task prints to lines of its log: JSON objects {"timestamp","level","logger","event"}.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "agent/masker.h"
#include "base/time.h"

namespace leoflow {

constexpr size_t kLineBytesMax = 1 << 20;  // longer lines are split

// Cuts a stream into lines; holds back at most one unfinished line. Not thread-safe.
class LineSplitter {
 public:
  using Sink = std::function<void(std::string_view line)>;

  // Calls sink for every complete line (without its end) and for each kLineBytesMax of a longer
  // one, cut between characters.
  void feed(std::string_view bytes, const Sink& sink);
  // The unfinished rest, if any, as a last line.
  void finish(const Sink& sink);

 private:
  std::string rest_;
};

// One line of the log, with its newline. Secrets are masked and invalid UTF-8 becomes U+FFFD.
std::string text_log_line(Time at, std::string_view level, std::string_view logger,
                          std::string_view text, const Masker& masker);
// A line that the task's logging wrote as a JSON object: kept with its members, strings masked; the
// four members every line has are added when missing. A line that is no JSON object is taken as
// text of the logger "task".
std::string json_log_line(Time at, std::string_view line, const Masker& masker);

}  // namespace leoflow
