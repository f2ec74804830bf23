// SPDX-License-Identifier: Apache-2.0
#include "api/log_window.h"

#include <algorithm>
#include <cstring>

#include "api/log_stream.h"
#include "base/json.h"

namespace leoflow::api {
namespace {

constexpr size_t kReadBytes = 256 * 1024;

bool same_letter(char a, char b) {
  return tolower(static_cast<unsigned char>(a)) == tolower(static_cast<unsigned char>(b));
}

bool contains(std::string_view text, std::string_view part, bool match_case) {
  if (match_case) return text.find(part) != std::string_view::npos;
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same_letter) != text.end();
}

// Where the first line that starts at or after an offset does.
Result<uint64_t> line_start(LogReader& log, uint64_t offset) {
  if (offset == 0) return uint64_t(0);
  uint64_t at = offset - 1;  // a newline there means that a line starts at offset
  while (true) {
    auto bytes = log.read(at, kReadBytes);
    if (!bytes) return fail(bytes);
    if (bytes->empty()) return at;
    size_t newline = bytes->find('\n');
    if (newline != std::string::npos) return at + newline + 1;
    at += bytes->size();
    // A line that long is read in parts; any of them is a start.
    if (at - offset >= kLogLineBytesMax) return at;
  }
}

// A reader that is somebody else's, for LogCursor, which owns its own.
class BorrowedReader : public LogReader {
 public:
  explicit BorrowedReader(LogReader& inner) : inner_(inner) {}
  Result<std::string> read(uint64_t offset, size_t bytes_max) override {
    return inner_.read(offset, bytes_max);
  }
  Result<uint64_t> size() override { return inner_.size(); }
  std::string source() const override { return inner_.source(); }

 private:
  LogReader& inner_;
};

int64_t newlines_in(std::string_view bytes) { return std::ranges::count(bytes, '\n'); }

}  // namespace

Result<LogWindow> lines_from(LogReader& log, uint64_t offset, size_t bytes, bool partial) {
  auto size = log.size();
  if (!size) return fail(size);
  LogWindow window{.size = *size};
  auto start = line_start(log, std::min(offset, *size));
  if (!start) return fail(start);
  window.offset = window.next = std::min(*start, *size);
  LogCursor cursor(std::make_unique<BorrowedReader>(log), window.offset);
  while (window.lines.empty() || window.next < offset + bytes) {
    uint64_t at = cursor.offset();
    auto line = cursor.next(partial);
    if (!line) return fail(line);
    if (!*line) break;
    window.lines.push_back({at, std::move(**line)});
    window.next = cursor.offset();
  }
  return window;
}

Result<LogWindow> lines_before(LogReader& log, uint64_t before, size_t bytes, bool partial) {
  auto size = log.size();
  if (!size) return fail(size);
  uint64_t end = std::min(before, *size);
  // Further back until a line is found: it may be longer than the window.
  for (size_t back = bytes;; back = std::min<size_t>(back * 4, size_t(end))) {
    uint64_t from = end > back ? end - back : 0;
    auto window = lines_from(log, from, size_t(end - from), partial);
    if (!window) return window;
    while (!window->lines.empty() && window->next > end) {
      window->next = window->lines.back().offset;
      window->lines.pop_back();
    }
    if (window->lines.empty() && from > 0) continue;
    if (back > bytes && window->lines.size() > 1) {  // one is what was looked for so far back
      window->lines.erase(window->lines.begin(), window->lines.end() - 1);
      window->offset = window->lines[0].offset;
    }
    return window;
  }
}

LogMatcher::LogMatcher(LogFilter filter) : filter_(std::move(filter)) {
  plain_ = std::ranges::all_of(filter_.text, [](unsigned char c) {
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\' && c != '/';
  });
}

bool LogMatcher::found_in(std::string_view text) const {
  return contains(text, filter_.text, filter_.match_case);
}

bool LogMatcher::may_match(std::string_view line) const {
  if (!filter_.text.empty() && plain_ && !found_in(line)) return false;
  if (!filter_.stream.empty() && line.find(filter_.stream) == std::string_view::npos) return false;
  return filter_.levels.empty() ||
         std::ranges::any_of(filter_.levels, [&](const std::string& level) {
           return contains(line, level, false);
         });
}

bool LogMatcher::matches(const std::string& line) const {
  if (!may_match(line)) return false;
  auto parsed = json::parse(log_record(line));
  if (!parsed || !parsed->is_object()) return false;
  const json::object& record = parsed->get_object();
  auto is_level = [level = json::string_or(record, "level")](const std::string& one) {
    return std::ranges::equal(one, level, same_letter);
  };
  if (!filter_.levels.empty() && std::ranges::none_of(filter_.levels, is_level)) return false;
  std::string logger = json::string_or(record, "logger");
  if (!filter_.stream.empty() && !logger.ends_with("." + filter_.stream)) return false;
  return filter_.text.empty() || found_in(json::string_or(record, "event")) ||
         found_in(json::string_or(record, "exception"));
}

Result<LogSearch> search_log(LogReader& log, const LogMatcher& matcher, uint64_t offset,
                             size_t lines_max, size_t bytes_max, bool partial) {
  auto start = line_start(log, offset);
  if (!start) return fail(start);
  LogSearch search{.next = *start};
  LogCursor cursor(std::make_unique<BorrowedReader>(log), *start);
  while (search.lines.size() < lines_max && search.looked_at < bytes_max) {
    uint64_t at = cursor.offset();
    auto line = cursor.next(partial);
    if (!line) return fail(line);
    search.at_end = !*line;
    if (search.at_end) break;
    search.next = cursor.offset();
    search.looked_at += search.next - at;
    if (matcher.matches(**line)) search.lines.push_back({at, std::move(**line)});
  }
  return search;
}

std::vector<int64_t> LogLineIndex::recall(AttemptId attempt) {
  return state_.with([&](State& state) -> std::vector<int64_t> {
    auto found = state.logs.find(attempt);
    if (found == state.logs.end()) return {0};
    found->second.used = ++state.uses;
    return found->second.lines;
  });
}

void LogLineIndex::keep(AttemptId attempt, std::vector<int64_t> lines) {
  state_.with([&](State& state) {
    Known& known = state.logs[attempt];
    known.used = ++state.uses;
    if (lines.size() > known.lines.size()) known.lines = std::move(lines);
    if (state.logs.size() <= kLogsMax) return;
    auto oldest =
        std::ranges::min_element(state.logs, {}, [](const auto& one) { return one.second.used; });
    state.logs.erase(oldest);
  });
}

Result<std::optional<int64_t>> LogLineIndex::lines_before(LogReader& log, AttemptId attempt,
                                                          uint64_t offset) {
  std::vector<int64_t> lines = recall(attempt);
  size_t known = lines.size();
  uint64_t wanted = offset / kStride, read = 0;
  while (lines.size() <= wanted && read < kReadMax) {
    auto bytes = log.read((lines.size() - 1) * kStride, kStride);
    if (!bytes) return fail(bytes);
    if (bytes->size() < kStride) break;  // shorter than it was thought to be
    lines.push_back(lines.back() + newlines_in(*bytes));
    read += bytes->size();
  }
  bool reached = lines.size() > wanted;
  int64_t before = lines[std::min<size_t>(wanted, lines.size() - 1)];
  if (lines.size() > known) keep(attempt, std::move(lines));
  if (!reached) return std::optional<int64_t>();
  auto rest = log.read(wanted * kStride, size_t(offset % kStride));
  if (!rest) return fail(rest);
  return std::optional<int64_t>(before + newlines_in(*rest));
}

}  // namespace leoflow::api
