// SPDX-License-Identifier: Apache-2.0
// When a failed try is tried again.
#pragma once

#include <string_view>

#include "model/dag_spec.h"

namespace leoflow {

constexpr Duration kRetryDelayMax = std::chrono::hours(24);

// Identity that seeds the jitter, so that the answer is the same wherever it is computed.
struct RetryIdentity {
  std::string_view dag_id, task_id, run_id;
  int try_number = 1;
};

// Delay between the end of try `identity.try_number` (1-based) and its next try. Plain:
// retry_delay. Exponential: base = ceil(delay * m^(try-1)) seconds, at least 1 s, plus
// (sha1(dag#task#run#try) mod base): 1 to 2 times base; capped by retry_delay_max of the task and
// kRetryDelayMax.
Duration retry_delay(const TaskSpec& task, const RetryIdentity& identity);

// Delay before a lost attempt is placed again: 0 for the first loss, then doubling from 1 s to 60
// s.
Duration infra_retry_delay(int losses);
constexpr int kInfraLossesMax =
    8;  // then the task instance fails: "infrastructure: placed 8 times, lost each time"

}  // namespace leoflow
