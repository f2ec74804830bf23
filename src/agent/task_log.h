// SPDX-License-Identifier: Apache-2.0
// The log of one attempt: reads what its processes write, masks it, appends it to the spool. Memory
// is bounded by one unfinished line per stream; a task that prints faster than the disk takes it
// waits in its own pipe. Loop only.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>

#include "agent/log_lines.h"
#include "agent/log_stream.h"
#include "async/loop.h"

namespace leoflow {

constexpr size_t kLogReadBytesPerTurn = 256 * 1024;

class TaskLog {
 public:
  // `grew` gets the size of the spool after each append.
  TaskLog(Loop& loop, const Clock& clock, std::function<void(uint64_t)> grew);
  ~TaskLog();

  Status open(const fs::path& path, AttemptId attempt);
  // Opens a pipe for a stream and returns the end that the task writes to. Requires: open().
  enum class Stream { out, err, log };
  Result<Fd> pipe_for(Stream stream);
  void mask(std::string_view secret) { masker_.add(secret); }
  const Masker& masker() const { return masker_; }
  // A line of our own (logger "agent").
  void note(std::string_view text, std::string_view level = "info");
  // Writes how much could not be written, if anything; false when that finds no room either.
  bool tell_dropped();
  // Takes what is in the pipes now, up to a bound per stream.
  void drain();
  // drain(), and the unfinished lines as they are: what comes next begins a new line.
  void end_lines();
  // end_lines(), and the end of reading: what is written later goes nowhere.
  void close_streams();

 private:
  struct Source {
    Fd fd;
    LineSplitter splitter;
  };
  void on_readable(size_t index);
  bool read_some(size_t index, size_t bytes_max);
  void close(size_t index);
  std::string line(size_t index, std::string_view text) const;
  void append(const std::string& lines);
  std::string dropped_line() const;

  Loop& loop_;
  const Clock& clock_;
  std::function<void(uint64_t)> grew_;
  Masker masker_;
  std::optional<LogSpool> spool_;
  std::array<Source, 3> sources_;
  uint64_t dropped_bytes_ = 0;
  bool full_noted_ = false;
};

}  // namespace leoflow
