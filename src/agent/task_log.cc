// SPDX-License-Identifier: Apache-2.0
#include "agent/task_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.h"

namespace leoflow {

namespace {
constexpr size_t kReadBytes = 64 * 1024;
constexpr size_t kDrainBytesMax = 4 << 20;  // more than any pipe holds
}  // namespace

TaskLog::TaskLog(Loop& loop, const Clock& clock, std::function<void(uint64_t)> grew)
    : loop_(loop), clock_(clock), grew_(std::move(grew)) {}

TaskLog::~TaskLog() {
  for (size_t i = 0; i < sources_.size(); ++i) close(i);
}

Status TaskLog::open(const fs::path& path, AttemptId attempt) {
  auto spool = LogSpool::open(path, attempt);
  if (!spool) return fail(spool);
  spool_ = std::move(*spool);
  return {};
}

Result<Fd> TaskLog::pipe_for(Stream stream) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return fail(from_errno("pipe2", "task log"));
  auto index = size_t(stream);
  sources_[index].fd = Fd(ends[0]);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  loop_.watch(ends[0], Loop::Ready::read, [this, index] { on_readable(index); });
  return Fd(ends[1]);
}

void TaskLog::on_readable(size_t index) { read_some(index, kLogReadBytesPerTurn); }

// True when the pipe is empty or at its end.
bool TaskLog::read_some(size_t index, size_t bytes_max) {
  Source& source = sources_[index];
  std::string lines;
  auto sink = [&](std::string_view text) { lines += line(index, text); };
  char buffer[kReadBytes];
  bool empty = false;
  for (size_t total = 0; source.fd && !empty && total < bytes_max;) {
    ssize_t got = read(source.fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      empty = true;
      if (got < 0 && errno == EAGAIN) break;
      source.splitter.finish(sink);
      close(index);
      break;
    }
    total += size_t(got);
    source.splitter.feed(std::string_view(buffer, size_t(got)), sink);
  }
  append(lines);
  return empty || !source.fd;
}

void TaskLog::close(size_t index) {
  if (!sources_[index].fd) return;
  loop_.unwatch(sources_[index].fd.get(), Loop::Ready::read);
  sources_[index].fd.reset();
}

std::string TaskLog::line(size_t index, std::string_view text) const {
  switch (Stream(index)) {
    case Stream::out: return text_log_line(clock_.now(), "info", "task.stdout", text, masker_);
    case Stream::err: return text_log_line(clock_.now(), "error", "task.stderr", text, masker_);
    case Stream::log: break;
  }
  return json_log_line(clock_.now(), text, masker_);
}

void TaskLog::note(std::string_view text, std::string_view level) {
  append(text_log_line(clock_.now(), level, "agent", text, masker_));
}

std::string TaskLog::dropped_line() const {
  return text_log_line(clock_.now(), "warning", "agent",
                       std::to_string(dropped_bytes_) + " bytes of the log could not be written",
                       masker_);
}

bool TaskLog::tell_dropped() {
  if (dropped_bytes_ == 0 || !spool_) return true;
  if (!spool_->append(dropped_line())) return false;
  dropped_bytes_ = 0;
  grew_(spool_->size());
  return true;
}

void TaskLog::append(const std::string& lines) {
  if (lines.empty() || !spool_) return;
  std::string text;
  if (spool_->size() + lines.size() > kLogBytesMax) {
    if (full_noted_) return;
    full_noted_ = true;
    text = text_log_line(clock_.now(), "warning", "agent",
                         "the log is longer than 4 GiB: the rest is dropped", masker_);
  } else if (dropped_bytes_ > 0) {
    text = dropped_line() + lines;
  }
  auto written = spool_->append(text.empty() ? lines : text);
  if (written) {
    dropped_bytes_ = 0;
  } else {
    if (dropped_bytes_ == 0) log::error(written.error().message());
    dropped_bytes_ += lines.size();
  }
  grew_(spool_->size());
}

void TaskLog::drain() {
  for (size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i].fd) read_some(i, kDrainBytesMax);
  }
}

void TaskLog::end_lines() {
  drain();
  for (size_t i = 0; i < sources_.size(); ++i) {
    std::string lines;
    sources_[i].splitter.finish([&](std::string_view text) { lines += line(i, text); });
    append(lines);
  }
}

void TaskLog::close_streams() {
  end_lines();
  for (size_t i = 0; i < sources_.size(); ++i) close(i);
}

}  // namespace leoflow
