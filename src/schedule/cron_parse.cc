// SPDX-License-Identifier: Apache-2.0
// Reads a cron expression the way croniter does (docs/scheduling.md lists the dialect).
#include <algorithm>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "schedule/cron_fields.h"
#include "schedule/cron_text.h"

namespace leoflow {
namespace {

using std::string_view;
using ValueSet =
    std::bitset<kCronYearCount>;  // wide enough for every field; bit = value - rule.low

constexpr string_view kMonthNames[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                       "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr string_view kDayNames[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

enum FieldIndex { kMinute, kHour, kDayOfMonth, kMonth, kDayOfWeek, kSecond, kYear };

struct FieldRule {
  string_view name;
  int low, high;
  std::span<const string_view> names;  // names[0] stands for low
};

const FieldRule kRules[] = {
    {"minute", 0, 59, {}},
    {"hour", 0, 23, {}},
    {"day of month", 1, 31, {}},
    {"month", 1, 12, kMonthNames},
    {"day of week", 0, 6, kDayNames},
    {"second", 0, 59, {}},
    {"year", kCronYearMin, kCronYearMax, {}},
};

struct Preset {
  string_view name, expression;
};
constexpr Preset kPresets[] = {
    {"@hourly", "0 * * * *"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"}, {"@monthly", "0 0 1 * *"},  {"@quarterly", "0 0 1 */3 *"},
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"},
};

std::unexpected<Error> bad(const FieldRule& rule, string_view what) {
  return fail(Code::invalid, fmt::format("{}: {}", rule.name, what));
}

// Parsed form of one field: plain values plus whether "*" was among its items.
struct Field {
  ValueSet values;
  bool star = false;
};

Result<int> parse_value(const FieldRule& rule, string_view text) {
  auto name = std::find(rule.names.begin(), rule.names.end(), text);
  if (name != rule.names.end()) return rule.low + int(name - rule.names.begin());
  if (!all_digits(text)) {
    return bad(rule,
               text.empty() ? "a value is missing" : fmt::format("\"{}\" is not a value", text));
  }
  auto value = parse_digits(text);
  if (value == 7 && &rule == &kRules[kDayOfWeek]) return 0;
  if (!value || *value < rule.low || *value > rule.high) {
    return bad(rule, fmt::format("{} is not {} to {}", text, rule.low, rule.high));
  }
  return *value;
}

Result<int> parse_step(const FieldRule& rule, string_view text) {
  if (!all_digits(text)) return bad(rule, fmt::format("step \"{}\" is not a number", text));
  int step = parse_digits(text).value_or(
      kCronYearCount);  // beyond every range only the first value remains
  if (step == 0) return bad(rule, "a step of 0 never advances");
  return std::min(step, kCronYearCount);
}

void add_steps(const FieldRule& rule, int first, int last, int step, ValueSet& values) {
  for (int value = first; value <= last; value += step) values.set(value - rule.low);
}

// low > high wraps around the end of the field; low == high is the whole cycle (fri-fri: every
// day), as in croniter.
void add_range(const FieldRule& rule, int low, int high, int step, ValueSet& values) {
  if (low < high) return add_steps(rule, low, high, step, values);
  if (low == high) return add_steps(rule, rule.low, rule.high, step, values);
  add_steps(rule, low, rule.high, step, values);
  // croniter carries the step over the wrap only when it steps past the end, counting from the end
  // itself.
  int last = low + (rule.high - low) / step * step;
  int unused = rule.high - last;
  int size = rule.high - rule.low + 1;
  bool passes_end = last - rule.low + step > size && unused < step;
  add_steps(rule, rule.low + (passes_end ? step - unused : 0), high, step, values);
}

// "a-b", "a-b/s", "a/s", "*/s".
Status parse_range(const FieldRule& rule, string_view item, Field& field) {
  string_view base = item;
  int step = 1;
  size_t slash = item.find('/');
  if (slash != string_view::npos) {
    auto parsed = parse_step(rule, item.substr(slash + 1));
    if (!parsed) return fail(parsed);
    step = *parsed;
    base = item.substr(0, slash);
  }
  if (base == "*") {
    add_steps(rule, rule.low, rule.high, step, field.values);
    return {};
  }
  size_t dash = base.find('-');
  string_view high_text = dash == string_view::npos ? string_view() : base.substr(dash + 1);
  auto low = parse_value(rule, base.substr(0, dash));
  if (!low) return fail(low);
  bool to_end = dash == string_view::npos || (&rule == &kRules[kDayOfMonth] && high_text == "l");
  auto high = to_end ? Result<int>(rule.high) : parse_value(rule, high_text);
  if (!high) return fail(high);
  add_range(rule, *low, *high, step, field.values);
  return {};
}

Status parse_item(const FieldRule& rule, string_view item, Field& field) {
  if (item.starts_with('-')) return bad(rule, fmt::format("\"{}\" is negative", item));
  if (item == "*") {
    field.star = true;
    return {};
  }
  if (item.find_first_of("-/") != string_view::npos) return parse_range(rule, item, field);
  auto value = parse_value(rule, item);
  if (!value) return fail(value);
  field.values.set(*value - rule.low);
  return {};
}

Status parse_plain(const FieldRule& rule, string_view text, Field& field) {
  for (string_view item : split(text, ',')) {
    if (auto done = parse_item(rule, item, field); !done) return done;
  }
  return {};
}

// "15w" or "w15", alone in its field.
Status parse_nearest_weekday(string_view text, CronFields& out) {
  const FieldRule& rule = kRules[kDayOfMonth];
  string_view day = text;
  if (day.ends_with('w')) {
    day.remove_suffix(1);
  } else if (day.starts_with('w')) {
    day.remove_prefix(1);
  }
  if (!all_digits(day)) return bad(rule, "W needs one day and stands alone, as in 15W");
  auto value = parse_value(rule, day);
  if (!value) return fail(value);
  out.weekday_nearest = *value;
  return {};
}

Status parse_day_of_month(string_view text, CronFields& out, Field& field) {
  const FieldRule& rule = kRules[kDayOfMonth];
  if (text == "?") text = "*";
  if (text.find('w') != string_view::npos) return parse_nearest_weekday(text, out);
  for (string_view item : split(text, ',')) {
    if (item == "l") {
      out.last_day_of_month = true;
    } else if (auto done = parse_item(rule, item, field); !done) {
      return done;
    }
  }
  return {};
}

// "5#2", "fri#2", "mon-fri#1": occurrences in the month; "l5": the last one.
Status parse_weeks(string_view item, CronFields& out) {
  const FieldRule& rule = kRules[kDayOfWeek];
  size_t hash = item.find('#');
  bool last = hash == string_view::npos;
  int week = CronFields::kLastWeek;
  string_view days = last ? item.substr(1) : item.substr(0, hash);
  if (!last) {
    string_view number = item.substr(hash + 1);
    if (number.size() != 1 || number[0] < '1' || number[0] > '5') {
      return bad(rule, fmt::format("\"{}\": the number after # is not 1 to 5", item));
    }
    week = number[0] - '0';
  }
  bool range = days.find('-') != string_view::npos;
  if ((last && !all_digits(days)) ||
      (range && days.find_first_of("0123456789/") != string_view::npos)) {
    return bad(rule, fmt::format("\"{}\" is not a value", item));
  }
  Field field;
  auto done = parse_item(rule, days, field);
  if (!done) return done;
  if (field.star) return bad(rule, "* cannot be combined with #");
  for (int day = 0; day <= rule.high; ++day) {
    if (field.values.test(day)) out.weeks[day] |= uint8_t(1u << week);
  }
  out.weeks_given = true;
  return {};
}

Status parse_day_of_week(string_view text, CronFields& out, Field& field) {
  const FieldRule& rule = kRules[kDayOfWeek];
  if (text == "?") text = "*";
  bool plain = false;
  for (string_view item : split(text, ',')) {
    bool weeks = item.find('#') != string_view::npos || (item.size() > 1 && item[0] == 'l');
    plain = plain || !weeks;
    auto done = weeks ? parse_weeks(item, out) : parse_item(rule, item, field);
    if (!done) return done;
  }
  if (plain && out.weeks_given) return bad(rule, "plain days cannot be combined with # or L");
  return {};
}

uint64_t mask_of(const Field& field, const FieldRule& rule) {
  uint64_t mask = 0;
  for (int value = rule.low; value <= rule.high; ++value) {
    if (field.star || field.values.test(value - rule.low)) mask |= uint64_t(1) << value;
  }
  return mask;
}

bool is_full(const Field& field, const FieldRule& rule) {
  return field.star || int(field.values.count()) == rule.high - rule.low + 1;
}

Status parse_one(size_t index, string_view text, CronFields& out, Field& field) {
  if (index == kDayOfMonth) return parse_day_of_month(text, out, field);
  if (index == kDayOfWeek) return parse_day_of_week(text, out, field);
  return parse_plain(kRules[index], text, field);
}

// Days that list every value restrict nothing only if the other day field was written with a star:
// otherwise the two are a union, and "0 0 1-31 * 5" is every day.
bool unrestricted(const Field& field, const FieldRule& rule, string_view other) {
  return field.star || (is_full(field, rule) && other.find('*') != string_view::npos);
}

void store(const std::vector<Field>& fields, CronFields& out) {
  out.minutes = mask_of(fields[kMinute], kRules[kMinute]);
  out.hours = mask_of(fields[kHour], kRules[kHour]);
  out.days_of_month = mask_of(fields[kDayOfMonth], kRules[kDayOfMonth]);
  out.months = mask_of(fields[kMonth], kRules[kMonth]);
  out.days_of_week = mask_of(fields[kDayOfWeek], kRules[kDayOfWeek]);
  out.every_hour = is_full(fields[kHour], kRules[kHour]);
  out.any_day_of_month =
      unrestricted(fields[kDayOfMonth], kRules[kDayOfMonth], out.text[kDayOfWeek]);
  out.any_day_of_week = unrestricted(fields[kDayOfWeek], kRules[kDayOfWeek], out.text[kDayOfMonth]);
  if (fields.size() > kSecond) out.seconds = mask_of(fields[kSecond], kRules[kSecond]);
  out.year_given = fields.size() > kYear && !fields[kYear].star;
  out.years = out.year_given ? fields[kYear].values : out.years.set();
}

Result<string_view> expand_preset(string_view text) {
  for (const Preset& preset : kPresets) {
    if (preset.name == text) return preset.expression;
  }
  bool timetable = text == "@once" || text == "@continuous";
  return fail(Code::invalid, fmt::format("\"{}\" is not a cron preset", text),
              timetable
                  ? "it is a schedule of its own and cannot stand where a cron expression is needed"
                  : "presets: @hourly, @daily, @weekly, @monthly, @quarterly, @yearly");
}

}  // namespace

Result<CronFields> parse_cron_fields(string_view text) {
  if (text.size() > kCronLengthMax) {
    return fail(Code::invalid,
                fmt::format("cron expression is longer than {} characters", kCronLengthMax));
  }
  std::string lower = to_lower(text);
  auto parts = split_words(lower);
  if (parts.size() == 1 && parts[0].starts_with('@')) {
    auto preset = expand_preset(parts[0]);
    if (!preset) return fail(preset);
    parts = split_words(*preset);
  }
  if (parts.size() < 5 || parts.size() > std::size(kRules)) {
    return fail(Code::invalid,
                fmt::format("cron expression has {} fields instead of 5", parts.size()),
                "write minute, hour, day of month, month, day of week: 30 4 * * *");
  }
  CronFields out;
  out.field_count = int(parts.size());
  for (size_t i = 0; i < out.text.size(); ++i) out.text[i] = std::string(parts[i]);
  std::vector<Field> fields(parts.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    if (auto done = parse_one(i, parts[i], out, fields[i]); !done) return fail(done);
  }
  store(fields, out);
  return out;
}

}  // namespace leoflow
