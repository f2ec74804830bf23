// SPDX-License-Identifier: Apache-2.0
// Durations as a few dozen classes, four to each doubling: what counts by class can be summed and
// still tells percentiles to about 10 %. Pure.
#pragma once

#include <cstdint>
#include <map>

#include "base/time.h"

namespace leoflow {

constexpr int kDurationBucketMax = 160;  // more than 20,000 years

// 0 for less than a millisecond.
int duration_bucket(Duration duration);
// The middle of a class.
Duration bucket_middle(int bucket);
// The duration below which a share (0 to 1) of what was counted lies; zero when nothing was.
Duration bucket_percentile(const std::map<int, int64_t>& counts, double share);

}  // namespace leoflow
