// SPDX-License-Identifier: Apache-2.0
// The sentences of timetable_description, in the words of the cron-descriptor that Airflow uses
// (24-hour clock). Forms whose wording differs between its versions get no sentence.
#include <vector>

#include <fmt/format.h>

#include "schedule/cron_fields.h"
#include "schedule/cron_text.h"

namespace leoflow {
namespace {

using std::string;
using std::string_view;
using Words = std::vector<string>;

constexpr string_view kMonths[] = {"",        "January",  "February", "March",  "April",
                                   "May",     "June",     "July",     "August", "September",
                                   "October", "November", "December"};
constexpr string_view kDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                 "Thursday", "Friday", "Saturday"};
constexpr string_view kOrdinals[] = {"", "first", "second", "third", "fourth", "fifth"};

// The shapes that have a sentence. `values` holds the list, or the two ends of a range.
struct Shape {
  enum Kind { star, list, range, step, range_step, other } kind = other;
  std::vector<int> values;
  int every = 0;
};

bool number(string_view text, int& value) {
  auto parsed = parse_digits(text);
  value = parsed.value_or(0);
  return parsed.has_value();
}

bool parse_ends(string_view text, Shape& shape) {
  auto ends = split(text, '-');
  shape.values.resize(2);
  return ends.size() == 2 && number(ends[0], shape.values[0]) && number(ends[1], shape.values[1]) &&
         shape.values[0] < shape.values[1];
}

bool parse_list(string_view text, Shape& shape) {
  for (string_view item : split(text, ',')) {
    int value = 0;
    if (!number(item, value)) return false;
    shape.values.push_back(value);
  }
  return true;
}

Shape shape_of(string_view text) {
  Shape shape;
  if (text == "*" || text == "?" || text == "*/1") return {Shape::star, {}, 1};
  size_t slash = text.find('/');
  string_view base = text.substr(0, slash);
  bool stepped = slash != string_view::npos;
  if (stepped && !number(text.substr(slash + 1), shape.every)) return shape;
  if (base == "*") return {Shape::step, {}, shape.every};
  if (base.find('-') != string_view::npos) {
    if (parse_ends(base, shape)) shape.kind = stepped ? Shape::range_step : Shape::range;
  } else if (!stepped && parse_list(base, shape)) {
    shape.kind = Shape::list;
  }
  return shape;
}

// "a", "a and b", "a, b, and c".
string join(const Words& words) {
  string out;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0 && words.size() > 2) out += i + 1 < words.size() ? ", " : ",";
    if (i > 0 && i + 1 == words.size()) out += " and ";
    out += words[i];
  }
  return out;
}

template <typename Name>
Words named(const Shape& shape, Name name) {
  Words words;
  for (int value : shape.values) words.push_back(name(value));
  return words;
}

string digits(int value) { return std::to_string(value); }
string clock(int hour, int minute) { return fmt::format("{:02}:{:02}", hour, minute); }

using Sentence = std::optional<string>;

Sentence minutes_part(const Shape& shape) {
  switch (shape.kind) {
    case Shape::star: return "every minute";
    case Shape::step: return fmt::format("every {} minutes", shape.every);
    case Shape::range: {
      return fmt::format("minutes {} through {} past the hour", shape.values[0], shape.values[1]);
    }
    case Shape::range_step: {
      return fmt::format("every {} minutes, minutes {} through {} past the hour", shape.every,
                         shape.values[0], shape.values[1]);
    }
    case Shape::list: {
      if (shape.values == std::vector<int>{0}) return "";
      return fmt::format("at {} minutes past the hour", join(named(shape, digits)));
    }
    case Shape::other: break;
  }
  return std::nullopt;
}

Sentence hours_part(const Shape& shape) {
  string between;
  if (shape.values.size() == 2) {
    between =
        fmt::format("between {} and {}", clock(shape.values[0], 0), clock(shape.values[1], 59));
  }
  switch (shape.kind) {
    case Shape::star: return "every hour";
    case Shape::step: return fmt::format("every {} hours", shape.every);
    case Shape::range: return between;
    case Shape::range_step: return fmt::format("every {} hours, {}", shape.every, between);
    default: return std::nullopt;
  }
}

