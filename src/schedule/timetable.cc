// SPDX-License-Identifier: Apache-2.0
// The timetables that are not periodic, and the choice of one by schedule.
#include "schedule/timetable.h"

#include <algorithm>

#include <fmt/format.h>

#include "schedule/timetable_kinds.h"

namespace leoflow {
namespace {

using Last = std::optional<DataInterval>;
using Next = std::optional<PlannedRun>;

PlannedRun exact_run(Time at) { return {at, {at, at}, at}; }

bool too_late(Time at, const TimetableRestriction& restriction) {
  return restriction.latest && at > *restriction.latest;
}

class NoTimetable final : public Timetable {
 public:
  Next next(const Last&, const TimetableRestriction&, Time) const override { return std::nullopt; }
  DataInterval manual_interval(Time logical_date) const override {
    return {logical_date, logical_date};
  }
  bool periodic() const override { return false; }
};

class OnceTimetable final : public Timetable {
 public:
  Next next(const Last& last, const TimetableRestriction& restriction, Time now) const override {
    Time at = restriction.earliest.value_or(now);
    if (last || too_late(at, restriction)) return std::nullopt;
    return exact_run(at);
  }
  DataInterval manual_interval(Time logical_date) const override {
    return {logical_date, logical_date};
  }
  bool periodic() const override { return false; }
};

// Each interval begins where the last one ended. That only one run is active is the engine's
// business.
class ContinuousTimetable final : public Timetable {
 public:
  Next next(const Last& last, const TimetableRestriction& restriction, Time now) const override {
    Time first = restriction.earliest.value_or(now);
    DataInterval interval{first, std::max(first, now)};
    if (last && last->end > now) {
      interval.end = first + (last->end - last->start);
    } else if (last) {
      interval = {last->end, now};
    }
    if (too_late(interval.end, restriction)) return std::nullopt;
    return PlannedRun{interval.start, interval, interval.end};
  }
  DataInterval manual_interval(Time logical_date) const override {
    return {logical_date, logical_date};
  }
  bool periodic() const override { return true; }
};

class EventsTimetable final : public Timetable {
 public:
  EventsTimetable(std::vector<Time> events, bool restrict_to_events)
      : events_(std::move(events)), restrict_to_events_(restrict_to_events) {
    std::sort(events_.begin(), events_.end());
  }

  Next next(const Last& last, const TimetableRestriction& restriction, Time now) const override {
    auto from = restriction.earliest;
    if (!restriction.catchup) from = std::max(from.value_or(now), now);
    auto event = from ? std::lower_bound(events_.begin(), events_.end(), *from) : events_.begin();
    if (last) event = std::max(event, std::upper_bound(events_.begin(), events_.end(), last->end));
    if (event == events_.end() || too_late(*event, restriction)) return std::nullopt;
    return exact_run(*event);
  }

  // Restricted: the most recent event, or the first if all lie ahead.
  DataInterval manual_interval(Time logical_date) const override {
    if (!restrict_to_events_ || events_.empty()) return {logical_date, logical_date};
    auto after = std::upper_bound(events_.begin(), events_.end(), logical_date);
    Time event = after == events_.begin() ? *after : *(after - 1);
    return {event, event};
  }
  bool periodic() const override { return false; }

 private:
  std::vector<Time> events_;
  bool restrict_to_events_;
};

// The union of several cron triggers; two that fire together make one run.
class MultipleTimetable final : public Timetable {
 public:
  explicit MultipleTimetable(std::vector<std::shared_ptr<const Timetable>> parts)
      : parts_(std::move(parts)) {}

  Next next(const Last& last, const TimetableRestriction& restriction, Time now) const override {
    Next best;
    for (const auto& part : parts_) {
      Next run = part->next(last, restriction, now);
      if (run && (!best || precedes(*run, *best, restriction.catchup, now))) best = run;
    }
    return best;
  }

  DataInterval manual_interval(Time logical_date) const override {
    return parts_.front()->manual_interval(logical_date);  // all share one interval length
  }
  bool periodic() const override { return true; }

