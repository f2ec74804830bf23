// SPDX-License-Identifier: Apache-2.0
#include "main/janitor.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <set>

#include "base/log.h"
#include "store/each_row.h"

namespace leoflow {

Janitor::Janitor(Store& store, RunLogs& logs, const Home& home, Environments& environments,
                 BundleStore& bundles, const Clock& clock, RetentionPolicy policy,
                 const Archives* archives)
    : store_(store),
      logs_(logs),
      home_(home),
      environments_(environments),
      bundles_(bundles),
      clock_(clock),
      policy_(policy),
      archives_(archives),
      thread_("janitor") {
  thread_.loop().post([this] { thread_.loop().after(kFirstLook, [this] { look(); }); });
}

void Janitor::look() {
  Time now = clock_.now();
  purge(now);
  collect(now);
  thread_.loop().after(kInterval, [this] { look(); });
}

void Janitor::purge(Time now) {
  for (int step = 0; step < kStepsMax; ++step) {
    auto gone = store_.retention().purge(policy_, now);
    if (!gone) return log::error("old runs not purged", {{"error", gone.error().message()}});
    for (const DagRun& run : *gone) {
      logs_.remove_run(run.dag_id, run.run_id);
      static_cast<void>(remove_tree(home_.xcoms() / std::to_string(run.key.value)));
    }
    if (gone->empty()) return;
  }
}

void Janitor::collect(Time now) {
  std::set<std::string> environments, bundles;
  auto list_dags = [&](const Page& page) {
    return store_.dags().list_dags({.exclude_stale = false, .page = page});
  };
  auto in_use = for_each_row(list_dags, [&](const Dag& dag) {
    auto list = [&](const Page& page) {
      return store_.dags().list_versions({.dag_id = dag.dag_id, .page = page});
    };
    return for_each_row(list, [&](const DagVersion& version) -> Status {
      environments.insert(version.environment);
      bundles.insert(version.bundle_path);
      return {};
    });
  });
  if (!in_use) return log::error("nothing collected", {{"error", in_use.error().message()}});
  auto removed = bundles_.collect(bundles, now - kUnusedKept);
  if (!removed) log::error("bundles not collected", {{"error", removed.error().message()}});
  // The cache of environments is shared by all homes of the user: only what nobody asked for in a
  // long time goes.
  auto dropped = environments_.collect(environments, now - kUnusedKept);
  if (!dropped) log::error("environments not collected", {{"error", dropped.error().message()}});
  if (archives_) archives_->collect(now - kUnusedKept);
}

void wait_until_gone(int64_t pid, std::chrono::milliseconds at_most) {
  if (pid <= 0) return;
  Fd process(int(syscall(SYS_pidfd_open, pid, 0)));
  if (!process) return;
  pollfd ready{process.get(), POLLIN, 0};
  poll(&ready, 1, int(at_most.count()));
}

}  // namespace leoflow
