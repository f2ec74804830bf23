// SPDX-License-Identifier: Apache-2.0
// A cron expression as sets of allowed values, and the wall-clock times it matches. No zones here:
// see cron_zone.h.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/civil_time.h"
#include "base/error.h"

namespace leoflow {

constexpr size_t kCronLengthMax = 1024;
constexpr int kCronYearMin = 1970, kCronYearMax = 2099;
constexpr int kCronYearCount = kCronYearMax - kCronYearMin + 1;
constexpr int kCronSearchYearsMax = 50;

// Bit n of a mask stands for the value n. Plain value.
struct CronFields {
  uint64_t seconds = 1;  // 0 only, unless a sixth field says otherwise
  uint64_t minutes = 0, hours = 0, days_of_month = 0, months = 0, days_of_week = 0;  // Sunday is 0
  std::bitset<kCronYearCount> years;  // all, unless a seventh field says otherwise
  bool year_given = false;
  bool any_day_of_month = false, any_day_of_week = false;  // "*": the field does not restrict
  bool every_hour = false;  // hour is "*": DST repeats and skips hours instead of moving ticks
  bool last_day_of_month = false;  // L
  int weekday_nearest = 0;         // 15W: the day of month; 0 = none
  // Per day of the week, bit n: its nth occurrence in the month (5#2), kLastWeek: its last one
  // (L5).
  static constexpr int kLastWeek = 6;
  std::array<uint8_t, 7> weeks{};
  bool weeks_given = false;
  std::array<std::string, 5> text;  // the first five fields in lower case, names as written
  int field_count = 5;
};

// `invalid` names the field and what it allows: "hour: 24 is not 0 to 23".
Result<CronFields> parse_cron_fields(std::string_view text);

// The first match strictly after / last match strictly before a wall-clock second, within
// kCronSearchYearsMax years.
std::optional<absl::CivilSecond> next_match(const CronFields& fields, absl::CivilSecond after);
std::optional<absl::CivilSecond> previous_match(const CronFields& fields, absl::CivilSecond before);

// cron-descriptor's sentence for the common forms, otherwise empty.
std::string describe_cron(const CronFields& fields);

}  // namespace leoflow
