// SPDX-License-Identifier: Apache-2.0
#include "api/log_window.h"

#include <algorithm>
#include <cstring>

#include "api/log_stream.h"
#include "base/json.h"

namespace leoflow::api {
namespace {

constexpr size_t kReadBytes = 256 * 1024;

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; }
constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; }

bool same_letter(char a, char b) { return lower(a) == lower(b); }

// Gigabytes are looked through: nearly all places are told apart by their first letter.
bool contains(std::string_view text, std::string_view part, bool match_case) {
  if (match_case || part.empty()) return text.find(part) != std::string_view::npos;
  if (part.size() > text.size()) return false;
  const char small = lower(part[0]), large = upper(part[0]);
  const char* end = text.data() + text.size() - part.size() + 1;
  for (const char* at = text.data(); at != end; ++at) {
    if (*at != small && *at != large) continue;
    if (std::equal(part.begin() + 1, part.end(), at + 1, same_letter)) return true;
  }
  return false;
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

// Which of the choices of LogFilter::stream a logger is.
std::string_view stream_of(std::string_view logger) {
  if (logger.ends_with(".stdout")) return "stdout";
  if (logger.ends_with(".stderr")) return "stderr";
  return logger == "agent" ? "agent" : "logger";
}

int64_t newlines_in(std::string_view bytes) { return std::ranges::count(bytes, '\n'); }

struct Range {
  uint64_t start, end;  // lines that start here or later, and before
};

Result<LogSearch> search_range(LogReader& log, const LogMatcher& matcher, Range range,
                               size_t lines_max, size_t bytes_max, bool partial) {
  LogSearch search{.next = range.start};
  LogCursor cursor(std::make_unique<BorrowedReader>(log), range.start);
  uint64_t counted = 0;
  while (search.lines.size() < lines_max && search.looked_at < bytes_max &&
         cursor.offset() < range.end) {
    uint64_t at = cursor.offset();
    auto line = cursor.next(partial);
    if (!line) return fail(line);
    search.at_end = !*line;
    if (search.at_end) break;
    search.next = cursor.offset();
    search.looked_at += search.next - at;
    if (matcher.matches(**line))
      search.lines.push_back({at, std::move(**line), range.start, counted});
    ++counted;
  }
  return search;
}

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
  bool named = !filter_.stream.empty() && filter_.stream != "logger";
  if (named && line.find(filter_.stream) == std::string_view::npos) return false;
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
  if (!filter_.stream.empty() && stream_of(json::string_or(record, "logger")) != filter_.stream)
    return false;
  return filter_.text.empty() || found_in(json::string_or(record, "event")) ||
         found_in(json::string_or(record, "exception"));
}

Result<LogSearch> search_log(LogReader& log, const LogMatcher& matcher, uint64_t offset,
                             size_t lines_max, size_t bytes_max, bool partial) {
  auto start = line_start(log, offset);
  if (!start) return fail(start);
  return search_range(log, matcher, {*start, UINT64_MAX}, lines_max, bytes_max, partial);
}

Result<LogSearch> search_log_before(LogReader& log, const LogMatcher& matcher, uint64_t before,
                                    size_t lines_max, size_t bytes_max, bool partial) {
  auto size = log.size();
  if (!size) return fail(size);
  LogSearch found{.next = std::min(before, *size)};
  while (found.lines.size() < lines_max && found.looked_at < bytes_max && found.next > 0) {
    // Pieces begin where LogLineIndex knows how many lines come before.
    uint64_t from = (found.next - 1) / LogLineIndex::kStride * LogLineIndex::kStride;
    auto start = line_start(log, from);
    if (!start) return fail(start);
    auto piece = search_range(log, matcher, {*start, found.next}, SIZE_MAX, SIZE_MAX, partial);
    if (!piece) return piece;
    found.looked_at += found.next - from;
    found.next = from;
    auto& lines = piece->lines;
    size_t room = lines_max - found.lines.size();
    if (lines.size() > room) {
      lines.erase(lines.begin(), lines.end() - ptrdiff_t(room));
      found.next = lines[0].offset;
    }
    found.lines.insert(found.lines.begin(), std::make_move_iterator(lines.begin()),
                       std::make_move_iterator(lines.end()));
  }
  found.at_end = found.next == 0;
  return found;
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

Result<std::vector<int64_t>> LogLineIndex::count(
    LogReader& log, AttemptId attempt, uint64_t read_max,
    const std::function<bool(const std::vector<int64_t>&)>& enough) {
  std::vector<int64_t> lines = recall(attempt);
  size_t known = lines.size();
  for (uint64_t read = 0; !enough(lines) && read < read_max; read += kStride) {
    auto bytes = log.read((lines.size() - 1) * kStride, kStride);
    if (!bytes) return fail(bytes);
    if (bytes->size() < kStride) break;
    lines.push_back(lines.back() + newlines_in(*bytes));
  }
  if (lines.size() > known) keep(attempt, lines);
  return lines;
}

Result<std::optional<int64_t>> LogLineIndex::lines_before(LogReader& log, AttemptId attempt,
                                                          uint64_t offset, uint64_t read_max) {
  uint64_t wanted = offset / kStride;
  auto lines = count(log, attempt, read_max,
                     [&](const std::vector<int64_t>& known) { return known.size() > wanted; });
  if (!lines) return fail(lines);
  if (lines->size() <= wanted) return std::optional<int64_t>();
  auto rest = log.read(wanted * kStride, size_t(offset % kStride));
  if (!rest) return fail(rest);
  return std::optional<int64_t>((*lines)[wanted] + newlines_in(*rest));
}

Result<std::optional<uint64_t>> LogLineIndex::start_of(LogReader& log, AttemptId attempt,
                                                       int64_t lines) {
  auto known = count(log, attempt, kReadMax,
                     [&](const std::vector<int64_t>& counts) { return counts.back() >= lines; });
  if (!known) return fail(known);
  // The last place with fewer lines before it: the line starts after it.
  auto place = std::ranges::lower_bound(*known, lines);
  if (place != known->begin()) --place;
  uint64_t at = uint64_t(place - known->begin()) * kStride;
  int64_t missing = lines - *place;
  if (missing <= 0) return std::optional<uint64_t>(at);
  auto bytes = log.read(at, kStride);
  if (!bytes) return fail(bytes);
  for (size_t i = 0; i < bytes->size(); ++i)
    if ((*bytes)[i] == '\n' && --missing == 0) return std::optional<uint64_t>(at + i + 1);
  if (bytes->size() == kStride) return std::optional<uint64_t>();
  return std::optional<uint64_t>(at + bytes->size());
}

}  // namespace leoflow::api
