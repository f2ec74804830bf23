// SPDX-License-Identifier: Apache-2.0
#include "model/duration_bucket.h"

#include <gtest/gtest.h>

namespace leoflow {
namespace {

using std::chrono::milliseconds;

TEST(DurationBucket, MiddleIsWithinTenPercent) {
  for (int64_t micros = 1000; micros < int64_t(1e13); micros = micros * 9 / 8) {
    double middle = double(bucket_middle(duration_bucket(Duration(micros))).count());
    EXPECT_LT(std::abs(middle - double(micros)) / double(micros), 0.1) << micros;
  }
}

TEST(DurationBucket, ShortAndAbsurdOnesHaveAClass) {
  EXPECT_EQ(duration_bucket(Duration(-5)), 0);
  EXPECT_EQ(duration_bucket(Duration(999)), 0);
  EXPECT_EQ(duration_bucket(Duration(1000)), 1);
  EXPECT_LE(duration_bucket(Duration(INT64_MAX)), kDurationBucketMax);
}

TEST(DurationBucket, PercentilesOfWhatWasCounted) {
  EXPECT_EQ(bucket_percentile({}, 0.5), Duration(0));
  std::map<int, int64_t> counts;
  for (int i = 1; i <= 100; ++i) ++counts[duration_bucket(milliseconds(i * 10))];
  double p50 = to_seconds(bucket_percentile(counts, 0.5));
  double p95 = to_seconds(bucket_percentile(counts, 0.95));
  EXPECT_NEAR(p50, 0.5, 0.06);
  EXPECT_NEAR(p95, 0.95, 0.12);
}

}  // namespace
}  // namespace leoflow
