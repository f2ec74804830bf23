// SPDX-License-Identifier: Apache-2.0
// Writes a Batch inside an open transaction. The engine's hot path: each kind of row goes through one prepared statement.
#pragma once

#include <unordered_set>

#include "store/engine_store.h"
#include "store/sql/connection.h"

namespace leoflow::sql {

// Order: runs deleted, rows inserted, rows updated, XComs cleared, the rest. Rows of a run that the same batch deletes
// are left out, whatever happened to them before. `conflict` when a row is not in the state the batch was made from.
class BatchWriter {
 public:
  BatchWriter(Connection& connection, const Batch& batch);
  Status write();

 private:
  Status delete_runs();
  Status delete_task_instances();
  Status insert_runs();
  Status update_runs();
  Status insert_task_instances();
  Status update_task_instances();
  Status upsert_tries();
  Status insert_attempts();
  Status update_attempts();
  Status clear_xcoms();
  Status upsert_xcoms();
  Status upsert_rendered();
  Status insert_staging();
  Status update_staging();
  Status plan_dags();
  Status write_backfills();
  Status write_assets();
  Status insert_events();
  Status count_task_ends();
  bool deleted(RunKey run) const { return !deleted_.empty() && deleted_.contains(run); }

  Connection& connection_;
  const Batch& batch_;
  std::unordered_set<RunKey> deleted_;
};

}  // namespace leoflow::sql
