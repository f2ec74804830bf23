// SPDX-License-Identifier: Apache-2.0
// When scheduled runs come about: Airflow 3's timetables as pure functions of (spec, last run,
// restriction, now).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/dag_spec.h"

namespace leoflow {

constexpr size_t kScheduleCronsMax = 100;
constexpr size_t kScheduleEventsMax = 100'000;
constexpr Duration kScheduleDeltaMax = std::chrono::hours(24 * 365 * 100);

struct DataInterval {
  Time start{}, end{};
  auto operator<=>(const DataInterval&) const = default;
};

// A planned run.
struct PlannedRun {
  std::optional<Time> logical_date;
  DataInterval interval;
  Time run_after{};
};

struct TimetableRestriction {
  std::optional<Time> earliest, latest;  // start_date and end_date of the DAG
  bool catchup = false;
};

// Immutable; any thread.
class Timetable {
 public:
  virtual ~Timetable() = default;
  // The next automated run after `last` (the interval of the last automated run, if any); nothing
  // when there is none. `now` decides what catchup = false skips.
  virtual std::optional<PlannedRun> next(const std::optional<DataInterval>& last,
                                         const TimetableRestriction& restriction,
                                         Time now) const = 0;
  // The interval of a manual run with this logical date.
  virtual DataInterval manual_interval(Time logical_date) const = 0;
  // False for none, once and events, which have an end by definition; decides whether a start_date
  // is needed.
  virtual bool periodic() const = 0;
};

// Builds the timetable of a schedule. `invalid` names a bad cron field ("hour: 24 is not 0 to 23"),
// zone or delta.
Result<std::shared_ptr<const Timetable>> make_timetable(const ScheduleSpec& spec);

// A parsed cron expression of five fields (names, ranges, steps, lists, L, W, #, ?, @presets), or
// six or seven with seconds and years at the end, as croniter reads it: see docs/scheduling.md.
// Evaluated on wall time in a zone. Immutable value; any thread.
class Cron {
 public:
  static Result<Cron> parse(std::string_view text);
  // First tick strictly after / strictly before an instant, in an IANA zone or fixed offset;
  // nothing if there is none within 50 years (0 0 30 2 * never fires) or the zone is not
  // valid_timezone(). DST rules: docs/scheduling.md.
  std::optional<Time> next(Time after, std::string_view timezone) const;
  std::optional<Time> previous(Time before, std::string_view timezone) const;
  // "At 04:30, only on Monday": the sentence of timetable_description; empty when no good one
  // exists.
  std::string describe() const;

 private:
  struct Fields;
  Cron() = default;
  std::shared_ptr<const Fields> fields_;
};

// Whether a zone name is known to the host ("Europe/Berlin", "UTC", "+05:30").
bool valid_timezone(std::string_view name);

}  // namespace leoflow
