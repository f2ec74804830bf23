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

namespace {

std::string spool_head(AttemptId attempt) {
  std::string head = "{\"attempt\":" + std::to_string(attempt.value) + "}";
  head.resize(kSpoolHeadBytes - 1, ' ');
  return head + "\n";
}

// Up to `count` bytes of the file.
Result<std::string> read_bytes(int fd, uint64_t offset, uint64_t count, const fs::path& path) {
  std::string bytes(count, '\0');
  size_t have = 0;
  while (have < count) {
    ssize_t got = pread(fd, bytes.data() + have, count - have, off_t(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(from_errno("read", path.string()));
    if (got == 0) break;
    have += size_t(got);
  }
  bytes.resize(have);
  return bytes;
}

bool belongs_to(int fd, AttemptId attempt, const fs::path& path) {
  return read_bytes(fd, 0, kSpoolHeadBytes, path).value_or("") == spool_head(attempt);
}

}  // namespace

uint64_t spooled_bytes(const fs::path& path, AttemptId attempt) {
  Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || !belongs_to(fd.get(), attempt, path)) return 0;
  off_t size = lseek(fd.get(), 0, SEEK_END);
  return size < off_t(kSpoolHeadBytes) ? 0 : uint64_t(size) - kSpoolHeadBytes;
}

Result<std::string> read_spool(const fs::path& path, uint64_t offset, uint64_t count) {
  Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail(from_errno("open", path.string()));
  return read_bytes(fd.get(), kSpoolHeadBytes + offset, count, path);
}

Result<LogSpool> LogSpool::open(const fs::path& path, AttemptId attempt) {
  Fd fd(::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return fail(from_errno("open", path.string()));
  if (!belongs_to(fd.get(), attempt, path)) {
    if (ftruncate(fd.get(), 0) < 0) return fail(from_errno("truncate", path.string()));
    auto written = write_all(fd.get(), spool_head(attempt), path.string());
    if (!written) return fail(written);
  }
  off_t size = lseek(fd.get(), 0, SEEK_END);
  return LogSpool(std::move(fd), uint64_t(size) - kSpoolHeadBytes);
}

Status LogSpool::append(std::string_view lines) {
  auto written = write_all(fd_.get(), lines, "log spool");
  if (written) {
    size_ += lines.size();
    return written;
  }
  // A short write leaves no torn line behind, unless even that fails: then it is at least counted.
  if (ftruncate(fd_.get(), off_t(kSpoolHeadBytes + size_)) == 0) return written;
  off_t size = lseek(fd_.get(), 0, SEEK_END);
  if (size >= off_t(kSpoolHeadBytes)) size_ = uint64_t(size) - kSpoolHeadBytes;
  return written;
}

}  // namespace leoflow
