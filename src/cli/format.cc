// SPDX-License-Identifier: Apache-2.0
#include "cli/format.h"

#include <algorithm>
#include <cstdio>

#include "base/file.h"
#include "base/utf8.h"

namespace leoflow::cli {
namespace {

constexpr size_t kArgumentFileBytesMax = size_t(16) << 20;

// Damerau-Levenshtein with adjacent transpositions: "tirgger" is one step from "trigger".
size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t change = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, change});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string format_bytes(int64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + " B";
  double amount = double(bytes);
  const char* units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
  size_t unit = 0;
  while (amount >= 999.5 && unit + 1 < std::size(units)) {
    amount /= 1000;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, amount < 9.95 ? "%.1f %s" : "%.0f %s", amount, units[unit]);
  return text;
}

std::string short_time(std::string_view api_time) {
  auto time = parse_time(api_time);
  if (!time) return printable(api_time);
  std::string text = format_time(*time).substr(0, 19);
  text[10] = ' ';
  return text;
}

std::string clock_time(Time time) { return format_time(time).substr(11, 12); }

std::optional<Time> time_of(const json::object& row, std::string_view key) {
  auto time = parse_time(json::string_or(row, key));
  if (!time) return std::nullopt;
  return *time;
}

size_t display_width(std::string_view text) {
  size_t width = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      while (i < text.size() && text[i] != 'm') ++i;
    } else if ((text[i] & 0xC0) != 0x80) {
      ++width;
    }
  }
  return width;
}

std::string printable(std::string_view text, bool lines) {
  std::string clean = replace_invalid_utf8(text);
  for (char& c : clean) {
    bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    if (control && !(lines && (c == '\n' || c == '\t'))) c = c == '\n' || c == '\t' ? ' ' : '?';
  }
  return clean;
}

Duration covered(std::vector<Interval> intervals) {
  std::ranges::sort(intervals, {}, &Interval::start);
  Duration sum{0};
  std::optional<Time> reached;
  for (const Interval& one : intervals) {
    Time start = reached ? std::max(*reached, one.start) : one.start;
    if (one.end > start) sum += one.end - start;
    reached = reached ? std::max(*reached, one.end) : one.end;
  }
  return sum;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  size_t best_distance = word.size() <= 4 ? 2 : 3;  // nearer than this
  for (const std::string& candidate : candidates) {
    size_t steps = distance(word, candidate);
    bool prefix = word.size() >= 2 && candidate.starts_with(word);
    if (prefix) steps = std::min<size_t>(steps, 1);
    if (steps < best_distance) {
      best = candidate;
      best_distance = steps;
    }
  }
  return best;
}

Result<json::object> json_argument(const std::string& text, std::string_view what) {
  std::string content = text;
  if (text.starts_with('@')) {
    auto file = read_file(text.substr(1), kArgumentFileBytesMax);
    if (!file) return fail(file);
    content = std::move(*file);
  }
  auto parsed = json::parse(content);
  if (!parsed) return fail(parsed.error().within(what));
  if (parsed->is_object()) return std::move(parsed->get_object());
  return fail(
      Code::invalid,
      std::string(what) + " must be a JSON object, not " + std::string(json::kind_name(*parsed)),
      "for example '{\"day\": \"2026-01-31\"}', or @FILE");
}

}  // namespace leoflow::cli
