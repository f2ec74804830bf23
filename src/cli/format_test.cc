// SPDX-License-Identifier: Apache-2.0
#include "cli/format.h"

#include <gtest/gtest.h>

namespace leoflow::cli {
namespace {

Time at(int64_t seconds) { return from_micros(seconds * 1'000'000); }

TEST(Format, BytesInPowersOfThousand) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(999), "999 B");
  EXPECT_EQ(format_bytes(1'940), "1.9 kB");
  EXPECT_EQ(format_bytes(999'600), "1.0 MB");
  EXPECT_EQ(format_bytes(1'152'463'115), "1.2 GB");
}

TEST(Format, TimesAreShort) {
  EXPECT_EQ(short_time("2026-11-22T19:32:27.250000Z"), "2026-11-22 19:32:27");
  EXPECT_EQ(short_time("no\ttime"), "no time");
}

TEST(Format, OverlappingIntervalsCountOnce) {
  EXPECT_EQ(covered({}), Duration(0));
  EXPECT_EQ(covered({{at(10), at(20)}, {at(15), at(18)}, {at(19), at(25)}, {at(30), at(31)}}),
            std::chrono::seconds(16));
  EXPECT_EQ(covered({{at(20), at(10)}}), Duration(0));
}

TEST(Format, DataCannotSteerTheTerminal) {
  EXPECT_EQ(printable("a\x1b[31mb\nc"), "a?[31mb c");
  EXPECT_EQ(printable("a\nb\tc\r", true), "a\nb\tc?");
}

TEST(Format, NearestWord) {
  std::vector<std::string> words{"runs", "run", "tasks", "trigger"};
  EXPECT_EQ(nearest("tirgger", words), "trigger");
  EXPECT_EQ(nearest("taks", words), "tasks");
  EXPECT_EQ(nearest("xyzzy", words), "");
}

TEST(Format, JsonArgument) {
  auto object = json_argument(R"({"a": 1})", "--conf");
  ASSERT_TRUE(object);
  EXPECT_EQ(json::int_or(*object, "a"), 1);
  EXPECT_EQ(json_argument("[1]", "--conf").error().code(), Code::invalid);
  EXPECT_EQ(json_argument("{", "--conf").error().code(), Code::invalid);
  EXPECT_EQ(json_argument("@/does/not/exist", "--conf").error().code(), Code::not_found);
}

}  // namespace
}  // namespace leoflow::cli
