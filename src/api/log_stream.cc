// SPDX-License-Identifier: Apache-2.0
#include "api/log_stream.h"

#include <algorithm>

#include "base/json.h"
#include "base/log.h"

namespace leoflow::api {
namespace {
constexpr size_t kReadBytes = 64 * 1024;
}

Result<std::optional<std::string>> LogCursor::next(bool take_partial) {
  while (true) {
    size_t newline = buffer_.find('\n', searched_);
    size_t length = std::min(newline, buffer_.size()) - begin_;
    if (newline != std::string::npos || length >= kLogLineBytesMax) {
      bool whole = newline != std::string::npos && length <= kLogLineBytesMax;
      length = std::min(length, kLogLineBytesMax);
      std::string line = buffer_.substr(begin_, length);
      size_t used = length + (whole ? 1 : 0);
      offset_ += used;
      begin_ += used;
      searched_ = begin_;
      return line;
    }
    buffer_.erase(0, std::exchange(begin_, 0));  // once per read, not per line
    searched_ = buffer_.size();
    auto bytes = reader_->read(offset_ + buffer_.size(), kReadBytes);
    if (!bytes) return fail(bytes);
    if (!bytes->empty()) {
      buffer_ += *bytes;
      continue;
    }
    if (!take_partial || buffer_.empty()) return std::optional<std::string>();
    offset_ += buffer_.size();
    searched_ = 0;
    return std::exchange(buffer_, {});
  }
}

std::string log_record(const std::string& line) {
  auto parsed = json::parse(line);
  if (parsed && parsed->is_object() && parsed->get_object().contains("event")) return line;
  json::Writer w;
  w.begin_object().member("event", line).end_object();
  return w.take();
}

std::string log_text(const std::string& record) {
  auto parsed = json::parse(record);
  if (!parsed || !parsed->is_object()) return record;
  const json::object& fields = parsed->get_object();
  std::string text;
  if (auto time = json::string_or(fields, "timestamp"); !time.empty()) text += "[" + time + "] ";
  if (auto logger = json::string_or(fields, "logger"); !logger.empty()) text += "{" + logger + "} ";
  if (auto level = json::string_or(fields, "level"); !level.empty()) {
    std::ranges::transform(level, level.begin(), [](unsigned char c) { return char(toupper(c)); });
    text += level + " - ";
  }
  text += json::string_or(fields, "event");
  if (auto exception = json::string_or(fields, "exception"); !exception.empty())
    text += "\n" + exception;
  return text;
}

std::string log_opening(const std::string& source) {
  json::Writer w;
  w.begin_object()
      .member("event", "::group::Log message source details")
      .key("sources")
      .begin_array();
  w.string(source).end_array().end_object();
  return w.take();
}

void LogStream::start(std::function<void()> wake) {
  if (!parts_.follow) return;
  changes_ = parts_.on_change(wake);
  growth_ = parts_.logs.watch(parts_.name, std::move(wake));
}

Duration LogStream::interval() const {
  bool told = growth_ && !tail_missing_;  // that the writer is gone is told by nobody
  return told ? Duration(std::chrono::seconds(10)) : Duration(std::chrono::milliseconds(500));
}

// Whether nothing will be added to the log.
bool LogStream::at_end() {
  bool over = parts_.over();
  tail_missing_ = over && !parts_.logs.complete(parts_.name);
  return over && !tail_missing_;
}

void LogStream::emit(const std::string& record, uint64_t offset, std::string& out) const {
  switch (parts_.format) {
    case LogFormat::ndjson: out += record; break;
    case LogFormat::text: out += log_text(record); break;
    case LogFormat::placed:
      out += R"({"offset":)" + std::to_string(offset) + R"(,"record":)" + record + "}";
  }
  out += '\n';
}

void LogStream::say(const std::string& record, std::string& out) const {
  if (parts_.format != LogFormat::placed) emit(record, 0, out);
}

// False when there is no log (yet).
bool LogStream::open(std::string& out, bool over) {
  if (cursor_) return true;
  auto reader = parts_.logs.open(parts_.name);
  if (!reader) {
    bool missing = reader.error().code() == Code::not_found;
    if (!missing) log::warning("cannot read a task log: " + reader.error().message());
    if (over || !missing || !parts_.follow)
      say(R"({"event":"There is no log for this try."})", out);
    return false;
  }
  say(log_opening((*reader)->source()), out);
  say(R"({"event":"::endgroup::"})", out);
  cursor_.emplace(std::move(*reader), parts_.offset);
  return true;
}

StreamSource::Next LogStream::pull(std::string& out) {
  // Asked before reading: what is written until the try ends must be seen.
  bool over = !parts_.follow || at_end();
  if (!open(out, over)) return over ? Next::end : Next::wait;
  while (out.size() < kStreamChunkBytesMax) {
    uint64_t at = cursor_->offset();
    auto line = cursor_->next(over);
    if (!line) {
      log::warning("a task log broke off: " + line.error().message());
      return Next::end;
    }
    if (!*line) return over ? Next::end : Next::wait;
    emit(log_record(**line), at, out);
  }
  return Next::more;
}

}  // namespace leoflow::api
