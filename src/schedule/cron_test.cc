// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "schedule/golden_for_test.h"
#include "schedule/timetable.h"

namespace leoflow {
namespace {

using golden::time;

std::string refused(std::string_view text) {
  auto cron = Cron::parse(text);
  return cron ? "accepted" : cron.error().message();
}

std::vector<std::string> ticks(std::string_view expression, std::string_view after, int count,
                               std::string_view zone = "UTC") {
  std::vector<std::string> out;
  Time at = time(after);
  auto cron = Cron::parse(expression);
  for (int i = 0; cron && i < count; ++i) {
    auto next = cron->next(at, zone);
    if (!next) break;
    out.push_back(format_time(*next).substr(0, 16));
    at = *next;
  }
  return out;
}

using Ticks = std::vector<std::string>;

TEST(Cron, AnswersAsRecordedFromAirflow) {
  auto document = golden::load("timetables.json");
  const auto& cases = document.at("croniter").as_array();
  ASSERT_EQ(cases.size(), 36u);
  for (const auto& entry : cases) {
    std::string expression(entry.at("expression").as_string());
    SCOPED_TRACE(expression);
    auto cron = Cron::parse(expression);
    EXPECT_EQ(cron.has_value(), entry.at("airflow_accepts").as_bool());
    if (!cron) continue;
    Time from = time(entry.at("from_wall_time"));
    if (!entry.as_object().contains("next")) {
      EXPECT_EQ(cron->next(from, "UTC"), std::nullopt);
      EXPECT_EQ(cron->previous(from, "UTC"), std::nullopt);
      continue;
    }
    Time at = from;
    for (const auto& expected : entry.at("next").as_array()) {
      auto next = cron->next(at, "UTC");
      ASSERT_EQ(next, time(expected));
      at = *next;
    }
    EXPECT_EQ(cron->previous(from, "UTC"), time(entry.at("previous")));
  }
}

TEST(Cron, AcceptsWhatAirflowAccepts) {
  for (auto text : {"0 0 ? * ?", "0 9 1W * *", "0/10 * * * *", "*/61 * * * *", "0 0 * * L5",
                    "0 0 1-L * *", "0 0 * * mon-fri#1", "0 0 * * MON#1,fri#2", "0 0 15,L * *",
                    "  0\t0 * * * ", "@Daily", "@quarterly", "0 0 1 1 * 0 2030-2040/5"}) {
    EXPECT_TRUE(Cron::parse(text).has_value()) << text;
  }
}

TEST(Cron, RefusesWhatAirflowRefuses) {
  for (auto text : {"0 0 * * 5L",
                    "H * * * *",
                    "@reboot",
                    "0 0 * * *#2",
                    "0 0 * * 5#6",
                    "0 0 * * 5#0",
                    "*/0 * * * *",
                    "5/ * * * *",
                    "1,,2 * * * *",
                    "1-5-7 * * * *",
                    "0 0 0 * *",
                    "0 0 * 0 *",
                    "0 0 * * 8",
                    "0 0 L-3 * *",
                    "0 0 1W,2 * *",
                    "0 0 * * L8",
                    "0 0 * * 1,5#2",
                    "? * * * *",
                    "0 0 ?/2 * *",
                    "1 2 3 4 5 6 2030 8",
                    "0 0 * foo *",
                    "0 0 jan * *",
                    "99999999999999999999 * * * *"}) {
    EXPECT_FALSE(Cron::parse(text).has_value()) << text;
  }
}

TEST(Cron, ErrorsNameTheFieldAndWhatItAllows) {
  EXPECT_EQ(refused("0 24 * * *"), "hour: 24 is not 0 to 23");
  EXPECT_EQ(refused("0 0 * * fry"), "day of week: \"fry\" is not a value");
  EXPECT_EQ(refused("0 0 32 * *"), "day of month: 32 is not 1 to 31");
  EXPECT_EQ(refused("*/0 * * * *"), "minute: a step of 0 never advances");
  EXPECT_EQ(refused("* * * *"), "cron expression has 4 fields instead of 5");
  EXPECT_EQ(refused("@once"), "\"@once\" is not a cron preset");
  EXPECT_EQ(refused(std::string(2000, '1')), "cron expression is longer than 1024 characters");
}

TEST(Cron, RangesWrapAroundTheEndOfTheField) {
  EXPECT_EQ(ticks("0 22-2/2 * * *", "2024-01-01T00:00:00Z", 3),
            (Ticks{"2024-01-01T02:00", "2024-01-01T22:00", "2024-01-02T00:00"}));
  EXPECT_EQ(ticks("0 0 1 nov-feb *", "2024-02-02T00:00:00Z", 3),
            (Ticks{"2024-11-01T00:00", "2024-12-01T00:00", "2025-01-01T00:00"}));
}

TEST(Cron, StepsCarryOverTheWrapAsInCroniter) {
  EXPECT_EQ(ticks("0 23-3/2 * * *", "2024-01-01T00:00:00Z", 3),
            (Ticks{"2024-01-01T02:00", "2024-01-01T23:00", "2024-01-02T02:00"}));
  EXPECT_EQ(ticks("0 0 1 nov-mar/2 *", "2024-01-02T00:00:00Z", 3),
            (Ticks{"2024-03-01T00:00", "2024-11-01T00:00", "2025-01-01T00:00"}));
}

TEST(Cron, RangeOfOneValueIsTheWholeCycle) {
  EXPECT_EQ(ticks("0 0 * * fri-fri", "2024-01-01T00:00:00Z", 2),
            (Ticks{"2024-01-02T00:00", "2024-01-03T00:00"}));
}

TEST(Cron, NearestWeekdayStaysInItsMonth) {
  // 1 June 2024 is a Saturday, 15 June a Saturday, 30 June a Sunday.
  EXPECT_EQ(ticks("0 0 1W 6 *", "2024-01-01T00:00:00Z", 1), (Ticks{"2024-06-03T00:00"}));
  EXPECT_EQ(ticks("0 0 W15 6 *", "2024-01-01T00:00:00Z", 1), (Ticks{"2024-06-14T00:00"}));
  EXPECT_EQ(ticks("0 0 30w 6 *", "2024-01-01T00:00:00Z", 1), (Ticks{"2024-06-28T00:00"}));
  EXPECT_EQ(ticks("0 0 31W * *", "2024-01-31T00:00:00Z", 1), (Ticks{"2024-03-29T00:00"}));
}

TEST(Cron, TwoDayFieldsAreAUnionUnlessOneIsAStar) {
  EXPECT_EQ(ticks("0 0 1-31 * 5", "2024-01-01T00:00:00Z", 2),
            (Ticks{"2024-01-02T00:00", "2024-01-03T00:00"}));
  EXPECT_EQ(ticks("0 0 1-31 * */5", "2024-01-01T00:00:00Z", 2),
            (Ticks{"2024-01-05T00:00", "2024-01-07T00:00"}));
  EXPECT_EQ(ticks("0 0 13 * 5#2", "2024-01-01T00:00:00Z", 2),
            (Ticks{"2024-01-12T00:00", "2024-02-09T00:00"}));
}

TEST(Cron, DayOfMonthThatNeverComesDoesNotHideTheWeekday) {
  EXPECT_EQ(ticks("0 0 30 2 1", "2024-01-01T00:00:00Z", 2),
            (Ticks{"2024-02-05T00:00", "2024-02-12T00:00"}));
  EXPECT_EQ(ticks("0 0 31 * 5#1", "2024-01-01T00:00:00Z", 2),
            (Ticks{"2024-01-05T00:00", "2024-02-02T00:00"}));
}

TEST(Cron, HourlyOnOneDayMatchesTheWallClockAcrossAChange) {
  // Clocks go forward on Sunday, 31 March 2024: Monday still begins at 00:00 in Berlin.
  EXPECT_EQ(ticks("0 * * * 1", "2024-03-25T22:00:00Z", 2, "Europe/Berlin"),
            (Ticks{"2024-03-31T22:00", "2024-03-31T23:00"}));
}

TEST(Cron, YearsAndSeconds) {
  EXPECT_EQ(ticks("0 0 1 1 * 0 2030-2040/5", "2024-01-01T00:00:00Z", 9),
            (Ticks{"2030-01-01T00:00", "2035-01-01T00:00", "2040-01-01T00:00"}));
  auto cron = Cron::parse("* * * * * */20");
  EXPECT_EQ(cron->next(time("2024-01-01T00:00:20.5Z"), "UTC"), time("2024-01-01T00:00:40Z"));
  EXPECT_EQ(cron->previous(time("2024-01-01T00:00:20.5Z"), "UTC"), time("2024-01-01T00:00:20Z"));
}

TEST(Cron, SkippedTimeRunsAsFarAfterTheGap) {
  EXPECT_EQ(ticks("30 2 * * *", "2024-03-30T12:00:00Z", 2, "Europe/Berlin"),
            (Ticks{"2024-03-31T01:30", "2024-04-01T00:30"}));
  auto cron = Cron::parse("30 2 * * *");
  EXPECT_EQ(cron->next(time("2024-03-31T01:10:00Z"), "Europe/Berlin"),
            time("2024-03-31T01:30:00Z"));
  EXPECT_EQ(cron->previous(time("2024-03-31T01:10:00Z"), "Europe/Berlin"),
            time("2024-03-30T01:30:00Z"));
}

TEST(Cron, RepeatedTimeRunsOnceAndLate) {
  EXPECT_EQ(ticks("30 2 * * *", "2024-10-26T12:00:00Z", 2, "Europe/Berlin"),
            (Ticks{"2024-10-27T01:30", "2024-10-28T01:30"}));
  auto cron = Cron::parse("30 2 * * *");
  EXPECT_EQ(cron->next(time("2024-10-27T00:45:00Z"), "Europe/Berlin"),
            time("2024-10-27T01:30:00Z"));
}

TEST(Cron, HourlyRunsThroughBothChanges) {
  EXPECT_EQ(ticks("0 * * * *", "2024-10-26T23:30:00Z", 3, "Europe/Berlin"),
            (Ticks{"2024-10-27T00:00", "2024-10-27T01:00", "2024-10-27T02:00"}));
  EXPECT_EQ(ticks("0 * * * *", "2024-03-30T23:30:00Z", 3, "Europe/Berlin"),
            (Ticks{"2024-03-31T00:00", "2024-03-31T01:00", "2024-03-31T02:00"}));
}

TEST(Cron, HalfHourShiftKeepsOrder) {
  // Lord Howe Island moves from 02:00 to 02:30 on 6 October 2024: 02:15 becomes 02:45, after 02:40.
  EXPECT_EQ(ticks("15,40 2 * * *", "2024-10-05T00:00:00Z", 3, "Australia/Lord_Howe"),
            (Ticks{"2024-10-05T15:40", "2024-10-05T15:45", "2024-10-06T15:15"}));
}

TEST(Cron, ZoneRulesHoldAfter2037) {
  EXPECT_EQ(ticks("0 9 1 7 *", "2038-01-01T00:00:00Z", 1, "America/New_York"),
            (Ticks{"2038-07-01T13:00"}));
  EXPECT_EQ(ticks("0 9 1 7 *", "2090-01-01T00:00:00Z", 1, "Europe/Berlin"),
            (Ticks{"2090-07-01T07:00"}));
}

TEST(Cron, FixedOffsets) {
  EXPECT_EQ(ticks("0 0 * * *", "2024-01-01T00:00:00Z", 1, "+05:30"), (Ticks{"2024-01-01T18:30"}));
  EXPECT_EQ(ticks("0 0 * * *", "2024-01-01T00:00:00Z", 1, "UTC-0800"), (Ticks{"2024-01-01T08:00"}));
}

TEST(Cron, TimezoneNames) {
  for (auto name : {"UTC", "utc", "Europe/Berlin", "Etc/GMT+5", "America/Argentina/Ushuaia",
                    "+05:30", "-08", "+0545"}) {
    EXPECT_TRUE(valid_timezone(name)) << name;
  }
  for (auto name : {"", "Mars/Base", "/etc/localtime", "../UTC", "localtime", "+25:00", "+05:60",
                    "+5", "+05:3", "Europe/Berlin ", "Europe/../UTC", "file:UTC"}) {
    EXPECT_FALSE(valid_timezone(name)) << name;
  }
  EXPECT_EQ(Cron::parse("* * * * *")->next(Time(), "Mars/Base"), std::nullopt);
}

TEST(Cron, DescribesCommonForms) {
  const std::pair<const char*, const char*> cases[] = {
      {"30 4 * * *", "At 04:30"},
      {"@daily", "At 00:00"},
      {"@hourly", "Every hour"},
      {"@weekly", "At 00:00, only on Sunday"},
      {"@monthly", "At 00:00, on day 1 of the month"},
      {"@quarterly", "At 00:00, on day 1 of the month, every 3 months"},
      {"@yearly", "At 00:00, on day 1 of the month, only in January"},
      {"* * * * *", "Every minute"},
      {"*/5 * * * *", "Every 5 minutes"},
      {"30 * * * *", "At 30 minutes past the hour"},
      {"0,15,30 * * * *", "At 0, 15, and 30 minutes past the hour"},
      {"0 */2 * * *", "Every 2 hours"},
      {"*/10 8-18 * * *", "Every 10 minutes, between 08:00 and 18:59"},
      {"0 6,18 * * *", "At 06:00 and 18:00"},
      {"5 6,14,18 * * *", "At 06:05, 14:05 and 18:05"},
      {"0 0 * * 1", "At 00:00, only on Monday"},
      {"0 9 * * MON-FRI", "At 09:00, Monday through Friday"},
      {"0 0 * jan,JUL 7", "At 00:00, only on Sunday, only in January and July"},
      {"0 0 L * *", "At 00:00, on the last day of the month"},
      {"0 0 * * 5#2", "At 00:00, on the second Friday of the month"},
      {"0 0 * * L5", "At 00:00, on the last Friday of the month"},
      {"0 0 1,15 * *", "At 00:00, on day 1 and 15 of the month"},
      {"0 0 13 * 5", "At 00:00, on day 13 of the month (or) At 00:00, only on Friday"},
      {"0-10 11 * * *", "Every minute between 11:00 and 11:10"},
  };
  for (auto [expression, sentence] : cases)
    EXPECT_EQ(Cron::parse(expression)->describe(), sentence) << expression;
}

TEST(Cron, DescribesNothingRatherThanWrongly) {
  for (auto text : {"0 0 1 1 * 30", "* 11 * * *", "1-5/2,10 0 * * *", "0 0 1W * *",
                    "0 0 * * mon#1,fri#2", "0 22-2 * * *"}) {
    EXPECT_EQ(Cron::parse(text)->describe(), "") << text;
  }
}

}  // namespace
}  // namespace leoflow
