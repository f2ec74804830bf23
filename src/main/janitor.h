// SPDX-License-Identifier: Apache-2.0
// Keeps history lean: purges old runs with their logs and XComs, and collects bundles and
// environments nobody uses.
#pragma once

#include "async/loop.h"
#include "authoring/bundle.h"
#include "authoring/environment.h"
#include "main/archives.h"
#include "main/home.h"
#include "main/run_logs.h"

namespace leoflow {

// Owns a thread that looks every hour, in small steps; collaborators outlive it.
class Janitor {
 public:
  static constexpr Duration kInterval = std::chrono::hours(1);
  static constexpr Duration kFirstLook = std::chrono::minutes(5);
  static constexpr Duration kUnusedKept = std::chrono::hours(24 * 14);  // bundles and environments
  static constexpr int kStepsMax = 200;  // purge transactions in one look

  Janitor(Store& store, RunLogs& logs, const Home& home, Environments& environments,
          BundleStore& bundles, const Clock& clock, RetentionPolicy policy,
          const Archives* archives = nullptr);
  void stop() { thread_.stop_and_join(); }

 private:
  void look();
  void purge(Time now);
  void collect(Time now);

  Store& store_;
  RunLogs& logs_;
  const Home& home_;
  Environments& environments_;
  BundleStore& bundles_;
  const Clock& clock_;
  RetentionPolicy policy_;
  const Archives* archives_;  // null = no pods
  LoopThread thread_;
};

// Blocks until the process is gone; 0 returns at once.
void wait_until_gone(int64_t pid, std::chrono::milliseconds at_most);

}  // namespace leoflow
