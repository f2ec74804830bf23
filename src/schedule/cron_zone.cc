// SPDX-License-Identifier: Apache-2.0
#include "schedule/cron_zone.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "schedule/cron_text.h"

namespace leoflow {
namespace {

constexpr size_t kZoneNameLengthMax = 64;

// "+05:30", "-0800", "+02".
std::optional<absl::TimeZone> fixed_offset(std::string_view text) {
  if (text.size() < 3 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  std::string_view hours = text.substr(1, 2), minutes = text.substr(3);
  if (minutes.starts_with(':')) minutes.remove_prefix(1);
  if (minutes.empty()) minutes = text.size() == 3 ? "00" : "";
  if (!all_digits(hours) || !all_digits(minutes) || minutes.size() != 2) return std::nullopt;
  int hour = (hours[0] - '0') * 10 + hours[1] - '0';
  int minute = (minutes[0] - '0') * 10 + minutes[1] - '0';
  if (hour > 23 || minute > 59) return std::nullopt;
  return absl::FixedTimeZone((text[0] == '-' ? -60 : 60) * (hour * 60 + minute));
}

// LoadTimeZone also takes paths and "localtime": only plain names may reach it.
bool plain_name(std::string_view name) {
  if (name.empty() || name.size() > kZoneNameLengthMax || !is_letter(name[0])) return false;
  auto allowed = [](char c) {
    return is_letter(c) || is_digit(c) || c == '/' || c == '_' || c == '-' || c == '+';
  };
  return name != "localtime" && std::all_of(name.begin(), name.end(), allowed);
}

}  // namespace

std::optional<absl::TimeZone> find_zone(std::string_view name) {
  if (to_lower(name) == "utc") return absl::UTCTimeZone();
  std::string_view offset = name;
  if (offset.starts_with("UTC")) offset.remove_prefix(3);
  if (auto fixed = fixed_offset(offset)) return fixed;
  absl::TimeZone zone;
  if (!plain_name(name) || !absl::LoadTimeZone(std::string(name), &zone)) return std::nullopt;
  return zone;
}

int64_t shift_near(const absl::TimeZone& zone, absl::Time time) {
  constexpr absl::Duration kReach = absl::Hours(26);  // zones have jumped by up to a day
  return std::abs(int64_t(zone.At(time - kReach).offset) - zone.At(time + kReach).offset);
}

}  // namespace leoflow
