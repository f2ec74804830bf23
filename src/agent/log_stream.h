// SPDX-License-Identifier: Apache-2.0
// Where the shipping of an attempt's log stands, and the spool file behind it.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "model/ids.h"

namespace leoflow {

constexpr uint64_t kLogChunkBytesMax = 256 * 1024;
constexpr uint64_t kLogWindowBytes = 1 << 20;  // sent and not acknowledged, per attempt
constexpr uint64_t kLogBytesMax = uint64_t(4)
                                  << 30;  // per attempt; what is printed after that is dropped

// The offsets of one log: pure arithmetic. acked <= sent <= size always.
class LogCursor {
 public:
  explicit LogCursor(uint64_t size = 0) : size_(size) {}
  void grew_to(uint64_t size) { size_ = size > size_ ? size : size_; }
  // The server stored everything before offset. An offset past what was sent is taken as far as we
  // have it.
  void acknowledged(uint64_t offset);
  // A session begins: the server has `offset` bytes, continue there.
  void resume(uint64_t offset);
  // Sends again what was sent and not acknowledged.
  void rewind() { sent_ = acked_; }

  uint64_t next_offset() const { return sent_; }
  uint64_t sendable() const;  // bytes the window allows in the next chunk
  void sent(uint64_t bytes);  // Requires: bytes <= sendable()
  bool waiting() const { return sent_ > acked_; }
  bool complete() const { return acked_ == size_; }
  uint64_t acked() const { return acked_; }
  uint64_t size() const { return size_; }

 private:
  uint64_t size_ = 0, sent_ = 0, acked_ = 0;
};

// Cuts a chunk after its last whole line; a chunk that holds no line end (a line longer than a
// chunk) stays whole.
size_t whole_lines(std::string_view chunk);

// A spool file is used by one attempt after another and begins with the name of the one it belongs
// to: after a loss of power, content of an earlier one is not taken for a log.
constexpr uint64_t kSpoolHeadBytes = 32;

// How long the log of the attempt in this file is; 0 when it is not there.
uint64_t spooled_bytes(const fs::path& path, AttemptId attempt);

// Bytes [offset, offset + count) of the log in a spool file, fewer at its end.
Result<std::string> read_spool(const fs::path& path, uint64_t offset, uint64_t count);

// The appending side. Loop's thread only.
class LogSpool {
 public:
  // Continues the attempt's log, or begins it in place of another's.
  static Result<LogSpool> open(const fs::path& path, AttemptId attempt);
  Status append(std::string_view lines);
  uint64_t size() const { return size_; }

 private:
  LogSpool(Fd fd, uint64_t size) : fd_(std::move(fd)), size_(size) {}
  Fd fd_;
  uint64_t size_;  // without the head
};

}  // namespace leoflow
