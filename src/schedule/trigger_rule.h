// SPDX-License-Identifier: Apache-2.0
// Airflow 3's trigger rules: one pure function from counts of upstream states to what happens to a
// task.
#pragma once

#include <optional>

#include "model/states.h"

namespace leoflow {

// Direct upstream task instances of a task by state. done = sum of the finished ones.
struct UpstreamCounts {
  int total = 0;
  int success = 0, skipped = 0, failed = 0, upstream_failed = 0, removed = 0;
  int setups_total = 0, setups_success = 0,
      setups_skipped = 0;  // direct setup upstreams, for all_done_setup_success
  int done() const { return success + skipped + failed + upstream_failed + removed; }
};

enum class Verdict { run, wait, skip, upstream_fail };

// `always` and tasks without upstream run at once. Early propagation as Airflow does it:
// all_success turns upstream_failed with the first failure, skipped with the first skip, without
// waiting for the rest.
Verdict evaluate(TriggerRule rule, const UpstreamCounts& counts);

}  // namespace leoflow
