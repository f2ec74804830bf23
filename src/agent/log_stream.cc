// SPDX-License-Identifier: Apache-2.0
#include "agent/log_stream.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/check.h"

namespace leoflow {

void LogCursor::acknowledged(uint64_t offset) {
  acked_ = std::max(acked_, std::min(offset, size_));
  sent_ = std::max(sent_, acked_);
}

void LogCursor::resume(uint64_t offset) {
  acked_ = std::min(offset, size_);
  sent_ = acked_;
}

uint64_t LogCursor::sendable() const {
  uint64_t window = kLogWindowBytes - std::min(kLogWindowBytes, sent_ - acked_);
  return std::min({window, kLogChunkBytesMax, size_ - sent_});
}

void LogCursor::sent(uint64_t bytes) {
  CHECK(bytes <= size_ - sent_);
  sent_ += bytes;
}

size_t whole_lines(std::string_view chunk) {
  size_t end = chunk.rfind('\n');
  return end == chunk.npos ? chunk.size() : end + 1;
}

Result<std::string> read_spool(const fs::path& path, uint64_t offset, uint64_t count) {
  Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail(from_errno("open", path.string()));
  std::string bytes(count, '\0');
  size_t have = 0;
  while (have < count) {
    ssize_t got = pread(fd.get(), bytes.data() + have, count - have, off_t(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(from_errno("read", path.string()));
    if (got == 0) break;
    have += size_t(got);
  }
  bytes.resize(have);
  return bytes;
}

Result<LogSpool> LogSpool::open(const fs::path& path) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return fail(from_errno("open", path.string()));
  off_t size = lseek(fd.get(), 0, SEEK_END);
  return LogSpool(std::move(fd), uint64_t(size));
}

Status LogSpool::append(std::string_view lines) {
  auto written = write_all(fd_.get(), lines, "log spool");
  // A short write leaves no torn line behind, unless even that fails: then it is at least counted.
  if (!written && ftruncate(fd_.get(), off_t(size_)) == 0) return written;
  off_t size = lseek(fd_.get(), 0, SEEK_END);
  if (size >= 0) size_ = uint64_t(size);
  return written;
}

}  // namespace leoflow
