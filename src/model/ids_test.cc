// SPDX-License-Identifier: Apache-2.0
#include "model/ids.h"

#include <gtest/gtest.h>

namespace leoflow {
namespace {

TEST(TaskInstanceName, PrintsMapIndexOnlyWhenMapped) {
  EXPECT_EQ(to_string(TaskInstanceName{"etl", "manual__1", "load"}), "etl/manual__1/load");
  EXPECT_EQ(to_string(TaskInstanceName{"etl", "manual__1", "load", 3}), "etl/manual__1/load[3]");
}

TEST(Ids, KeysAreWordsDotsAndDashes) {
  EXPECT_TRUE(valid_key("etl-case_study.v2"));
  EXPECT_TRUE(valid_key("Übung"));
  EXPECT_TRUE(valid_key(std::string(250, 'a')));
  for (std::string_view bad : {"", "a b", "a/b", "a:b", "a\n", "a'", "a;"})
    EXPECT_FALSE(valid_key(bad)) << bad;
  EXPECT_FALSE(valid_key(std::string(251, 'a')));
  EXPECT_FALSE(valid_key(std::string_view("a\0", 2)));
}

TEST(Ids, RunIdsAllowTimesWithZones) {
  EXPECT_TRUE(valid_run_id("scheduled__2024-01-01T00:00:00+00:00"));
  EXPECT_TRUE(valid_run_id("a~b.c"));
  for (std::string_view bad : {"", "a b", "a/b", "Ü", "a%2F"})
    EXPECT_FALSE(valid_run_id(bad)) << bad;
}

}  // namespace
}  // namespace leoflow
