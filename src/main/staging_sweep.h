// SPDX-License-Identifier: Apache-2.0
// Removes staging volumes that should be gone: whose removal was lost with a server that was killed
// right after the commit that freed them, and whose row is gone (an older database came back).
#pragma once

#include <set>
#include <string>
#include <vector>

#include "async/loop.h"
#include "base/time.h"
#include "exec/staging/staging_backend.h"
#include "store/store.h"

namespace leoflow {

constexpr Duration kStagingOrphanKept = std::chrono::hours(24);  // of volumes that no row names

struct StagingLeft {
  std::vector<StagingVolume> freed;  // rows of volumes that are there all the same
  std::set<std::string> unnamed;     // old volumes without a row
};
// What of `found` should be gone. One that a row calls active stays, and one that was made after it
// was freed. Pure.
StagingLeft staging_left(const std::vector<StagingFound>& found,
                         const std::vector<StagingVolume>& rows, Time now);

// Owns a thread; store, backend and clock outlive it.
class StagingSweep {
 public:
  static constexpr Duration kFirstLook = std::chrono::seconds(1);
  static constexpr Duration kInterval = std::chrono::hours(1);

  StagingSweep(Store& store, StagingBackend& backend, const Clock& clock);
  void stop() { thread_.stop_and_join(); }

 private:
  void look();
  Result<size_t> sweep();
  Result<bool> active(const StagingVolume& row);

  Store& store_;
  StagingBackend& backend_;
  const Clock& clock_;
  // Of the last look: rows may be missed while others go, but not twice.
  std::set<std::string> unnamed_;
  LoopThread thread_;  // last: its tasks use the rest
};

}  // namespace leoflow
