// SPDX-License-Identifier: Apache-2.0
// Reading backfills. Only the engine writes them (Batch).
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "model/backfill.h"
#include "store/page.h"

namespace leoflow {

struct BackfillQuery {
  std::string dag_id;      // empty = all
  bool only_open = false;  // not completed
  Page page;               // id, dag_id, created_at, completed_at
  DagsAllowed dags_allowed;
};

// How far a backfill has come, in dates.
struct BackfillProgress {
  int64_t queued = 0, running = 0, succeeded = 0, failed = 0;
  int64_t left_out = 0;  // an existing run was kept
  int64_t gone = 0;      // its run was deleted since
};

// Blocking; any thread.
class BackfillStore {
 public:
  virtual ~BackfillStore() = default;
  virtual Result<PageOf<Backfill>> list(const BackfillQuery& query) = 0;
  virtual Result<std::optional<Backfill>> get(int64_t id) = 0;
  virtual Result<BackfillProgress> progress(int64_t id) = 0;
  // What was decided so far, in that order.
  virtual Result<std::vector<BackfillRun>> runs_of(int64_t id) = 0;
};

}  // namespace leoflow