 private:
  // Without catchup the latest tick that is due wins, so that the older ones are skipped.
  static bool precedes(const PlannedRun& a, const PlannedRun& b, bool catchup, Time now) {
    bool a_due = a.logical_date <= now, b_due = b.logical_date <= now;
    if (catchup || (!a_due && !b_due)) return a.logical_date < b.logical_date;
    if (a_due && b_due) return a.logical_date > b.logical_date;
    return a_due;
  }

  std::vector<std::shared_ptr<const Timetable>> parts_;
};

using Made = Result<std::shared_ptr<const Timetable>>;

Result<std::shared_ptr<const Ticks>> cron_ticks(const std::string& expression,
                                                const ScheduleSpec& spec) {
  auto cron = Cron::parse(expression);
  if (!cron) return fail(cron.error().within(fmt::format("cron expression \"{}\"", expression)));
  return make_cron_ticks(*std::move(cron), spec.timezone);
}

Made make_cron(const ScheduleSpec& spec) {
  if (spec.crons.size() != 1) {
    return fail(Code::invalid,
                fmt::format("schedule has {} cron expressions instead of 1", spec.crons.size()));
  }
  auto ticks = cron_ticks(spec.crons.front(), spec);
  if (!ticks) return fail(ticks);
  if (spec.kind == ScheduleSpec::Kind::cron_interval) return make_interval_timetable(*ticks, true);
  return make_trigger_timetable(*ticks, spec);
}

Made make_delta(const ScheduleSpec& spec) {
  if (spec.delta <= Duration(0) || spec.delta > kScheduleDeltaMax) {
    return fail(Code::invalid, "schedule delta is not between 0 and 100 years");
  }
  auto ticks = make_delta_ticks(spec.delta);
  if (spec.kind == ScheduleSpec::Kind::delta_interval) return make_interval_timetable(ticks, false);
  return make_trigger_timetable(ticks, spec);
}

Made make_multiple(const ScheduleSpec& spec) {
  if (spec.crons.empty() || spec.crons.size() > kScheduleCronsMax) {
    return fail(Code::invalid, fmt::format("schedule has {} cron expressions, not 1 to {}",
                                           spec.crons.size(), kScheduleCronsMax));
  }
  std::vector<std::shared_ptr<const Timetable>> parts;
  for (const std::string& expression : spec.crons) {
    auto ticks = cron_ticks(expression, spec);
    if (!ticks) return fail(ticks);
    parts.push_back(make_trigger_timetable(*ticks, spec));
  }
  return std::make_shared<const MultipleTimetable>(std::move(parts));
}

Made make_events(const ScheduleSpec& spec) {
  if (spec.events.size() > kScheduleEventsMax) {
    return fail(Code::exhausted, fmt::format("schedule lists {} events, more than {}",
                                             spec.events.size(), kScheduleEventsMax));
  }
  return std::make_shared<const EventsTimetable>(spec.events, spec.restrict_to_events);
}

}  // namespace

Result<std::shared_ptr<const Timetable>> make_timetable(const ScheduleSpec& spec) {
  if (!valid_timezone(spec.timezone)) {
    return fail(Code::invalid, fmt::format("time zone \"{}\" is not known here", spec.timezone),
                "use an IANA name such as Europe/Berlin or an offset such as +05:30; names need "
                "tzdata on the host");
  }
  if (spec.interval < Duration(0) || spec.interval > kScheduleDeltaMax) {
    return fail(Code::invalid, "schedule interval is not between 0 and 100 years");
  }
  using Kind = ScheduleSpec::Kind;
  switch (spec.kind) {
    case Kind::assets:
    case Kind::none: return std::make_shared<const NoTimetable>();
    case Kind::cron_trigger:
    case Kind::cron_interval: return make_cron(spec);
    case Kind::delta_trigger:
    case Kind::delta_interval: return make_delta(spec);
    case Kind::multiple_cron_trigger: return make_multiple(spec);
    case Kind::once: return std::make_shared<const OnceTimetable>();
    case Kind::continuous: return std::make_shared<const ContinuousTimetable>();
    case Kind::events: return make_events(spec);
  }
  return fail(Code::internal, "schedule kind is out of range");
}

}  // namespace leoflow
