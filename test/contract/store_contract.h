// SPDX-License-Identifier: Apache-2.0
// The contract suite of store/*.h: the same tests on every database. A database joins by instantiating it:
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract, testing::Values(StoreBackend{...}), backend_name);
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "store/store.h"

namespace leoflow {

// One kind of database. `open` gives the store of a fresh, empty database kept in `folder` (a test's own), or, called
// again with the same folder, the one that is there. `durable`: whether a reopened store has what was written.
struct StoreBackend {
  std::string name;
  std::function<Result<std::unique_ptr<Store>>(const fs::path& folder)> open;
  bool durable = true;
};

std::string backend_name(const testing::TestParamInfo<StoreBackend>& info);

class StoreContract : public testing::TestWithParam<StoreBackend> {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Closes the store and opens it again.
  void reopen();
  // Registers version n of a DAG (tags and owners as JSON arrays) and gives its id.
  DagVersionId add_dag(const std::string& dag_id, const std::string& content = "a",
                       const std::string& facts = R"("tags":[],"owners":["airflow"])");
  // Rows with every required field set; keys as given.
  DagRun make_run(int64_t key, const std::string& dag_id = "etl");
  TaskInstance make_task(int64_t key, int64_t run, const std::string& task_id, int map_index = kUnmapped);
  Attempt make_attempt(int64_t id, const TaskInstance& task);
  StagingVolume make_volume(int64_t id, const DagRun& run);
  // Commits a run with task instances "extract", "transform", "load" (keys 10 * run + 1, 2, 3).
  RunRecord add_run(int64_t key, const std::string& dag_id = "etl", RunState state = RunState::running);
  void commit(const Batch& batch);

  std::unique_ptr<Store> store_;
  DagVersionId version_;
  fs::path folder_;
};

// A moment n seconds after a fixed one.
Time at(int64_t seconds);

}  // namespace leoflow
