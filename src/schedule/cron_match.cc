// SPDX-License-Identifier: Apache-2.0
// The wall-clock times a cron expression matches: whole days first, then the time within the day.
#include <bit>

#include "schedule/cron_fields.h"

namespace leoflow {
namespace {

using absl::CivilDay;
using absl::CivilMonth;
using absl::CivilSecond;

// The smallest set bit >= from, or the largest <= from; -1 when there is none.
int bit_from(uint64_t mask, int from) {
  uint64_t rest = from > 63 ? 0 : mask & (~uint64_t(0) << from);
  return rest == 0 ? -1 : std::countr_zero(rest);
}
int bit_until(uint64_t mask, int from) {
  uint64_t rest = from < 0 ? 0 : mask & (~uint64_t(0) >> (63 - from));
  return rest == 0 ? -1 : 63 - std::countl_zero(rest);
}

int days_in_month(CivilDay day) { return (CivilDay(CivilMonth(day) + 1) - 1).day(); }

int weekday_of(CivilDay day) {
  return (int(absl::GetWeekday(day)) + 1) % 7;
}  // absl counts from Monday

// The Monday to Friday nearest to day `target`, within the month; 0 if the month has no such day.
int nearest_weekday(CivilDay any, int target) {
  int size = days_in_month(any);
  if (target > size) return 0;
  int weekday = weekday_of(CivilDay(any.year(), any.month(), target));
  if (weekday == 6) return target == 1 ? 3 : target - 1;
  if (weekday == 0) return target == size ? target - 2 : target + 1;
  return target;
}

bool matches_day_of_month(const CronFields& fields, CivilDay day) {
  if (fields.days_of_month >> day.day() & 1) return true;
  if (fields.last_day_of_month && day.day() == days_in_month(day)) return true;
  return fields.weekday_nearest != 0 && day.day() == nearest_weekday(day, fields.weekday_nearest);
}

bool matches_week(const CronFields& fields, CivilDay day) {
  uint8_t weeks = fields.weeks[weekday_of(day)];
  bool last = day.day() + 7 > days_in_month(day);
  return (weeks >> ((day.day() + 6) / 7) & 1) || (last && (weeks >> CronFields::kLastWeek & 1));
}

// Two restricted day fields are a union; an nth weekday overrides the day of month, as in croniter.
bool matches_day(const CronFields& fields, CivilDay day) {
  if (fields.weeks_given) return matches_week(fields, day);
  bool month_day = fields.any_day_of_month || matches_day_of_month(fields, day);
  bool week_day = fields.any_day_of_week || (fields.days_of_week >> weekday_of(day) & 1);
  bool both = fields.any_day_of_month || fields.any_day_of_week;
  return both ? month_day && week_day : month_day || week_day;
}

bool matches_month(const CronFields& fields, CivilDay day) {
  if (!(fields.months >> day.month() & 1)) return false;
  if (!fields.year_given) return true;
  return day.year() >= kCronYearMin && day.year() <= kCronYearMax &&
         fields.years.test(day.year() - kCronYearMin);
}

// Direction of the search: +1 forward, -1 backward; bit(mask, from) is the nearest set bit that
// way.
struct Direction {
  int sign;
  int bit(uint64_t mask, int from) const {
    return sign > 0 ? bit_from(mask, from) : bit_until(mask, from);
  }
  int start(uint64_t mask) const { return bit(mask, sign > 0 ? 0 : 63); }
};

// The match on `from`'s own day at or beyond its time of day.
std::optional<CivilSecond> match_in_day(const CronFields& fields, CivilSecond from,
                                        Direction direction) {
  int hour = direction.bit(fields.hours, from.hour());
  if (hour < 0) return std::nullopt;
  int minute = direction.start(fields.minutes), second = direction.start(fields.seconds);
  CivilDay day(from);
  auto at = [&day](int h, int m, int s) {
    return CivilSecond(day.year(), day.month(), day.day(), h, m, s);
  };
  if (hour != from.hour()) return at(hour, minute, second);
  int same_minute = direction.bit(fields.minutes, from.minute());
  if (same_minute == from.minute()) {
    int same_second = direction.bit(fields.seconds, from.second());
    if (same_second >= 0) return at(hour, same_minute, same_second);
    same_minute = direction.bit(fields.minutes, from.minute() + direction.sign);
  }
  if (same_minute >= 0) return at(hour, same_minute, second);
  hour = direction.bit(fields.hours, from.hour() + direction.sign);
  if (hour < 0) return std::nullopt;
  return at(hour, minute, second);
}

CivilSecond day_edge(CivilDay day, Direction direction) {
  return direction.sign > 0 ? CivilSecond(day) : CivilSecond(day + 1) - 1;
}

// `from` itself counts.
std::optional<CivilSecond> search(const CronFields& fields, CivilSecond from, Direction direction) {
  CivilDay day(from);
  int64_t last_year = day.year() + int64_t(direction.sign) * kCronSearchYearsMax;
  while (direction.sign > 0 ? day.year() <= last_year : day.year() >= last_year) {
    if (!matches_month(fields, day)) {
      CivilMonth month(day);
      day = direction.sign > 0 ? CivilDay(month + 1) : CivilDay(month) - 1;
    } else {
      if (matches_day(fields, day)) {
        CivilSecond start = day == CivilDay(from) ? from : day_edge(day, direction);
        if (auto found = match_in_day(fields, start, direction)) return found;
      }
      day += direction.sign;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<CivilSecond> next_match(const CronFields& fields, CivilSecond after) {
  return search(fields, after + 1, Direction{1});
}

std::optional<CivilSecond> previous_match(const CronFields& fields, CivilSecond before) {
  return search(fields, before - 1, Direction{-1});
}

}  // namespace leoflow
