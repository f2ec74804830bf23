// SPDX-License-Identifier: Apache-2.0
// The periodic timetables: ticks from a cron expression or a fixed delta, used either as instants
// (trigger) or as borders of data intervals. Private to schedule/.
#pragma once

#include <memory>
#include <optional>

#include "schedule/timetable.h"

namespace leoflow {

// A series of instants. align_*: the argument itself if it is a tick. Nothing where the series
// ends.
class Ticks {
 public:
  virtual ~Ticks() = default;
  virtual std::optional<Time> next(Time after) const = 0;
  virtual std::optional<Time> previous(Time before) const = 0;
  virtual std::optional<Time> align_next(Time at) const = 0;
  virtual std::optional<Time> align_previous(Time at) const = 0;
  // The start of the newest interval worth running at `now` when older ones are skipped.
  virtual std::optional<Time> latest_interval_start(Time now) const = 0;
  // The first tick of a trigger schedule without start_date and prior run.
  virtual std::optional<Time> first_trigger(const ScheduleSpec& spec, Time now) const = 0;
};

std::shared_ptr<const Ticks> make_cron_ticks(Cron cron, std::string timezone);
// Requires: delta > 0. Any instant is a tick; the next one is delta later.
std::shared_ptr<const Ticks> make_delta_ticks(Duration delta);

// Runs at each tick; the data interval is what lies spec.interval before it.
std::shared_ptr<const Timetable> make_trigger_timetable(std::shared_ptr<const Ticks> ticks,
                                                        const ScheduleSpec& spec);
// Runs at the end of each interval between two ticks. previous_interval: manual runs get the last
// complete interval (cron) rather than the delta before them.
std::shared_ptr<const Timetable> make_interval_timetable(std::shared_ptr<const Ticks> ticks,
                                                         bool previous_interval);

}  // namespace leoflow
