// SPDX-License-Identifier: Apache-2.0
// Parts of a task log, however long it is: windows by byte, the line number of a place, search.
// What one call reads is bounded; a search says where the next call goes on.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/log_port.h"
#include "async/guarded.h"

namespace leoflow::api {

constexpr size_t kLogWindowDefault = 256 * 1024;
constexpr size_t kLogWindowMax = 1024 * 1024;
constexpr size_t kLogSearchBytesMax = 64 * 1024 * 1024;  // looked at by one call
constexpr size_t kLogQueryBytesMax = 1000;

struct LogLine {
  uint64_t offset = 0;  // of its first byte
  std::string text;     // as stored, without newline; cut at kLogLineBytesMax
  // Of what a search finds: this many lines are between a place before it and the line itself.
  uint64_t counted_from = 0, counted = 0;
};

// Whole lines: `offset` is where the first one starts, `next` where the one after the last does.
struct LogWindow {
  uint64_t offset = 0, next = 0, size = 0;
  std::vector<LogLine> lines;
};

// The lines that start in [offset, offset + bytes), the first of them even if it is longer. An
// offset inside a line means the next one. A last line without newline counts if `partial`.
Result<LogWindow> lines_from(LogReader& log, uint64_t offset, size_t bytes, bool partial);
// The lines that end before `before` and start at most `bytes` earlier; at least one if there is
// any.
Result<LogWindow> lines_before(LogReader& log, uint64_t before, size_t bytes, bool partial);

// What a line must have to be found. Empty = no matter.
struct LogFilter {
  std::string text;  // part of the message or of its exception
  bool match_case = false;
  std::vector<std::string> levels;  // "error"
  std::string stream;               // "stdout", "stderr", "agent", or "logger" for what is neither
};

// A filter made ready; lines it cannot match are told apart without reading them as JSON.
class LogMatcher {
 public:
  explicit LogMatcher(LogFilter filter);
  bool matches(const std::string& line) const;

 private:
  bool may_match(std::string_view line) const;
  bool found_in(std::string_view text) const;

  LogFilter filter_;
  bool plain_ = false;  // the text is stored as it is asked for
};

struct LogSearch {
  std::vector<LogLine> lines;
  uint64_t next = 0;    // where to go on
  bool at_end = false;  // of what is there so far; of a search backwards: the log's start
  uint64_t looked_at = 0;
};

// At most lines_max matches, from an offset on, looking at bytes_max bytes at most.
Result<LogSearch> search_log(LogReader& log, const LogMatcher& matcher, uint64_t offset,
                             size_t lines_max, size_t bytes_max, bool partial);
// The last matches among the lines that start before a place, in the order of the log. Goes on with
// before = next.
Result<LogSearch> search_log_before(LogReader& log, const LogMatcher& matcher, uint64_t before,
                                    size_t lines_max, size_t bytes_max, bool partial);

// How many lines come before a place. Remembers a few places of each log it was asked about, so
// that a log is read through once. Any thread.
class LogLineIndex {
 public:
  static constexpr size_t kLogsMax = 64;
  static constexpr uint64_t kStride = 1024 * 1024;           // bytes between remembered places
  static constexpr uint64_t kReadMax = uint64_t(256) << 20;  // by one call
  static constexpr uint64_t kReadSoon = uint64_t(16) << 20;  // by a call that is not to take long

  // Nothing when more than read_max bytes would have to be read: the next call gets further.
  Result<std::optional<int64_t>> lines_before(LogReader& log, AttemptId attempt, uint64_t offset,
                                              uint64_t read_max = kReadMax);
  // Where the line with so many lines before it starts, the end of the log if it has fewer; nothing
  // as above.
  Result<std::optional<uint64_t>> start_of(LogReader& log, AttemptId attempt, int64_t lines);

 private:
  struct Known {
    std::vector<int64_t> lines;  // lines_[i]: newlines in the first i * kStride bytes
    uint64_t used = 0;
  };
  struct State {
    std::map<AttemptId, Known> logs;
    uint64_t uses = 0;
  };
  std::vector<int64_t> recall(AttemptId attempt);
  // What is known once `enough` says so, read_max bytes were read or the log has no more.
  Result<std::vector<int64_t>> count(
      LogReader& log, AttemptId attempt, uint64_t read_max,
      const std::function<bool(const std::vector<int64_t>&)>& enough);
  void keep(AttemptId attempt, std::vector<int64_t> lines);

  Guarded<State> state_;
};

}  // namespace leoflow::api
