// SPDX-License-Identifier: Apache-2.0
// Instants and durations. All instants are UTC with microseconds; zones exist only in schedule/.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace leoflow {

using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<Duration>;

// The source of "now". Owned by main (or a test); outlives every component that got a reference. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall clock, UTC. May step backwards when the host's clock is set.
  virtual Time now() const = 0;
};

// Milliseconds and microseconds since the epoch, as stored in the database.
inline int64_t to_micros(Time time) { return time.time_since_epoch().count(); }
inline Time from_micros(int64_t micros) { return Time(Duration(micros)); }

// "2024-02-29T13:05:09.250000Z", always six digits: the form of the REST API.
std::string format_time(Time time);
// "2024-02-29T13:05:09.250000+00:00", digits only when not zero: Python's isoformat(), used in run ids.
std::string format_iso(Time time);
// RFC 3339 with zone ("Z" or an offset), optional fraction; a space is accepted for the T. A date or an instant
// without zone is `invalid`, unless assume_utc.
Result<Time> parse_time(std::string_view text, bool assume_utc = false);
// "1m 03.250s", "0.74s": for people.
std::string format_duration(Duration duration);
// Seconds as a double, for APIs.
inline double to_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
// Rounds to the nearest microsecond. Requires: |seconds| < 2^53 / 1e6.
Duration from_seconds(double seconds);

}  // namespace leoflow
