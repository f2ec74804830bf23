// SPDX-License-Identifier: Apache-2.0
#include "schedule/retry.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "schedule/sha1.h"

namespace leoflow {
namespace {

using namespace std::chrono_literals;

std::string hex(const Sha1Digest& digest) {
  std::string out;
  for (uint8_t byte : digest) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

TEST(Sha1, KnownVectors) {
  EXPECT_EQ(hex(sha1("")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex(sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(hex(sha1(std::string(1'000'000, 'a'))), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST(Sha1, EveryPaddingLengthDiffers) {
  std::set<std::string> seen;
  for (size_t size = 0; size < 130; ++size) seen.insert(hex(sha1(std::string(size, 'x'))));
  EXPECT_EQ(seen.size(), 130u);
}

TaskSpec task_with(Duration delay, double multiplier) {
  TaskSpec task;
  task.retry_delay = delay;
  task.retry_exponential_backoff = multiplier;
  return task;
}

RetryIdentity try_of(int number) {
  return {"etl", "load", "scheduled__2024-05-01T00:00:00+00:00", number};
}

TEST(RetryDelay, PlainIsTheSameEveryTime) {
  for (int number : {1, 2, 9})
    EXPECT_EQ(retry_delay(task_with(90s, 0), try_of(number)), Duration(90s));
}

// Expected values computed with Python's hashlib: base +
// int(sha1("etl#load#<run>#<try>").hexdigest(), 16) % base.
TEST(RetryDelay, ExponentialAddsTheJitterAirflowAdds) {
  TaskSpec task = task_with(300s, 2);
  EXPECT_EQ(retry_delay(task, try_of(1)), Duration(std::chrono::seconds(488)));
  EXPECT_EQ(retry_delay(task, try_of(2)), Duration(std::chrono::seconds(842)));
  EXPECT_EQ(retry_delay(task, try_of(3)), Duration(std::chrono::seconds(1292)));
  EXPECT_EQ(retry_delay(task_with(1500ms, 1.5), try_of(4)), Duration(std::chrono::seconds(6)));
}

TEST(RetryDelay, ExponentialStaysBetweenOneAndTwoBases) {
  TaskSpec task = task_with(10s, 2);
  for (int number = 1; number <= 10; ++number) {
    Duration base = 10s * (1 << (number - 1));
    EXPECT_GE(retry_delay(task, try_of(number)), base);
    EXPECT_LT(retry_delay(task, try_of(number)), 2 * base);
  }
}

TEST(RetryDelay, ExponentialIsAtLeastASecondAndAtMostADay) {
  EXPECT_EQ(retry_delay(task_with(0s, 2), try_of(1)), Duration(1s));
  EXPECT_EQ(retry_delay(task_with(300s, 2), try_of(1000)), kRetryDelayMax);
  EXPECT_EQ(retry_delay(task_with(300s, std::numeric_limits<double>::max()), try_of(9)),
            kRetryDelayMax);
}

TEST(RetryDelay, TaskMaximumCapsTheBackoff) {
  TaskSpec task = task_with(300s, 2);
  task.retry_delay_max = 400s;
  EXPECT_EQ(retry_delay(task, try_of(5)), Duration(400s));
  task.retry_delay_max = 48h;
  EXPECT_EQ(retry_delay(task, try_of(500)), kRetryDelayMax);
}

TEST(RetryDelay, DiffersBetweenRuns) {
  TaskSpec task = task_with(3000s, 2);
  std::set<Duration> delays;
  for (const char* run : {"a", "b", "c", "d"})
    delays.insert(retry_delay(task, {"etl", "load", run, 1}));
  EXPECT_GT(delays.size(), 1u);
}

TEST(InfraRetryDelay, DoublesUpToAMinute) {
  const Duration expected[] = {0s, 1s, 2s, 4s, 8s, 16s, 32s, 60s};
  static_assert(std::size(expected) == kInfraLossesMax);
  for (int losses = 1; losses <= kInfraLossesMax; ++losses) {
    EXPECT_EQ(infra_retry_delay(losses), expected[losses - 1]) << losses;
  }
  EXPECT_EQ(infra_retry_delay(1'000'000), Duration(60s));
  EXPECT_EQ(infra_retry_delay(0), Duration(0));
}

}  // namespace
}  // namespace leoflow
