// SPDX-License-Identifier: Apache-2.0
#include "contract/store_contract.h"

#include <unistd.h>

namespace leoflow {

std::string backend_name(const testing::TestParamInfo<StoreBackend>& info) { return info.param.name; }

Time at(int64_t seconds) { return Time(std::chrono::seconds(1'700'000'000 + seconds)); }

void StoreContract::SetUp() {
  std::string pattern = (fs::temp_directory_path() / "leoflow-store-XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  folder_ = pattern;
  auto opened = GetParam().open(folder_);
  ASSERT_TRUE(opened) << opened.error().text();
  store_ = std::move(*opened);
  version_ = add_dag("etl");
}

void StoreContract::TearDown() {
  store_.reset();
  (void)remove_tree(folder_);
}

void StoreContract::reopen() {
  store_.reset();
  auto opened = GetParam().open(folder_);
  ASSERT_TRUE(opened) << opened.error().text();
  store_ = std::move(*opened);
}

DagVersionId StoreContract::add_dag(const std::string& dag_id, const std::string& content,
                                    const std::string& facts) {
  DagVersion version;
  version.dag_id = dag_id;
  version.label = "label-" + content;
  version.content_hash = content;
  version.dag_json = R"({"dag_id":")" + dag_id + R"(","dag_display_name":"The )" + dag_id + "\"," + facts + "}";
  version.source = "source " + content;
  version.created_at = at(0);
  Dag dag;
  dag.dag_id = dag_id;
  dag.fileloc = "/dags/" + dag_id + "/dag.py";
  dag.relative_fileloc = dag_id + "/dag.py";
  dag.last_parsed_time = at(0);
  auto registered = store_->dags().register_version(version, dag, {.paused = false});
  EXPECT_TRUE(registered) << registered.error().text();
  return registered ? registered->version.id : DagVersionId{};
}

DagRun StoreContract::make_run(int64_t key, const std::string& dag_id) {
  DagRun run;
  run.key = RunKey{key};
  run.dag_id = dag_id;
  run.run_id = "run_" + std::to_string(key);
  run.version = version_;
  run.logical_date = at(key * 3600);
  run.run_after = at(key * 3600);
  run.queued_at = at(key * 3600);
  run.triggered_by = "rest_api";
  return run;
}

TaskInstance StoreContract::make_task(int64_t key, int64_t run, const std::string& task_id, int map_index) {
  TaskInstance task;
  task.key = TaskInstanceKey{key};
  task.run = RunKey{run};
  task.task_id = task_id;
  task.map_index = map_index;
  task.operator_name = "BashOperator";
  return task;
}

Attempt StoreContract::make_attempt(int64_t id, const TaskInstance& task) {
  Attempt attempt;
  attempt.id = AttemptId{id};
  attempt.run = task.run;
  attempt.task_instance = task.key;
  attempt.task_id = task.task_id;
  attempt.map_index = task.map_index;
  attempt.try_number = 1;
  attempt.version = version_;
  attempt.created_at = at(1);
  return attempt;
}

StagingVolume StoreContract::make_volume(int64_t id, const DagRun& run) {
  StagingVolume volume;
  volume.id = id;
  volume.run = run.key;
  volume.dag_id = run.dag_id;
  volume.run_id = run.run_id;
  volume.name = "volume-" + run.run_id;
  volume.path = "/staging/" + run.run_id;
  volume.size_bytes = 1 << 30;
  volume.created_at = at(0);
  return volume;
}

RunRecord StoreContract::add_run(int64_t key, const std::string& dag_id, RunState state) {
  RunRecord record;
  record.run = make_run(key, dag_id);
  record.run.state = state;
  record.task_instances = {make_task(key * 10 + 1, key, "extract"), make_task(key * 10 + 2, key, "transform"),
                           make_task(key * 10 + 3, key, "load")};
  Batch batch;
  batch.runs_inserted = {record.run};
  batch.task_instances_inserted = record.task_instances;
  commit(batch);
  return record;
}

void StoreContract::commit(const Batch& batch) {
  Status committed = store_->engine().commit(batch);
  ASSERT_TRUE(committed) << committed.error().text();
}

}  // namespace leoflow
