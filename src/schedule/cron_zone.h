// SPDX-License-Identifier: Apache-2.0
// Time zones by name, and what a wall-clock time means in one of them. Private to schedule/.
#pragma once

#include <optional>
#include <string_view>

#include "absl/time/time.h"
#include "base/time.h"

namespace leoflow {

// An IANA zone of the host, "UTC", or a fixed offset ("+05:30", "UTC-08:00"); nothing for anything
// else.
std::optional<absl::TimeZone> find_zone(std::string_view name);

inline absl::Time to_absl(Time time) { return absl::FromUnixMicros(to_micros(time)); }
inline Time from_absl(absl::Time time) { return from_micros(absl::ToUnixMicros(time)); }

// Seconds by which the wall clock of a zone jumps within a day around an instant; 0 = no transition
// near.
int64_t shift_near(const absl::TimeZone& zone, absl::Time time);

}  // namespace leoflow
