// SPDX-License-Identifier: Apache-2.0
// A task log on its way to a client: line by line, in the form asked for, with live follow.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/http.h"
#include "api/log_port.h"

namespace leoflow::api {

constexpr size_t kLogLineBytesMax = 1024 * 1024;  // longer lines are cut into parts of this size

// Reads a log in whole lines.
class LogCursor {
 public:
  LogCursor(std::unique_ptr<LogReader> reader, uint64_t offset)
      : reader_(std::move(reader)), offset_(offset) {}

  // The next line without its newline; nothing at the end of what is there so far. A last line
  // without newline is held back until it is finished, unless take_partial.
  Result<std::optional<std::string>> next(bool take_partial);
  // Where the next line starts.
  uint64_t offset() const { return offset_; }
  const LogReader& reader() const { return *reader_; }

 private:
  std::unique_ptr<LogReader> reader_;
  uint64_t offset_;
  std::string buffer_;   // the byte at begin_ is the one at offset_
  size_t begin_ = 0;     // what is before it has been given out
  size_t searched_ = 0;  // up to here there is no newline after begin_
};

// placed: records with their offsets, {"offset": N, "record": {...}}, and nothing else.
enum class LogFormat { ndjson, text, placed };

// A stored line as one JSON object: itself if it is one, else {"event": line}.
std::string log_record(const std::string& line);
// A record as people read it: "[time] {logger} LEVEL - event".
std::string log_text(const std::string& record);
// The records that open every log: where it comes from.
std::string log_opening(const std::string& source);

// Streams a log. With `follow` it goes on until the try is over, as `over` says, and its log
// complete; without, it ends at the end of file.
class LogStream : public StreamSource {
 public:
  struct Parts {
    LogPort& logs;
    LogName name;
    LogFormat format = LogFormat::ndjson;
    bool follow = false;
    uint64_t offset = 0;  // where to begin: a line's start
    std::function<bool()> over;  // whether the try has ended
    std::function<std::shared_ptr<void>(std::function<void()>)>
        on_change;  // calls back when `over` may have changed
  };
  explicit LogStream(Parts parts) : parts_(std::move(parts)) {}

  void start(std::function<void()> wake) override;
  Next pull(std::string& out) override;
  Duration interval() const override;

 private:
  void emit(const std::string& record, uint64_t offset, std::string& out) const;
  void say(const std::string& record, std::string& out) const;  // what no log contains
  bool open(std::string& out, bool over);
  bool at_end();

  Parts parts_;
  std::optional<LogCursor> cursor_;
  std::shared_ptr<void> growth_, changes_;
  bool tail_missing_ = false;  // the try is over, its log not complete
};

}  // namespace leoflow::api
