// SPDX-License-Identifier: Apache-2.0
#include "schedule/timetable.h"

#include <gtest/gtest.h>

#include <map>

#include "schedule/golden_for_test.h"

namespace leoflow {
namespace {

using golden::time;
using Kind = ScheduleSpec::Kind;
using namespace std::chrono_literals;

std::shared_ptr<const Timetable> made(const ScheduleSpec& spec) {
  auto timetable = make_timetable(spec);
  if (!timetable) throw std::runtime_error(timetable.error().text());
  return *timetable;
}

ScheduleSpec cron_spec(Kind kind, std::vector<std::string> crons, std::string zone = "UTC") {
  ScheduleSpec spec;
  spec.kind = kind;
  spec.crons = std::move(crons);
  spec.timezone = std::move(zone);
  return spec;
}

ScheduleSpec delta_spec(Kind kind, Duration delta, Duration interval = Duration(0)) {
  ScheduleSpec spec;
  spec.kind = kind;
  spec.delta = delta;
  spec.interval = interval;
  return spec;
}

ScheduleSpec plain_spec(Kind kind) {
  ScheduleSpec spec;
  spec.kind = kind;
  return spec;
}

ScheduleSpec events_spec(std::initializer_list<const char*> events, bool restricted = false) {
  ScheduleSpec spec = plain_spec(Kind::events);
  for (auto event : events) spec.events.push_back(time(event));
  spec.restrict_to_events = restricted;
  return spec;
}

ScheduleSpec spec_of(const json::object& entry) {
  const std::map<std::string, Kind> kinds = {{"cron_trigger", Kind::cron_trigger},
                                             {"cron_interval", Kind::cron_interval},
                                             {"delta_trigger", Kind::delta_trigger},
                                             {"delta_interval", Kind::delta_interval},
                                             {"multi_cron_trigger", Kind::multiple_cron_trigger},
                                             {"once", Kind::once},
                                             {"events", Kind::events}};
  ScheduleSpec spec;
  spec.kind = kinds.at(json::string_or(entry, "kind"));
  spec.timezone = json::string_or(entry, "timezone", "UTC");
  if (entry.contains("cron")) spec.crons = {json::string_or(entry, "cron")};
  if (auto* crons = json::array_or_null(entry, "crons")) {
    for (const auto& cron : *crons) spec.crons.emplace_back(cron.as_string());
  }
  spec.delta = std::chrono::seconds(json::int_or(entry, "delta_seconds"));
  spec.interval = std::chrono::seconds(json::int_or(entry, "interval_seconds"));
  if (auto* dates = json::array_or_null(entry, "dates")) {
    for (const auto& date : *dates) spec.events.push_back(time(date));
  }
  spec.restrict_to_events = json::bool_or(entry, "restrict");
  return spec;
}

void expect_run(const std::optional<PlannedRun>& run, const json::value& expected) {
  ASSERT_TRUE(run.has_value());
  EXPECT_EQ(run->logical_date, time(expected.at("logical_date")));
  EXPECT_EQ(run->interval, (DataInterval{time(expected.at("start")), time(expected.at("end"))}));
  EXPECT_EQ(run->run_after, time(expected.at("run_after")));
}

TEST(Timetable, WalksAsRecordedFromAirflow) {
  auto document = golden::load("timetables.json");
  const auto& walks = document.at("timetables").as_array();
  ASSERT_EQ(walks.size(), 24u);
  for (const auto& walk : walks) {
    SCOPED_TRACE(json::dump(walk).substr(0, 150));
    auto timetable = made(spec_of(walk.as_object()));
    TimetableRestriction restriction{golden::time_or_none(walk.at("start_date")),
                                     golden::time_or_none(walk.at("end_date")),
                                     walk.at("catchup").as_bool()};
    std::optional<DataInterval> last;
    const auto& expected = walk.at("next").as_array();
    for (const auto& one : expected) {
      auto run = timetable->next(last, restriction, time("2026-01-01T00:00:00Z"));
      ASSERT_NO_FATAL_FAILURE(expect_run(run, one));
      last = run->interval;
    }
    if (expected.size() < 5) {
      EXPECT_FALSE(timetable->next(last, restriction, time("2026-01-01T00:00:00Z")).has_value());
    }
  }
}

TEST(Timetable, ManualIntervalsAsRecordedFromAirflow) {
  auto document = golden::load("timetables.json");
  const auto& cases = document.at("manual_intervals").as_array();
  ASSERT_EQ(cases.size(), 4u);
  for (const auto& entry : cases) {
    auto interval = made(spec_of(entry.as_object()))->manual_interval(time(entry.at("manual_at")));
    EXPECT_EQ(interval.start, time(entry.at("interval").at(0))) << json::dump(entry);
    EXPECT_EQ(interval.end, time(entry.at("interval").at(1))) << json::dump(entry);
  }
}

// The schedules of the recorded DAGs, by the end of their ids.
std::map<std::string, ScheduleSpec> recorded_schedules() {
  auto cron = [](std::string text) { return cron_spec(Kind::cron_trigger, {std::move(text)}); };
  ScheduleSpec with_interval = cron_spec(Kind::cron_trigger, {"0 9 * * *"}, "Europe/Berlin");
  with_interval.interval = 2h;
  return {
      {"cron", cron("15 6 * * 1-5")},
      {"hourly", cron("@hourly")},
      {"daily", cron("@daily")},
      {"weekly", cron("@weekly")},
      {"monthly", cron("@monthly")},
      {"quarterly", cron("@quarterly")},
      {"yearly", cron("@yearly")},
      {"once", plain_spec(Kind::once)},
      {"none", plain_spec(Kind::none)},
      {"delta", delta_spec(Kind::delta_trigger, 7h)},
      {"trigger_tz", cron_spec(Kind::cron_trigger, {"30 2 * * *"}, "America/New_York")},
      {"trigger_interval", with_interval},
      {"interval_tz", cron_spec(Kind::cron_interval, {"30 2 * * *"}, "America/New_York")},
      {"delta_interval", delta_spec(Kind::delta_interval, 90min)},
      {"delta_trigger", delta_spec(Kind::delta_trigger, 24h, 1h)},
      {"multi", cron_spec(Kind::multiple_cron_trigger, {"0 5 * * *", "30 3 * * 0"})},
      {"zone", cron_spec(Kind::cron_trigger, {"0 3 * * *"}, "Europe/Lisbon")},
  };
}

TEST(Timetable, FirstRunsAsRecordedFromAirflow) {
  auto document = golden::load("sched_next.json");
  auto schedules = recorded_schedules();
  const auto& dags = document.at("dags").as_array();
  ASSERT_EQ(dags.size(), schedules.size());
  for (const auto& dag : dags) {
    std::string name =
        std::string(dag.at("dag_id").as_string()).substr(std::string("sched_next_").size());
    SCOPED_TRACE(name);
    TimetableRestriction restriction{time(dag.at("dag").at("start_date")), std::nullopt, true};
    auto run =
        made(schedules.at(name))->next(std::nullopt, restriction, time("2026-01-01T00:00:00Z"));
    const auto& expected = dag.at("next_run");
    EXPECT_EQ(run ? run->logical_date : std::nullopt,
              golden::time_or_none(expected.at("next_dagrun_logical_date")));
    if (!run) continue;
    EXPECT_EQ(run->interval.start, time(expected.at("next_dagrun_data_interval_start")));
    EXPECT_EQ(run->interval.end, time(expected.at("next_dagrun_data_interval_end")));
    EXPECT_EQ(run->run_after, time(expected.at("next_dagrun_run_after")));
  }
}

TEST(Timetable, CatchupRunsAsRecordedFromAirflow) {
  const std::map<std::string, ScheduleSpec> schedules = {
      {"sched_catchup_cron", cron_spec(Kind::cron_trigger, {"30 4 * * *"})},
      {"sched_catchup_interval", cron_spec(Kind::cron_interval, {"30 4 * * *"})},
      {"sched_catchup_delta", delta_spec(Kind::delta_trigger, 16h)},
  };
  auto document = golden::load("sched_catchup.json");
  ASSERT_EQ(document.at("dags").as_array().size(), schedules.size());
  for (const auto& dag : document.at("dags").as_array()) {
    SCOPED_TRACE(dag.at("dag_id").as_string().c_str());
    auto timetable = made(schedules.at(std::string(dag.at("dag_id").as_string())));
    TimetableRestriction restriction{time("2024-01-30T00:00:00Z"), time("2024-02-01T00:00:00Z"),
                                     true};
    std::optional<DataInterval> last;
    for (const auto& expected : dag.at("runs").as_array()) {
      auto run = timetable->next(last, restriction, time("2026-01-01T00:00:00Z"));
      ASSERT_TRUE(run.has_value());
      EXPECT_EQ(run->logical_date, time(expected.at("logical_date")));
      EXPECT_EQ(run->interval.start, time(expected.at("data_interval_start")));
      EXPECT_EQ(run->interval.end, time(expected.at("data_interval_end")));
      EXPECT_EQ("scheduled__" + format_iso(run->run_after), expected.at("run_id").as_string());
      last = run->interval;
    }
    EXPECT_FALSE(timetable->next(last, restriction, time("2026-01-01T00:00:00Z")).has_value());
  }
}

std::string next_of(const ScheduleSpec& spec, TimetableRestriction restriction,
                    std::string_view now, std::optional<DataInterval> last = std::nullopt) {
  auto run = made(spec)->next(last, restriction, time(now));
  if (!run) return "none";
  return format_iso(run->interval.start).substr(0, 16) + " to " +
         format_iso(run->interval.end).substr(0, 16);
}

DataInterval interval(std::string_view start, std::string_view end) {
  return {time(start), time(end)};
}

TEST(TriggerTimetable, WithoutCatchupRunsOnlyTheLatestMissedTick) {
  auto daily = cron_spec(Kind::cron_trigger, {"@daily"});
  TimetableRestriction restriction{time("2024-01-01T00:00:00Z"), std::nullopt, false};
  auto last = interval("2024-05-01T00:00:00Z", "2024-05-01T00:00:00Z");
  EXPECT_EQ(next_of(daily, restriction, "2024-05-10T15:00:00Z", last),
            "2024-05-10T00:00 to 2024-05-10T00:00");
  EXPECT_EQ(next_of(daily, restriction, "2024-05-01T15:00:00Z", last),
            "2024-05-02T00:00 to 2024-05-02T00:00");
  EXPECT_EQ(next_of(daily, restriction, "2024-05-10T15:00:00Z"),
            "2024-05-10T00:00 to 2024-05-10T00:00");
  EXPECT_EQ(next_of(daily, restriction, "2023-05-10T15:00:00Z"),
            "2024-01-01T00:00 to 2024-01-01T00:00");
}

TEST(TriggerTimetable, FirstRunWithoutStartDate) {
  auto spec = cron_spec(Kind::cron_trigger, {"0 * * * *"});
  const std::string past = "2024-05-01T10:00 to 2024-05-01T10:00",
                    coming = "2024-05-01T11:00 to 2024-05-01T11:00";
  for (bool catchup : {false, true}) {
    TimetableRestriction restriction{std::nullopt, std::nullopt, catchup};
    for (auto choice : {ScheduleSpec::Immediately::automatic, ScheduleSpec::Immediately::no}) {
      spec.run_immediately = choice;
      EXPECT_EQ(next_of(spec, restriction, "2024-05-01T10:06:00Z"), past);
      EXPECT_EQ(next_of(spec, restriction, "2024-05-01T10:06:01Z"), coming);
    }
    spec.run_immediately = ScheduleSpec::Immediately::yes;
    EXPECT_EQ(next_of(spec, restriction, "2024-05-01T10:59:00Z"), past);
    spec.run_immediately = ScheduleSpec::Immediately::window;
    spec.immediately_window = 20min;
    EXPECT_EQ(next_of(spec, restriction, "2024-05-01T10:20:00Z"), past);
    EXPECT_EQ(next_of(spec, restriction, "2024-05-01T10:21:00Z"), coming);
  }
}

TEST(IntervalTimetable, WithoutCatchupRunsTheNewestCompleteInterval) {
  auto daily = cron_spec(Kind::cron_interval, {"@daily"});
  TimetableRestriction restriction{time("2024-01-01T00:00:00Z"), std::nullopt, false};
  EXPECT_EQ(next_of(daily, restriction, "2024-05-10T15:00:00Z"),
            "2024-05-09T00:00 to 2024-05-10T00:00");
  EXPECT_EQ(next_of(daily, restriction, "2024-05-10T00:00:00Z"),
            "2024-05-09T00:00 to 2024-05-10T00:00");
  auto last = interval("2024-05-09T00:00:00Z", "2024-05-10T00:00:00Z");
  EXPECT_EQ(next_of(daily, restriction, "2024-05-10T15:00:00Z", last),
            "2024-05-10T00:00 to 2024-05-11T00:00");
  restriction.earliest.reset();
  EXPECT_EQ(next_of(daily, restriction, "2024-05-10T15:00:00Z"),
            "2024-05-09T00:00 to 2024-05-10T00:00");
  restriction.catchup = true;
  EXPECT_EQ(next_of(daily, restriction, "2024-05-10T15:00:00Z"), "none");
}

TEST(IntervalTimetable, ChangedScheduleAlignsToItsOwnTicks) {
  auto hourly = cron_spec(Kind::cron_interval, {"0 */6 * * *"});
  TimetableRestriction restriction{time("2024-01-01T00:00:00Z"), std::nullopt, true};
  auto last = interval("2024-05-01T04:30:00Z", "2024-05-02T04:30:00Z");
  EXPECT_EQ(next_of(hourly, restriction, "2024-05-10T15:00:00Z", last),
            "2024-05-02T00:00 to 2024-05-02T06:00");
}

TEST(DeltaTimetable, WithoutCatchup) {
  TimetableRestriction restriction{time("2024-01-01T00:00:00Z"), std::nullopt, false};
  auto trigger = delta_spec(Kind::delta_trigger, 1h);
  EXPECT_EQ(next_of(trigger, restriction, "2024-05-01T10:20:00Z"),
            "2024-05-01T10:20 to 2024-05-01T10:20");
  auto last = interval("2024-05-01T10:00:00Z", "2024-05-01T10:00:00Z");
  EXPECT_EQ(next_of(trigger, restriction, "2024-05-01T10:20:00Z", last),
            "2024-05-01T11:00 to 2024-05-01T11:00");
  auto intervals = delta_spec(Kind::delta_interval, 1h);
  EXPECT_EQ(next_of(intervals, restriction, "2024-05-01T10:20:00Z"),
            "2024-05-01T09:00 to 2024-05-01T10:00");
}

TEST(OnceTimetable, RunsOnce) {
  auto once = plain_spec(Kind::once);
  TimetableRestriction restriction{time("2024-05-01T00:00:00Z"), std::nullopt, false};
  EXPECT_EQ(next_of(once, restriction, "2026-01-01T00:00:00Z"),
            "2024-05-01T00:00 to 2024-05-01T00:00");
  EXPECT_EQ(next_of(once, {}, "2026-01-01T00:00:00Z"), "2026-01-01T00:00 to 2026-01-01T00:00");
  EXPECT_EQ(next_of(once, restriction, "2026-01-01T00:00:00Z",
                    interval("2024-05-01T00:00:00Z", "2024-05-01T00:00:00Z")),
            "none");
  restriction.latest = time("2024-04-01T00:00:00Z");
  EXPECT_EQ(next_of(once, restriction, "2026-01-01T00:00:00Z"), "none");
}

TEST(ContinuousTimetable, EachIntervalBeginsWhereTheLastEnded) {
  auto continuous = plain_spec(Kind::continuous);
  TimetableRestriction restriction{time("2024-05-01T00:00:00Z"), time("2024-06-01T00:00:00Z"),
                                   false};
  EXPECT_EQ(next_of(continuous, restriction, "2024-05-03T00:00:00Z"),
            "2024-05-01T00:00 to 2024-05-03T00:00");
  EXPECT_EQ(next_of(continuous, restriction, "2024-04-03T00:00:00Z"),
            "2024-05-01T00:00 to 2024-05-01T00:00");
  auto last = interval("2024-05-01T00:00:00Z", "2024-05-03T00:00:00Z");
  EXPECT_EQ(next_of(continuous, restriction, "2024-05-03T07:00:00Z", last),
            "2024-05-03T00:00 to 2024-05-03T07:00");
  EXPECT_EQ(next_of(continuous, restriction, "2024-07-03T07:00:00Z", last), "none");
}

TEST(EventsTimetable, CatchupDecidesWhetherPastEventsRun) {
  auto events =
      events_spec({"2024-05-01T00:00:00Z", "2024-05-02T00:00:00Z", "2024-07-01T00:00:00Z"});
  TimetableRestriction restriction{std::nullopt, std::nullopt, true};
  EXPECT_EQ(next_of(events, restriction, "2024-06-01T00:00:00Z"),
            "2024-05-01T00:00 to 2024-05-01T00:00");
  restriction.catchup = false;
  EXPECT_EQ(next_of(events, restriction, "2024-06-01T00:00:00Z"),
            "2024-07-01T00:00 to 2024-07-01T00:00");
  auto last = interval("2024-07-01T00:00:00Z", "2024-07-01T00:00:00Z");
  EXPECT_EQ(next_of(events, restriction, "2024-06-01T00:00:00Z", last), "none");
}

TEST(EventsTimetable, ManualRunsSnapToEventsOnlyWhenRestricted) {
  auto at = time("2024-05-01T12:00:00Z");
  EXPECT_EQ(made(events_spec({"2024-05-02T00:00:00Z"}))->manual_interval(at),
            (DataInterval{at, at}));
  auto first = time("2024-05-02T00:00:00Z");
  EXPECT_EQ(made(events_spec({"2024-05-02T00:00:00Z"}, true))->manual_interval(at),
            (DataInterval{first, first}));
  EXPECT_EQ(made(events_spec({}, true))->manual_interval(at), (DataInterval{at, at}));
}

TEST(MultipleTimetable, WithoutCatchupTheLatestDueTickWins) {
  auto spec = cron_spec(Kind::multiple_cron_trigger, {"0 6 * * *", "0 18 * * *"});
  TimetableRestriction restriction{time("2024-01-01T00:00:00Z"), std::nullopt, false};
  auto last = interval("2024-05-01T06:00:00Z", "2024-05-01T06:00:00Z");
  EXPECT_EQ(next_of(spec, restriction, "2024-05-03T12:00:00Z", last),
            "2024-05-03T06:00 to 2024-05-03T06:00");
  EXPECT_EQ(next_of(spec, restriction, "2024-05-01T12:00:00Z", last),
            "2024-05-01T18:00 to 2024-05-01T18:00");
}

TEST(Timetable, NeverFiringCronPlansNothing) {
  for (bool catchup : {false, true}) {
    TimetableRestriction restriction{time("2024-01-01T00:00:00Z"), std::nullopt, catchup};
    for (auto kind : {Kind::cron_trigger, Kind::cron_interval, Kind::multiple_cron_trigger}) {
      EXPECT_EQ(next_of(cron_spec(kind, {"0 0 30 2 *"}), restriction, "2024-05-03T12:00:00Z"),
                "none");
    }
  }
}

TEST(Timetable, PeriodicOnesHaveNoEnd) {
  EXPECT_TRUE(made(cron_spec(Kind::cron_trigger, {"@daily"}))->periodic());
  EXPECT_TRUE(made(delta_spec(Kind::delta_interval, 1h))->periodic());
  EXPECT_TRUE(made(plain_spec(Kind::continuous))->periodic());
  for (auto kind : {Kind::none, Kind::once, Kind::events})
    EXPECT_FALSE(made(plain_spec(kind))->periodic());
}

TEST(Timetable, ErrorsNameWhatIsWrong) {
  auto message = [](const ScheduleSpec& spec) {
    auto timetable = make_timetable(spec);
    return timetable ? "accepted" : timetable.error().message();
  };
  EXPECT_EQ(message(cron_spec(Kind::cron_trigger, {"0 24 * * *"})),
            "cron expression \"0 24 * * *\": hour: 24 is not 0 to 23");
  EXPECT_EQ(message(cron_spec(Kind::cron_trigger, {"@daily"}, "Mars/Base")),
            "time zone \"Mars/Base\" is not known here");
  EXPECT_EQ(message(cron_spec(Kind::cron_interval, {})),
            "schedule has 0 cron expressions instead of 1");
  EXPECT_EQ(message(cron_spec(Kind::multiple_cron_trigger, {})),
            "schedule has 0 cron expressions, not 1 to 100");
  EXPECT_EQ(message(delta_spec(Kind::delta_trigger, 0s)),
            "schedule delta is not between 0 and 100 years");
  EXPECT_EQ(message(delta_spec(Kind::delta_trigger, 1h, -1h)),
            "schedule interval is not between 0 and 100 years");
}

}  // namespace
}  // namespace leoflow