Sentence time_part(const Shape& minutes, const Shape& hours) {
  bool one_minute = minutes.kind == Shape::list && minutes.values.size() == 1;
  if (one_minute && hours.kind == Shape::list) {
    string out = "at";
    size_t count = hours.values.size();
    for (size_t i = 0; i < count; ++i) {
      out += " " + clock(hours.values[i], minutes.values[0]);
      if (i + 2 < count) out += ',';
      if (i + 2 == count) out += " and";
    }
    return out;
  }
  if (minutes.kind == Shape::range && hours.kind == Shape::list && hours.values.size() == 1) {
    return fmt::format("every minute between {} and {}", clock(hours.values[0], minutes.values[0]),
                       clock(hours.values[0], minutes.values[1]));
  }
  auto minute = minutes_part(minutes), hour = hours_part(hours);
  if (!minute || !hour) return std::nullopt;
  if (minute->empty()) return hour;
  return hours.kind == Shape::star ? minute : fmt::format("{}, {}", *minute, *hour);
}

Sentence day_of_month_part(string_view text) {
  if (text == "l") return ", on the last day of the month";
  Shape shape = shape_of(text);
  switch (shape.kind) {
    case Shape::star: return "";
    case Shape::step: return fmt::format(", every {} days", shape.every);
    case Shape::list: return fmt::format(", on day {} of the month", join(named(shape, digits)));
    case Shape::range: {
      return fmt::format(", between day {} and {} of the month", shape.values[0], shape.values[1]);
    }
    default: return std::nullopt;
  }
}

// "jan" or "mon" to its number, everywhere.
void replace_name(string& text, string_view full_name, int value) {
  string name = to_lower(full_name.substr(0, 3));
  for (size_t at; (at = text.find(name)) != string::npos;)
    text.replace(at, name.size(), std::to_string(value));
}

Sentence month_part(const string& text) {
  string numbers = text;
  for (int i = 1; i <= 12; ++i) replace_name(numbers, kMonths[i], i);
  Shape shape = shape_of(numbers);
  auto words = named(shape, [](int month) { return string(kMonths[month]); });
  switch (shape.kind) {
    case Shape::star: return "";
    case Shape::step: return fmt::format(", every {} months", shape.every);
    case Shape::list: return fmt::format(", only in {}", join(words));
    case Shape::range: return fmt::format(", {} through {}", words[0], words[1]);
    default: return std::nullopt;
  }
}

// "5#2" and "l5".
Sentence week_part(string_view text) {
  int day = 0, week = 0;
  if (text[0] == 'l' && number(text.substr(1), day)) {
    return fmt::format(", on the last {} of the month", kDays[day % 7]);
  }
  size_t hash = text.find('#');
  bool parsed = hash != string_view::npos && number(text.substr(0, hash), day) &&
                number(text.substr(hash + 1), week);
  if (!parsed) return std::nullopt;
  return fmt::format(", on the {} {} of the month", kOrdinals[week], kDays[day % 7]);
}

Sentence day_of_week_part(const string& text) {
  string numbers = text;
  for (int i = 0; i < 7; ++i) replace_name(numbers, kDays[i], i);
  if (numbers.find_first_of("#l") != string::npos) return week_part(numbers);
  Shape shape = shape_of(numbers);
  auto words = named(shape, [](int day) { return string(kDays[day % 7]); });
  switch (shape.kind) {
    case Shape::star: return "";
    case Shape::step: return fmt::format(", every {} days of the week", shape.every);
    case Shape::list: return fmt::format(", only on {}", join(words));
    case Shape::range: return fmt::format(", {} through {}", words[0], words[1]);
    default: return std::nullopt;
  }
}

Sentence sentence(const Sentence& time, const Sentence& days, const Sentence& month) {
  if (!time || !days || !month) return std::nullopt;
  string out = fmt::format("{}{}{}", *time, *days, *month);
  out[0] = char(out[0] - 'a' + 'A');  // every time part begins with a lower-case letter
  return out;
}

}  // namespace

string describe_cron(const CronFields& fields) {
  if (fields.field_count != 5) return "";
  auto time = time_part(shape_of(fields.text[0]), shape_of(fields.text[1]));
  auto month_day = day_of_month_part(fields.text[2]);
  auto month = month_part(fields.text[3]);
  auto week_day = day_of_week_part(fields.text[4]);
  if (!month_day || !week_day) return "";
  if (month_day->empty() || week_day->empty()) {
    return sentence(time, fmt::format("{}{}", *month_day, *week_day), month).value_or("");
  }
  auto first = sentence(time, month_day, month), second = sentence(time, week_day, month);
  return first && second ? fmt::format("{} (or) {}", *first, *second) : "";
}

}  // namespace leoflow
