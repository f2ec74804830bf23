// SPDX-License-Identifier: Apache-2.0
// The engine alone: the real Runner and a real SQLite file (synchronous FULL), with an executor
// that reports claimed, running and succeeded at once. Prints one JSON object per figure; bench/run
// reads them.
//   throughput   task instances a second: 100 runs of 10 layers of 10 at once
//   small, big   the same for 10-task DAGs and for one 10,000-task DAG, 100 tasks at a time in both
//   mapped       as throughput, the layers as mapped tasks of 10 instances, in a mapped group
//   mapped_big   as big, from one mapped group of 100 tasks and 100 instances
//   floor        what raw batched SQLite needs for the row changes of a task instance
#include <sqlite3.h>
#include <stdlib.h>

#include <condition_variable>
#include <cstdio>
#include <mutex>

#include "base/check.h"
#include "engine/runner.h"

namespace leoflow {
namespace {

using Stopwatch = std::chrono::steady_clock;

double seconds_since(Stopwatch::time_point began) {
  return std::chrono::duration<double>(Stopwatch::now() - began).count();
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "leoflow-bench-XXXXXX").string();
    CHECK(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryFolder() { static_cast<void>(remove_tree(path_)); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// Tasks that end the moment they begin.
class InstantExecutor : public Executor {
 public:
  void set_listener(ExecutorListener& listener) { listener_ = &listener; }
  std::string_view name() const override { return "local"; }
  void place(const WorkItem& item) override {
    Time now = SystemClock().now();
    listener_->on_claimed(item.attempt, "agent", "host");
    listener_->on_running(item.attempt, 1, now);
    listener_->on_outcome({.attempt = item.attempt,
                           .kind = OutcomeKind::succeeded,
                           .started_at = now,
                           .ended_at = now});
  }
  void cancel(AttemptId, CancelReason) override {}
  void acknowledge(AttemptId) override {}
  void resync() override {}
  int slots_max() const override { return kSlots; }

  static constexpr int kSlots = 10'000;

 private:
  ExecutorListener* listener_ = nullptr;
};

struct Workload {
  const char* name;
  int runs, depth, width;
  int parallelism;
  int runs_at_once;
  bool mapped = false;  // a layer is one task, its places are instances
};

std::string task_name(int layer, int place) {
  return "task_" + std::to_string(layer) + "_" + std::to_string(place);
}

// Layers of `width` tasks; task i of a layer waits for task i of the one before.
DagSpec layered(const Workload& load) {
  DagSpec spec;
  spec.dag_id = spec.display_name = "bench";
  spec.relative_fileloc = "dag.py";
  spec.max_active_runs = load.runs_at_once;
  spec.max_active_tasks = load.parallelism;
  if (load.mapped) spec.mapped_groups["all"] = {{.length = load.width}};
  for (int layer = 0; layer < load.depth; ++layer) {
    for (int place = 0; place < (load.mapped ? 1 : load.width); ++place) {
      TaskSpec task;
      task.task_id = task.display_name = task_name(layer, place);
      if (layer + 1 < load.depth) task.downstream = {task_name(layer + 1, place)};
      if (load.mapped) task.task_groups = {"all"};
      spec.tasks.push_back(std::move(task));
    }
  }
  CHECK(spec.finish().has_value());
  return spec;
}

void register_dag(Store& store, const Workload& load) {
  Pool pool = **store.pools().get_pool("default_pool");
  pool.slots = InstantExecutor::kSlots;
  CHECK(store.pools().put_pool(pool, true).has_value());
  std::string text = dump_dag_spec(layered(load));
  DagVersion version{.dag_id = "bench", .label = "v", .content_hash = "x", .dag_json = text};
  CHECK(
      store.dags()
          .register_version(version, Dag{.dag_id = "bench", .fileloc = "dag.py"}, {.paused = false})
          .has_value());
}

class Countdown {
 public:
  void expect(int count) {
    std::lock_guard lock(mutex_);
    left_ = count;
  }
  void one(const Change& change) {
    if (change.kind != Change::Kind::run || (change.state != "success" && change.state != "failed"))
      return;
    std::lock_guard lock(mutex_);
    CHECK(change.state == "success");
    if (--left_ == 0) zero_.notify_one();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    zero_.wait(lock, [&] { return left_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable zero_;
  int left_ = 0;
};

// Task instances a second, from the first trigger to the commit of the last run's end.
double measure(const Workload& load) {
  TemporaryFolder folder;
  auto store = open_sqlite_store({.path = folder.path() / "leoflow.db"});
  CHECK(store.has_value());
  register_dag(**store, load);
  InstantExecutor executor;
  SystemClock clock;
  Runner runner(**store, executor, clock, {}, {.parallelism = load.parallelism});
  executor.set_listener(runner);
  CHECK(runner.start().has_value());
  Countdown countdown;
  auto subscription = runner.subscribe([&](const std::vector<Change>& changes) {
    for (const Change& change : changes) countdown.one(change);
  });
  auto run_all = [&](const char* prefix, int runs) {
    countdown.expect(runs);
    for (int i = 0; i < runs; ++i) {
      TriggerRequest request{.dag_id = "bench", .run_id = prefix + std::to_string(i)};
      runner.trigger(std::move(request), [](Result<DagRun> run) { CHECK(run.has_value()); });
    }
    countdown.wait();
  };
  run_all("warm_", 1);  // the version is read and planned once, whatever follows
  auto began = Stopwatch::now();
  run_all("run_", load.runs);
  double took = seconds_since(began);
  runner.stop();
  return load.runs * load.depth * load.width / took;
}

void execute(sqlite3* db, const char* sql) {
  CHECK(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
}

// The same row changes without an engine: per task instance one row made and changed three times
// and an attempt made and changed twice, in transactions of as many task instances as the engine
// has in flight.
double measure_floor(int task_instances, int batch) {
  TemporaryFolder folder;
  sqlite3* db = nullptr;
  CHECK(sqlite3_open((folder.path() / "floor.db").c_str(), &db) == SQLITE_OK);
  execute(db,
          "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
          "CREATE TABLE task(id INTEGER PRIMARY KEY, state TEXT, at INTEGER, stamp INTEGER);"
          "CREATE TABLE attempt(id INTEGER PRIMARY KEY, task INTEGER, state TEXT, at INTEGER);");
  const char* steps[] = {"INSERT INTO task VALUES(?1, 'scheduled', 1, 1)",
                         "UPDATE task SET state='queued', at=2, stamp=2 WHERE id=?1 AND stamp=1;",
                         "INSERT INTO attempt VALUES(?1, ?1, 'dispatched', 2)",
                         "UPDATE task SET state='running', at=3, stamp=3 WHERE id=?1 AND stamp=2",
                         "UPDATE attempt SET state='running', at=3 WHERE id=?1",
                         "UPDATE task SET state='success', at=4, stamp=4 WHERE id=?1 AND stamp=3",
                         "UPDATE attempt SET state='settled', at=4 WHERE id=?1"};
  constexpr int kCommits[] = {2, 4,
                              6};  // a transaction ends after these steps: placed, running, settled
  std::vector<sqlite3_stmt*> statements;
  for (const char* sql : steps)
    CHECK(sqlite3_prepare_v2(db, sql, -1, &statements.emplace_back(), nullptr) == SQLITE_OK);
  auto began = Stopwatch::now();
  for (int first = 0; first < task_instances; first += batch) {
    size_t step = 0;
    for (int last_step : kCommits) {
      execute(db, "BEGIN IMMEDIATE");
      for (; step <= size_t(last_step); ++step) {
        for (int id = first; id < first + batch; ++id) {
          sqlite3_bind_int(statements[step], 1, id + 1);
          CHECK(sqlite3_step(statements[step]) == SQLITE_DONE);
          sqlite3_reset(statements[step]);
        }
      }
      execute(db, "COMMIT");
    }
  }
  double took = seconds_since(began);
  for (sqlite3_stmt* statement : statements) sqlite3_finalize(statement);
  sqlite3_close(db);
  return task_instances / took;
}

void print(const char* name, double value) {
  std::printf("{\"figure\":\"%s\",\"per_second\":%.1f}\n", name, value);
}

}  // namespace
}  // namespace leoflow

int main(int argc, char** argv) {
  using namespace leoflow;
  const Workload loads[] = {
      {"throughput", 100, 10, 10, 1'000, 100},
      {"small", 1'000, 10, 1, 100, 100},
      {"big", 1, 100, 100, 100, 1},
      {"mapped", 100, 10, 10, 1'000, 100, true},
      {"mapped_big", 1, 100, 100, 100, 1, true},
  };
  for (const Workload& load : loads) {
    if (argc < 2 || std::string_view(argv[1]) == load.name) print(load.name, measure(load));
  }
  if (argc < 2) print("floor", measure_floor(10'000, 1'000));
  return 0;
}
