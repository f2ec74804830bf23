// SPDX-License-Identifier: Apache-2.0
// What an installation sets of the engine, and its limits.
#pragma once

#include <string>

#include "base/file.h"
#include "base/time.h"
#include "model/dag_spec.h"

namespace leoflow {

struct CoreOptions {
  std::string executor = "local";
  // Each attempt has an agent of its own, which speaks only for it; else one agent speaks for all.
  bool agent_per_attempt = false;
  int parallelism = 32;                           // task instances queued or running at once
  Duration staging_ttl = std::chrono::hours(24);  // after the end of a run that did not succeed
  Duration staging_sweep_interval = std::chrono::minutes(10);
  fs::path staging_root;                       // folder of local volumes
  int scheduled_runs_per_step_max = 100;       // catch-up runs created in one step
  int dispatch_scan_max = 2'000;               // ready instances looked at in one pass
  int timers_per_step_max = 1'000;             // timers fired in one step; the rest in the next
  StartAhead start_ahead = StartAhead::never;  // of DAGs that say nothing; never is for all
  int ahead_max = 10;                          // task instances expected at once
  Duration ahead_time_max = std::chrono::minutes(10);  // how long one of them is
};

}  // namespace leoflow
