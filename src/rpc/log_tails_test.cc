// SPDX-License-Identifier: Apache-2.0
#include "rpc/log_tails.h"

#include <gtest/gtest.h>

namespace leoflow {
namespace {

constexpr AttemptId kOne{1};
const LogTails::Time kNow{};

TEST(LogTails, AreCompleteWhenAllBytesUpToTheEndAreStored) {
  LogTails tails;
  tails.begun(kOne, 0);
  tails.grew(kOne, 10);
  EXPECT_FALSE(tails.complete(kOne, kNow)) << "the end is not known";
  tails.ended(kOne, 25);
  EXPECT_FALSE(tails.complete(kOne, kNow));
  tails.grew(kOne, 25);
  EXPECT_TRUE(tails.complete(kOne, kNow));
  EXPECT_EQ(tails.size(), 0u);
}

TEST(LogTails, CountWhatWasStoredBeforeARestart) {
  LogTails tails;
  EXPECT_TRUE(tails.complete(kOne, kNow)) << "no agent has it";
  tails.begun(kOne, 25);
  EXPECT_FALSE(tails.complete(kOne, kNow));
  tails.ended(kOne, 25);
  EXPECT_TRUE(tails.complete(kOne, kNow));
}

TEST(LogTails, DoNotWaitForASilentAgentForLong) {
  LogTails tails;
  tails.begun(kOne, 0);
  EXPECT_FALSE(tails.complete(kOne, kNow));
  auto nearly = kNow + kLogTailQuietMax - std::chrono::milliseconds(1);
  EXPECT_FALSE(tails.complete(kOne, nearly));
  tails.grew(kOne, 5);
  EXPECT_FALSE(tails.complete(kOne, kNow + kLogTailQuietMax)) << "it still sends";
  EXPECT_TRUE(tails.complete(kOne, kNow + 2 * kLogTailQuietMax));
  EXPECT_EQ(tails.size(), 0u);
}

}  // namespace
}  // namespace leoflow
