// SPDX-License-Identifier: Apache-2.0
#include "agent/pod_outcome.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "model/termination_record.h"

namespace leoflow {
namespace {

Status tell(const fs::path& message) {
  PodOutcome outcome(message, [] {});
  return outcome.on_outcome(AttemptId{7}, {.kind = "succeeded", .ended_at_us = 9}, {});
}

TEST(PodOutcome, StandsInTheMessageWhenItIsTold) {
  char pattern[] = "/tmp/leoflow-outcome-XXXXXX";
  fs::path folder = mkdtemp(pattern);
  ASSERT_TRUE(tell(folder / "message"));
  auto record = read_termination(read_file(folder / "message").value());
  ASSERT_TRUE(record && *record);
  EXPECT_EQ((*record)->attempt, AttemptId{7});
  EXPECT_EQ((*record)->kind, "succeeded");
  (void)remove_tree(folder);
}

TEST(PodOutcome, WaitsWhileTheMessageCannotBeWritten) { EXPECT_FALSE(tell("/dev/full")); }

TEST(PodOutcome, GoesToTheSessionAloneWhereNoMessageIsMounted) {
  EXPECT_TRUE(tell("/dev/null/message"));
}

}  // namespace
}  // namespace leoflow
