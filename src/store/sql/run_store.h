// SPDX-License-Identifier: Apache-2.0
// RunStore and XComStore on a Database. See store/run_store.h for the contract.
#pragma once

#include "store/run_store.h"
#include "store/sql/database.h"

namespace leoflow::sql {

class SqlRunStore final : public RunStore {
 public:
  explicit SqlRunStore(Database& database) : database_(database) {}

  Result<PageOf<DagRun>> list_runs(const RunQuery& query) override;
  Result<std::optional<DagRun>> get_run(const std::string& dag_id, const std::string& run_id) override;
  Result<std::optional<DagRun>> get_run(RunKey key) override;
  Result<PageOf<TaskInstanceRow>> list_task_instances(const TaskInstanceQuery& query) override;
  Result<std::optional<TaskInstanceRow>> get_task_instance(const TaskInstanceName& name) override;
  Result<std::vector<TaskTry>> list_tries(TaskInstanceKey key) override;
  Result<std::vector<Attempt>> list_attempts(RunKey run) override;
  Result<std::optional<Attempt>> get_attempt(AttemptId id) override;
  Result<std::optional<Attempt>> attempt_of_try(TaskInstanceKey key, int try_number) override;
  Result<std::map<std::string, std::map<RunState, int64_t>>> run_counts(
      const std::vector<std::string>& dag_ids) override;
  Result<std::optional<DagRun>> previous_successful_run(const std::string& dag_id,
                                                        std::optional<Time> before) override;

 private:
  Database& database_;
};

class SqlXComStore final : public XComStore {
 public:
  explicit SqlXComStore(Database& database) : database_(database) {}

  Result<PageOf<XComRow>> list(const XComQuery& query) override;
  Result<std::optional<XCom>> get(RunKey run, const std::string& task_id, int map_index,
                                  const std::string& key) override;
  Status put(const XCom& xcom) override;
  Result<bool> remove(RunKey run, const std::string& task_id, int map_index, const std::string& key) override;

 private:
  Database& database_;
};

}  // namespace leoflow::sql
