// SPDX-License-Identifier: Apache-2.0
#include "schedule/retry.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "schedule/sha1.h"

namespace leoflow {
namespace {

using std::chrono::seconds;

// The digest as one big-endian number, modulo `divisor`. Requires: 0 < divisor < 2^56.
uint64_t modulo(const Sha1Digest& digest, uint64_t divisor) {
  uint64_t rest = 0;
  for (uint8_t byte : digest) rest = (rest << 8 | byte) % divisor;
  return rest;
}

Duration exponential_delay(const TaskSpec& task, const RetryIdentity& identity) {
  double factor = std::pow(task.retry_exponential_backoff, std::max(identity.try_number, 1) - 1);
  double exact = std::ceil(to_seconds(task.retry_delay) * factor);
  const auto max_seconds = std::chrono::duration_cast<seconds>(kRetryDelayMax).count();
  if (!(exact < double(max_seconds))) return kRetryDelayMax;  // also when it overflowed to infinity
  auto base = uint64_t(std::max(exact, 1.0));
  std::string key = fmt::format("{}#{}#{}#{}", identity.dag_id, identity.task_id, identity.run_id,
                                identity.try_number);
  return std::min<Duration>(seconds(base + modulo(sha1(key), base)), kRetryDelayMax);
}

}  // namespace

Duration retry_delay(const TaskSpec& task, const RetryIdentity& identity) {
  if (task.retry_exponential_backoff <= 0) return std::max(task.retry_delay, Duration(0));
  Duration delay = exponential_delay(task, identity);
  return task.retry_delay_max ? std::clamp(*task.retry_delay_max, Duration(0), delay) : delay;
}

Duration infra_retry_delay(int losses) {
  constexpr int kDoublingsMax = 6;
  if (losses <= 1) return Duration(0);
  return std::min<Duration>(seconds(int64_t(1) << std::min(losses - 2, kDoublingsMax)),
                            seconds(60));
}

}  // namespace leoflow
