// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "schedule/timetable_kinds.h"

namespace leoflow {
namespace {

std::optional<Time> later(std::optional<Time> a, std::optional<Time> b) {
  if (!a || !b) return a ? a : b;
  return std::max(*a, *b);
}

class TriggerTimetable final : public Timetable {
 public:
  TriggerTimetable(std::shared_ptr<const Ticks> ticks, const ScheduleSpec& spec)
      : ticks_(std::move(ticks)), spec_(spec) {}

  std::optional<PlannedRun> next(const std::optional<DataInterval>& last,
                                 const TimetableRestriction& restriction, Time now) const override {
    auto tick = restriction.catchup ? next_of_all(last, restriction, now)
                                    : next_of_latest(last, restriction, now);
    if (!tick || (restriction.latest && *tick > *restriction.latest)) return std::nullopt;
    Time start = *tick - spec_.interval;
    return PlannedRun{start, {start, *tick}, *tick};
  }

  DataInterval manual_interval(Time logical_date) const override {
    return {logical_date - spec_.interval, logical_date};
  }
  bool periodic() const override { return true; }

 private:
  std::optional<Time> next_of_all(const std::optional<DataInterval>& last,
                                  const TimetableRestriction& restriction, Time now) const {
    if (last) return ticks_->next(last->end);
    if (restriction.earliest) return ticks_->align_next(*restriction.earliest);
    return ticks_->first_trigger(spec_, now);
  }

  // At most one missed tick: the latest.
  std::optional<Time> next_of_latest(const std::optional<DataInterval>& last,
                                     const TimetableRestriction& restriction, Time now) const {
    std::optional<Time> tick;
    if (last) {
      tick = ticks_->next(last->end);
      if (!tick) return std::nullopt;
    } else if (!restriction.earliest) {
      tick = ticks_->first_trigger(spec_, now);
    }
    if (restriction.earliest) {
      auto first = ticks_->align_next(*restriction.earliest);
      if (!first) return std::nullopt;
      tick = later(tick, first);
    }
    return later(tick, ticks_->align_previous(now));
  }

  std::shared_ptr<const Ticks> ticks_;
  ScheduleSpec spec_;
};

class IntervalTimetable final : public Timetable {
 public:
  IntervalTimetable(std::shared_ptr<const Ticks> ticks, bool previous_interval)
      : ticks_(std::move(ticks)), previous_interval_(previous_interval) {}

  std::optional<PlannedRun> next(const std::optional<DataInterval>& last,
                                 const TimetableRestriction& restriction, Time now) const override {
    std::optional<Time> start;
    if (restriction.earliest) {
      start = ticks_->align_next(*restriction.earliest);
      if (!start) return std::nullopt;
    }
    if (!restriction.catchup) start = later(start, ticks_->latest_interval_start(now));
    // Aligning the end of the last interval matters when the schedule has changed since.
    if (last) start = later(start, ticks_->align_previous(last->end));
    if (!start || (restriction.latest && *start > *restriction.latest)) return std::nullopt;
    auto end = ticks_->next(*start);
    if (!end) return std::nullopt;
    return PlannedRun{*start, {*start, *end}, *end};
  }

  DataInterval manual_interval(Time logical_date) const override {
    auto end = previous_interval_ ? ticks_->align_previous(logical_date) : logical_date;
    auto start = end ? ticks_->previous(*end) : std::nullopt;
    if (!start) return {logical_date, logical_date};
    return {*start, *end};
  }
  bool periodic() const override { return true; }

 private:
  std::shared_ptr<const Ticks> ticks_;
  bool previous_interval_;
};

}  // namespace

std::shared_ptr<const Timetable> make_trigger_timetable(std::shared_ptr<const Ticks> ticks,
                                                        const ScheduleSpec& spec) {
  return std::make_shared<const TriggerTimetable>(std::move(ticks), spec);
}

std::shared_ptr<const Timetable> make_interval_timetable(std::shared_ptr<const Ticks> ticks,
                                                         bool previous_interval) {
  return std::make_shared<const IntervalTimetable>(std::move(ticks), previous_interval);
}

}  // namespace leoflow
