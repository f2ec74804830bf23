// SPDX-License-Identifier: Apache-2.0
#include "model/duration_bucket.h"

#include <algorithm>
#include <cmath>

namespace leoflow {
namespace {

constexpr double kPerDoubling = 4;
constexpr double kFirstMicros = 1000;

}  // namespace

int duration_bucket(Duration duration) {
  double ratio = double(duration.count()) / kFirstMicros;
  if (ratio < 1) return 0;
  int bucket = 1 + int(std::floor(std::log2(ratio) * kPerDoubling));
  return std::min(bucket, kDurationBucketMax);
}

Duration bucket_middle(int bucket) {
  if (bucket <= 0) return Duration(int64_t(kFirstMicros / 2));
  return Duration(int64_t(kFirstMicros * std::exp2((bucket - 0.5) / kPerDoubling)));
}

Duration bucket_percentile(const std::map<int, int64_t>& counts, double share) {
  int64_t total = 0;
  for (const auto& [bucket, count] : counts) total += count;
  if (total == 0) return Duration(0);
  double wanted = std::max(1.0, std::ceil(double(total) * share));
  int64_t seen = 0;
  for (const auto& [bucket, count] : counts) {
    seen += count;
    if (double(seen) >= wanted) return bucket_middle(bucket);
  }
  return bucket_middle(counts.rbegin()->first);
}

}  // namespace leoflow
