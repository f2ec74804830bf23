// SPDX-License-Identifier: Apache-2.0
// Lines and server-sent events out of a text that arrives in parts. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace leoflow::cli {

constexpr size_t kLineBytesMax =
    4 * 1024 * 1024;  // longer lines are handed on in parts of this size

class LineSplitter {
 public:
  void feed(std::string_view bytes) { buffer_ += bytes; }
  // The next whole line without its newline.
  std::optional<std::string> next();

 private:
  std::string buffer_;
  size_t searched_ = 0;
};

struct ServerEvent {
  std::string name, data, id;
};

class EventSplitter {
 public:
  void feed(std::string_view bytes) { lines_.feed(bytes); }
  // The next complete event; comments and empty events are skipped.
  std::optional<ServerEvent> next();
  // The id to resume from, also of events without data.
  const std::string& last_id() const { return last_id_; }

 private:
  LineSplitter lines_;
  ServerEvent event_;
  std::string last_id_;
};

}  // namespace leoflow::cli
