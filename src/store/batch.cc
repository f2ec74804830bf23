// SPDX-License-Identifier: Apache-2.0
#include "store/engine_store.h"

namespace leoflow {

bool Batch::empty() const { return rows() == 0; }

size_t Batch::rows() const {
  return runs_inserted.size() + runs_updated.size() + task_instances_inserted.size() +
         task_instances_updated.size() + tries.size() + attempts_inserted.size() +
         attempts_updated.size() + xcoms.size() + xcoms_cleared.size() + rendered.size() +
         staging_inserted.size() + staging_updated.size() + dags_planned.size() + events.size() +
         task_ends.size() + runs_deleted.size() + task_instances_deleted.size() +
         backfills_inserted.size() + backfills_updated.size() + backfill_runs.size() +
         assets.rows();
}

}  // namespace leoflow
