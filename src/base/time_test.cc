// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <gtest/gtest.h>

namespace leoflow {
namespace {

Time at(std::string_view text) { return parse_time(text).value(); }

TEST(Time, FormatsAlwaysSixDigits) {
  EXPECT_EQ(format_time(from_micros(0)), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(format_time(at("2024-02-29T13:05:09.25Z")), "2024-02-29T13:05:09.250000Z");
  EXPECT_EQ(format_time(from_micros(-1)), "1969-12-31T23:59:59.999999Z");
}

TEST(Time, FormatsIsoAsPythonDoes) {
  EXPECT_EQ(format_iso(at("2024-02-29T13:05:09Z")), "2024-02-29T13:05:09+00:00");
  EXPECT_EQ(format_iso(at("2024-02-29T13:05:09.25Z")), "2024-02-29T13:05:09.250000+00:00");
}

TEST(Time, ParsesOffsetsAndFractions) {
  EXPECT_EQ(at("2024-01-01T02:00:00+02:00"), at("2024-01-01T00:00:00Z"));
  EXPECT_EQ(at("2024-01-01T02:00:00+0200"), at("2024-01-01T00:00:00Z"));
  EXPECT_EQ(at("2023-12-31 19:00:00-05:00"), at("2024-01-01t00:00:00z"));
  EXPECT_EQ(at("2024-01-01T00:00Z"), at("2024-01-01T00:00:00Z"));
  EXPECT_EQ(at("2024-01-01T00:00:00.1234567Z"), at("2024-01-01T00:00:00.123456Z"));
}

TEST(Time, WantsAZoneUnlessToldUtc) {
  EXPECT_EQ(parse_time("2024-01-01T00:00:00").error().code(), Code::invalid);
  EXPECT_EQ(parse_time("2024-01-01").error().code(), Code::invalid);
  EXPECT_EQ(parse_time("2024-01-01", true).value(), at("2024-01-01T00:00:00Z"));
  EXPECT_EQ(parse_time("2024-01-01T10:30", true).value(), at("2024-01-01T10:30:00Z"));
}

TEST(Time, RefusesWhatIsNoInstant) {
  for (std::string_view text :
       {"", "now", "2024-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "2024-01-01T24:00:00Z",
        "2024-01-01T00:60:00Z", "2024-01-01T00:00:60Z", "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00Zx", "-024-01-01T00:00:00Z", "2024-1-01T00:00:00Z",
        "0000-01-01T00:00:00Z", "2024-01-01T00:00:00+2"}) {
    EXPECT_FALSE(parse_time(text).has_value()) << text;
  }
}

TEST(Time, RoundTripsThroughText) {
  for (int64_t micros : {int64_t(0), int64_t(1), int64_t(-1), int64_t(1709211909250000),
                         int64_t(253402300799999999)}) {
    EXPECT_EQ(to_micros(at(format_time(from_micros(micros)))), micros);
    EXPECT_EQ(to_micros(at(format_iso(from_micros(micros)))), micros);
  }
}

TEST(Duration, FormatsForPeople) {
  EXPECT_EQ(format_duration(from_seconds(0.74)), "0.740s");
  EXPECT_EQ(format_duration(from_seconds(12.345)), "12.35s");
  EXPECT_EQ(format_duration(from_seconds(63.25)), "1m 03.2s");
  EXPECT_EQ(format_duration(from_seconds(3725)), "1h 02m 05s");
  EXPECT_EQ(format_duration(from_seconds(-2)), "-2.000s");
}

TEST(Duration, ConvertsSecondsToNearestMicrosecond) {
  EXPECT_EQ(from_seconds(0.1).count(), 100'000);
  EXPECT_EQ(from_seconds(-0.0000014).count(), -1);
  EXPECT_DOUBLE_EQ(to_seconds(Duration(1'500'000)), 1.5);
}

}  // namespace
}  // namespace leoflow
