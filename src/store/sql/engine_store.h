// SPDX-License-Identifier: Apache-2.0
// EngineStore on a Database. See store/engine_store.h for the contract.
#pragma once

#include "store/engine_store.h"
#include "store/sql/database.h"

namespace leoflow::sql {

class SqlEngineStore final : public EngineStore {
 public:
  explicit SqlEngineStore(Database& database) : database_(database) {}

  Status commit(const Batch& batch) override;
  Result<KeyWatermarks> watermarks() override;
  Result<std::vector<RunRecord>> load_active() override;
  Result<std::vector<Attempt>> load_stray_attempts() override;
  Result<std::optional<RunRecord>> load_run(const std::string& dag_id, const std::string& run_id) override;
  Result<std::optional<RunRecord>> load_run(RunKey key) override;
  Result<std::optional<DagRun>> latest_automated_run(const std::string& dag_id) override;
  Result<std::optional<DagRun>> previous_run(const std::string& dag_id, Time logical_date,
                                             bool scheduled_only) override;
  Result<std::vector<TaskInstance>> task_instances_of(RunKey run, const std::string& task_id) override;
  Result<std::vector<Returned>> returned(RunKey run, const std::string& task_id) override;
  Result<std::optional<StagingVolume>> staging_of(RunKey run) override;
  Result<std::vector<StagingVolume>> staging_due(Time before) override;

 private:
  Database& database_;
};

}  // namespace leoflow::sql
