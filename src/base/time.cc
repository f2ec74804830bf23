// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace leoflow {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::year_month_day;

struct Civil {
  int year;
  unsigned month, day;
  int64_t seconds;  // of the day
  int64_t micros;
};

Civil civil_of(Time time) {
  auto date = floor<days>(time);
  year_month_day ymd(date);
  int64_t rest = (time - date).count();
  return {int(ymd.year()), unsigned(ymd.month()), unsigned(ymd.day()), rest / 1'000'000,
          rest % 1'000'000};
}

std::string date_and_clock(const Civil& c) {
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d", c.year, c.month, c.day,
                int(c.seconds / 3600), int(c.seconds / 60 % 60), int(c.seconds % 60));
  return buffer;
}

// Reads fixed-width digits and separators off the front of a text; any mismatch makes it fail for
// good.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool ok() const { return ok_; }
  bool done() const { return text_.empty(); }
  char peek() const { return text_.empty() ? '\0' : text_.front(); }
  bool take(char c) {
    if (peek() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) { ok_ = take(c) && ok_; }
  int digits(size_t count) {
    int value = 0;
    if (text_.size() < count) return ok_ = false, 0;
    auto [end, error] = std::from_chars(text_.data(), text_.data() + count, value);
    if (error != std::errc() || end != text_.data() + count || text_.front() == '-')
      return ok_ = false, 0;
    text_.remove_prefix(count);
    return value;
  }
  // Digits after a decimal point, as microseconds; more than six are cut off.
  int64_t fraction() {
    int64_t value = 0, scale = 100'000;
    if (peek() < '0' || peek() > '9') ok_ = false;
    for (; peek() >= '0' && peek() <= '9'; text_.remove_prefix(1), scale /= 10)
      value += (peek() - '0') * scale;
    return value;
  }

 private:
  std::string_view text_;
  bool ok_ = true;
};

// Offset from UTC in minutes at the reader's place, or nothing if the text ends there.
std::optional<int> read_offset(Reader& reader) {
  if (reader.take('Z') || reader.take('z')) return 0;
  bool minus = reader.peek() == '-';
  if (!minus && reader.peek() != '+') return std::nullopt;
  reader.take(reader.peek());
  int minutes = reader.digits(2) * 60;
  reader.take(':');
  minutes += reader.digits(2);
  return minus ? -minutes : minutes;
}

}  // namespace

std::string format_time(Time time) {
  Civil c = civil_of(time);
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%06dZ", int(c.micros));
  return date_and_clock(c) + fraction;
}

std::string format_iso(Time time) {
  Civil c = civil_of(time);
  std::string text = date_and_clock(c);
  if (c.micros != 0) {
    char fraction[16];
    std::snprintf(fraction, sizeof fraction, ".%06d", int(c.micros));
    text += fraction;
  }
  return text + "+00:00";
}

Result<Time> parse_time(std::string_view text, bool assume_utc) {
  auto bad = [&] {
    return fail(Code::invalid, "not an instant: '" + std::string(text.substr(0, 64)) + "'",
                "write it as 2024-01-31T08:30:00Z");
  };
  Reader reader(text);
  int year = reader.digits(4);
  reader.expect('-');
  unsigned month = reader.digits(2);
  reader.expect('-');
  unsigned day = reader.digits(2);
  int hour = 0, minute = 0, second = 0;
  int64_t micros = 0;
  if (!reader.done()) {
    if (!reader.take('T') && !reader.take('t')) reader.expect(' ');
    hour = reader.digits(2);
    reader.expect(':');
    minute = reader.digits(2);
    if (reader.take(':')) second = reader.digits(2);
    if (reader.take('.') || reader.take(',')) micros = reader.fraction();
  }
  std::optional<int> offset = reader.ok() ? read_offset(reader) : std::nullopt;
  if (!offset && assume_utc) offset = 0;
  year_month_day ymd{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  bool in_range = ymd.ok() && year >= 1 && hour < 24 && minute < 60 && second < 60;
  if (!reader.ok() || !reader.done() || !in_range || !offset) return bad();
  int64_t seconds = hour * 3600 + minute * 60 + second - offset.value_or(0) * 60;
  return Time(std::chrono::sys_days(ymd)) + std::chrono::seconds(seconds) + Duration(micros);
}

std::string format_duration(Duration duration) {
  bool negative = duration.count() < 0;
  double seconds = std::abs(to_seconds(duration));
  auto whole = int64_t(seconds);
  char buffer[64];
  if (whole >= 3600) {
    std::snprintf(buffer, sizeof buffer, "%ldh %02ldm %02lds", long(whole / 3600),
                  long(whole / 60 % 60), long(whole % 60));
  } else if (whole >= 60) {
    std::snprintf(buffer, sizeof buffer, "%ldm %04.1fs", long(whole / 60),
                  seconds - double(whole / 60 * 60));
  } else {
    std::snprintf(buffer, sizeof buffer, seconds < 10 ? "%.3fs" : "%.2fs", seconds);
  }
  return negative ? std::string("-") + buffer : buffer;
}

Duration from_seconds(double seconds) { return Duration(std::llround(seconds * 1e6)); }

}  // namespace leoflow
