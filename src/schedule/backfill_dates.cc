// SPDX-License-Identifier: Apache-2.0
#include "schedule/backfill_dates.h"

#include <algorithm>

namespace leoflow {

Status check_backfill(const DagSpec& spec, bool run_backwards, Reprocess reprocess) {
  const std::string name = "DAG '" + spec.dag_id + "'";
  using Kind = ScheduleSpec::Kind;
  if (spec.schedule.kind == Kind::none || spec.schedule.kind == Kind::assets) {
    return fail(Code::invalid, name + " has no schedule, so there are no dates to make up for",
                "trigger runs with the logical dates you want");
  }
  auto depends = [](const TaskSpec& task) { return task.depends_on_past; };
  if (!std::ranges::any_of(spec.tasks, depends)) return {};
  if (run_backwards) {
    return fail(Code::invalid, name + " has tasks with depends_on_past: it cannot run backwards",
                "leave out run_backwards");
  }
  if (reprocess == Reprocess::none) {
    return fail(Code::invalid,
                name + " has tasks with depends_on_past: runs in between cannot stay as they are",
                "set reprocess_behavior to failed or completed");
  }
  return {};
}

Result<std::vector<PlannedRun>> backfill_dates(const Timetable& timetable, Time from, Time to,
                                               Time now) {
  if (to < from) {
    return fail(Code::invalid, "a backfill cannot end before it begins",
                "from_date is " + format_time(from) + ", to_date is " + format_time(to));
  }
  if (from > now) {
    return fail(Code::invalid, "a backfill covers the past, and its from_date is in the future",
                "the schedule makes the runs of the future by itself");
  }
  std::vector<PlannedRun> dates;
  const TimetableRestriction range{from, to, true};
  auto next = timetable.next(std::nullopt, range, now);
  for (; next && next->logical_date && *next->logical_date <= to && next->interval.end < now;
       next = timetable.next(next->interval, range, now)) {
    if (dates.size() == size_t(kBackfillRunsMax)) {
      return fail(Code::exhausted,
                  "a backfill covers at most " + std::to_string(kBackfillRunsMax) + " dates",
                  "ask for several ranges, one after the other");
    }
    dates.push_back(*next);
  }
  if (dates.empty()) {
    return fail(Code::invalid,
                "the schedule has no date between " + format_time(from) + " and " +
                    format_time(to) + " whose data interval has ended",
                "choose a range that holds one");
  }
  return dates;
}

}  // namespace leoflow
