// SPDX-License-Identifier: Apache-2.0
#include "main/staging_sweep.h"

#include <gtest/gtest.h>

namespace leoflow {
namespace {

constexpr Time kNow = Time(std::chrono::hours(1000));

Time ago(int minutes) { return kNow - std::chrono::minutes(minutes); }

StagingVolume row(const std::string& name, std::optional<Time> deleted_at) {
  return {.name = name, .state = deleted_at ? "deleted" : "active", .deleted_at = deleted_at};
}

std::vector<std::string> freed(const StagingLeft& left) {
  std::vector<std::string> names;
  for (const StagingVolume& row : left.freed) names.push_back(row.name);
  return names;
}

TEST(StagingSweep, FindsWhatWasFreed) {
  std::vector<StagingFound> found = {{.name = "d-freed", .created_at = ago(5)},
                                     {.name = "d-active", .created_at = ago(5)}};
  auto left = staging_left(found, {row("d-freed", ago(1)), row("d-active", {})}, kNow);
  EXPECT_EQ(freed(left), std::vector<std::string>{"d-freed"});
  EXPECT_TRUE(left.unnamed.empty());
}

TEST(StagingSweep, LeavesWhatWasMadeAnew) {
  std::vector<StagingFound> found = {{.name = "d-again", .created_at = ago(1)},
                                     {.name = "d-both", .created_at = ago(5)},
                                     {.name = "d-other", .created_at = ago(5)}};
  std::vector<StagingVolume> rows = {row("d-again", ago(5)), row("d-both", ago(1)),
                                     row("d-both", {}), row("d-other", {}), row("d-other", ago(1))};
  EXPECT_EQ(freed(staging_left(found, rows, kNow)), std::vector<std::string>{});
}

TEST(StagingSweep, AFreshOneThatNoRowNamesIsNone) {
  std::vector<StagingFound> found = {{.name = "d-fresh", .created_at = ago(60)},
                                     {.name = "d-old", .created_at = ago(25 * 60)}};
  EXPECT_EQ(staging_left(found, {}, kNow).unnamed, std::set<std::string>{"d-old"});
}

}  // namespace
}  // namespace leoflow
