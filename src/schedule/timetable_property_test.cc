// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <fmt/format.h>

#include "absl/time/time.h"
#include "schedule/cron_fields.h"
#include "schedule/cron_zone.h"
#include "schedule/timetable.h"

namespace leoflow {
namespace {

using Kind = ScheduleSpec::Kind;

void holds(const char* what, auto property) { EXPECT_TRUE(rc::check(what, std::move(property))); }

rc::Gen<std::string> field(int low, int high) {
  auto value = rc::gen::inRange(low, high + 1);
  return rc::gen::oneOf(
      rc::gen::just(std::string("*")),
      rc::gen::map(value, [](int a) { return fmt::format("{}", a); }),
      rc::gen::map(rc::gen::pair(value, value),
                   [](auto p) { return fmt::format("{},{}", p.first, p.second); }),
      rc::gen::map(rc::gen::pair(value, value),
                   [](auto p) { return fmt::format("{}-{}", p.first, p.second); }),
      rc::gen::map(rc::gen::inRange(1, high + 1),
                   [](int step) { return fmt::format("*/{}", step); }));
}

std::string any_expression() {
  auto day = *rc::gen::oneOf(field(1, 31), rc::gen::element<std::string>("L", "15W", "?", "1,L"));
  auto weekday =
      *rc::gen::oneOf(field(0, 7), rc::gen::element<std::string>("L5", "1#2", "mon-fri", "?"));
  return fmt::format("{} {} {} {} {}", *field(0, 59), *field(0, 23), day, *field(1, 12), weekday);
}

std::string any_zone() {
  return *rc::gen::element<std::string>("UTC", "Europe/Berlin", "America/New_York",
                                        "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata",
                                        "+05:30", "America/Sao_Paulo");
}

// 1990 to 2080, with bias towards the hours around clock changes.
Time any_time() {
  constexpr int64_t kSecond = 1'000'000;
  int64_t micros =
      *rc::gen::inRange<int64_t>(631152000, 3471292800) * kSecond + *rc::gen::inRange(0, 1'000'000);
  int year = *rc::gen::inRange(2007, 2040);
  auto change = *rc::gen::element(absl::CivilDay(year, 3, 25), absl::CivilDay(year, 10, 25),
                                  absl::CivilDay(year, 4, 1));
  int64_t near = absl::ToUnixMicros(absl::FromCivil(change, absl::UTCTimeZone())) +
                 *rc::gen::inRange<int64_t>(0, 8 * 86400) * kSecond;
  return from_micros(*rc::gen::element(micros, near));
}

Cron parsed(const std::string& expression) {
  auto cron = Cron::parse(expression);
  RC_ASSERT(cron.has_value());
  return *cron;
}

TEST(CronProperty, NextIsTheFirstTickAfterAndPreviousTheLastBefore) {
  holds("next and previous are inverse", [] {
    auto cron = parsed(any_expression());
    auto zone = any_zone();
    Time at = any_time();
    auto next = cron.next(at, zone);
    if (next) {
      RC_ASSERT(*next > at);
      auto back = cron.previous(*next, zone);
      RC_ASSERT(!back || *back <= at);
      RC_ASSERT(cron.next(*next - Duration(1), zone) == next);
    }
    auto previous = cron.previous(at, zone);
    if (previous) {
      RC_ASSERT(*previous < at);
      auto forth = cron.next(*previous, zone);
      RC_ASSERT(!forth || *forth >= at);
      RC_ASSERT(cron.previous(*previous + Duration(1), zone) == previous);
    }
  });
}

TEST(CronProperty, NextNeverGoesBackAsTimeAdvances) {
  holds("next is monotonic", [] {
    auto cron = parsed(any_expression());
    auto zone = any_zone();
    Time at = any_time();
    Time later = at + std::chrono::minutes(*rc::gen::inRange(1, 5000));
    auto first = cron.next(at, zone), second = cron.next(later, zone);
    if (first && second) RC_ASSERT(*first <= *second);
    if (first && *first > later) RC_ASSERT(first == second);
  });
}

// Whether some wall time that the expression matches means this instant: its own, or one skipped
// shortly before.
bool wall_time_matches(const CronFields& fields, const absl::TimeZone& zone, absl::Time tick) {
  absl::CivilSecond wall = zone.At(tick).cs;
  if (next_match(fields, wall - 1) == wall) return true;
  auto skipped = wall - shift_near(zone, tick);
  return !fields.every_hour && next_match(fields, skipped - 1) == skipped &&
         zone.At(skipped).kind == absl::TimeZone::TimeInfo::SKIPPED;
}

TEST(CronProperty, EveryTickMatchesTheWallClock) {
  holds("ticks match their fields", [] {
    auto expression = any_expression();
    auto cron = parsed(expression);
    auto zone = any_zone();
    auto fields = parse_cron_fields(expression);
    Time at = any_time();
    for (int i = 0; i < 10; ++i) {
      auto next = cron.next(at, zone);
      if (!next) break;
      RC_ASSERT(wall_time_matches(*fields, *find_zone(zone), to_absl(*next)));
      at = *next;
    }
  });
}

// Against the slowest possible answer: every minute of two days tried in turn, zone without clock
// changes.
TEST(CronProperty, NextAgreesWithTryingEveryMinute) {
  holds("next agrees with brute force", [] {
    auto minute = *field(0, 59), hour = *field(0, 23);
    auto cron = parsed(fmt::format("{} {} * * *", minute, hour));
    auto fields = parse_cron_fields(fmt::format("{} {} * * *", minute, hour));
    absl::CivilMinute start(2024, 2, 28, *rc::gen::inRange(0, 24), *rc::gen::inRange(0, 60));
    auto at = start + 1;
    while (!((fields->minutes >> at.minute() & 1) && (fields->hours >> at.hour() & 1))) ++at;
    auto zone = absl::UTCTimeZone();
    RC_ASSERT(cron.next(from_absl(absl::FromCivil(start, zone)), "UTC") ==
              from_absl(absl::FromCivil(at, zone)));
  });
}

ScheduleSpec any_periodic() {
  ScheduleSpec spec;
  spec.kind = *rc::gen::element(Kind::cron_trigger, Kind::cron_interval, Kind::delta_trigger,
                                Kind::delta_interval, Kind::multiple_cron_trigger);
  spec.crons = {any_expression()};
  if (spec.kind == Kind::multiple_cron_trigger) spec.crons.push_back(any_expression());
  spec.timezone = any_zone();
  spec.delta = std::chrono::minutes(*rc::gen::inRange(1, 100'000));
  return spec;
}

TEST(TimetableProperty, RunsStayBetweenStartAndEndDate) {
  holds("runs stay within the dates of the DAG", [] {
    auto timetable = make_timetable(any_periodic());
    RC_ASSERT(timetable.has_value());
    Time start = any_time(), end = start + std::chrono::hours(*rc::gen::inRange(0, 2000));
    TimetableRestriction restriction{start, end, *rc::gen::arbitrary<bool>()};
    Time now = start + std::chrono::hours(*rc::gen::inRange(-500, 2500));
    std::optional<DataInterval> last;
    for (int i = 0; i < 20; ++i) {
      auto run = (*timetable)->next(last, restriction, now);
      if (!run) break;
      RC_ASSERT(run->interval.start >= start);
      RC_ASSERT(*run->logical_date <= end);
      RC_ASSERT(run->interval.end <= run->run_after);
      if (last) RC_ASSERT(run->interval.start >= last->end);
      last = run->interval;
    }
  });
}

TEST(TimetableProperty, CatchupCoversEveryTickOnce) {
  holds("catchup walks all ticks", [] {
    auto expression = any_expression();
    auto cron = parsed(expression);
    ScheduleSpec spec;
    spec.kind = *rc::gen::element(Kind::cron_trigger, Kind::cron_interval);
    spec.crons = {expression};
    spec.timezone = any_zone();
    auto timetable = *make_timetable(spec);
    Time start = any_time(), now = start + std::chrono::hours(*rc::gen::inRange(1, 200'000));
    TimetableRestriction restriction{start, std::nullopt, true};
    auto tick = cron.next(start - Duration(1), spec.timezone);
    std::optional<DataInterval> last;
    for (int i = 0; i < 30 && tick; ++i) {
      auto run = timetable->next(last, restriction, now);
      auto following = cron.next(*tick, spec.timezone);
      if (spec.kind == Kind::cron_interval && !following) break;
      RC_ASSERT(run.has_value());
      RC_ASSERT(run->interval.start == *tick);
      RC_ASSERT(run->interval.end == (spec.kind == Kind::cron_interval ? *following : *tick));
      last = run->interval;
      tick = following;
    }
  });
}

}  // namespace
}  // namespace leoflow
