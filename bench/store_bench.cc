// SPDX-License-Identifier: Apache-2.0
// EngineStore::commit on SQLite: batches of 1,000 rows as the engine writes them. Target: 40,000
// rows a second.
//   leoflow_store_bench            synchronous FULL in a folder under TMPDIR (fsync of that disk
//   included)
#include <benchmark/benchmark.h>

#include "store/store.h"

namespace leoflow {
namespace {

constexpr int kRowsPerBatch = 1000;
constexpr int kTasksPerRun = 10;

// A store on a file of its own, with one DAG.
class Bench {
 public:
  Bench() {
    std::string pattern = (fs::temp_directory_path() / "leoflow-bench-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    store_ = std::move(*open_sqlite_store({.path = folder_ / "leoflow.db"}));
    DagVersion version{.dag_id = "bench", .content_hash = "x", .dag_json = "{}"};
    version_ = store_->dags()
                   .register_version(version, Dag{.dag_id = "bench"}, {.paused = false})
                   ->version.id;
  }
  ~Bench() {
    store_.reset();
    (void)remove_tree(folder_);
  }

  // Whole runs of kTasksPerRun task instances, rows rows in all.
  Batch runs(int rows) {
    Batch batch;
    while (static_cast<int>(batch.rows()) + kTasksPerRun < rows) {
      DagRun run;
      run.key = RunKey{++run_};
      run.dag_id = "bench";
      run.run_id = "manual__" + std::to_string(run_);
      run.version = version_;
      run.run_after = run.queued_at = from_micros(run_ * 1'000'000);
      run.triggered_by = "rest_api";
      batch.runs_inserted.push_back(run);
      for (int i = 0; i < kTasksPerRun; ++i) {
        TaskInstance task;
        task.key = TaskInstanceKey{++task_};
        task.run = run.key;
        task.task_id = "task_" + std::to_string(i);
        task.operator_name = "_PythonDecoratedOperator";
        batch.task_instances_inserted.push_back(task);
      }
    }
    return batch;
  }
  Store& store() { return *store_; }

 private:
  fs::path folder_;
  std::unique_ptr<Store> store_;
  DagVersionId version_;
  int64_t run_ = 0, task_ = 0;
};

void count(benchmark::State& state, int64_t rows) {
  state.counters["rows/s"] =
      benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kIsRate);
}

void BM_InsertRuns(benchmark::State& state) {
  Bench bench;
  int64_t rows = 0;
  for (auto _ : state) {
    state.PauseTiming();
    Batch batch = bench.runs(kRowsPerBatch);
    rows += static_cast<int64_t>(batch.rows());
    state.ResumeTiming();
    if (!bench.store().engine().commit(batch)) state.SkipWithError("commit failed");
  }
  count(state, rows);
}
BENCHMARK(BM_InsertRuns)->UseRealTime()->Unit(benchmark::kMillisecond);

// Moves of adjacent task instances: scheduled -> queued -> running -> success, round and round.
void BM_UpdateTaskInstances(benchmark::State& state) {
  Bench bench;
  Batch runs = bench.runs(20 * kRowsPerBatch);
  if (!bench.store().engine().commit(runs)) state.SkipWithError("commit failed");
  std::vector<TaskInstance> tasks = runs.task_instances_inserted;
  constexpr TaskState kRound[] = {TaskState::scheduled, TaskState::queued, TaskState::running,
                                  TaskState::success};
  size_t at = 0;
  int64_t rows = 0;
  for (auto _ : state) {
    state.PauseTiming();
    Batch batch;
    for (int i = 0; i < kRowsPerBatch; ++i, at = (at + 1) % tasks.size()) {
      TaskInstance& task = tasks[at];
      task.state = kRound[++task.version_stamp % 4];
      task.start_date = from_micros(task.version_stamp);
      batch.task_instances_updated.push_back(task);
    }
    rows += kRowsPerBatch;
    state.ResumeTiming();
    if (!bench.store().engine().commit(batch)) state.SkipWithError("commit failed");
  }
  count(state, rows);
}
BENCHMARK(BM_UpdateTaskInstances)->UseRealTime()->Unit(benchmark::kMillisecond);

// One task's end: its row and its attempt's. What an idle engine waits for.
void BM_CommitOneMove(benchmark::State& state) {
  Bench bench;
  Batch runs = bench.runs(kRowsPerBatch);
  if (!bench.store().engine().commit(runs)) state.SkipWithError("commit failed");
  TaskInstance task = runs.task_instances_inserted.front();
  for (auto _ : state) {
    ++task.version_stamp;
    Batch batch;
    batch.task_instances_updated = {task};
    if (!bench.store().engine().commit(batch)) state.SkipWithError("commit failed");
  }
}
BENCHMARK(BM_CommitOneMove)->UseRealTime()->Unit(benchmark::kMicrosecond);

void BM_LoadActive(benchmark::State& state) {
  Bench bench;
  Batch runs = bench.runs(100 * kRowsPerBatch);
  if (!bench.store().engine().commit(runs)) state.SkipWithError("commit failed");
  for (auto _ : state) benchmark::DoNotOptimize(bench.store().engine().load_active());
  count(state, static_cast<int64_t>(runs.rows()) * static_cast<int64_t>(state.iterations()));
}
BENCHMARK(BM_LoadActive)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace leoflow

BENCHMARK_MAIN();
