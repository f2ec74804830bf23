// SPDX-License-Identifier: Apache-2.0
#include "main/run_logs.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <future>

namespace leoflow {
namespace {

constexpr Duration kNever = std::chrono::hours(24);

class RunLogsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "leoflow-logs-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    auto opened = open_sqlite_store({});
    ASSERT_TRUE(opened) << opened.error().text();
    store_ = std::move(*opened);
    auto registered = store_->dags().register_version(
        {.dag_id = "etl", .content_hash = "a", .dag_json = R"({"dag_id":"etl"})"},
        {.dag_id = "etl"}, {.paused = false});
    ASSERT_TRUE(registered) << registered.error().text();
    version_ = registered->version.id;
  }
  void TearDown() override {
    store_.reset();
    static_cast<void>(remove_tree(folder_));
  }

  // A run of one task with attempts first to last.
  void add_run(int64_t key, int64_t first, int64_t last, const std::string& task_id = "load") {
    Batch batch;
    batch.runs_inserted.push_back({.key = RunKey{key},
                                   .dag_id = "etl",
                                   .run_id = "r" + std::to_string(key),
                                   .version = version_});
    batch.task_instances_inserted.push_back(
        {.key = TaskInstanceKey{key}, .run = RunKey{key}, .task_id = task_id});
    for (int64_t id = first; id <= last; ++id) {
      batch.attempts_inserted.push_back({.id = AttemptId{id},
                                         .run = RunKey{key},
                                         .task_instance = TaskInstanceKey{key},
                                         .task_id = task_id,
                                         .try_number = 1,
                                         .version = version_});
    }
    Status committed = store_->engine().commit(batch);
    ASSERT_TRUE(committed) << committed.error().text();
  }
  static TaskInstanceName load(int64_t run) { return {"etl", "r" + std::to_string(run), "load"}; }

  fs::path folder_;
  std::unique_ptr<Store> store_;
  DagVersionId version_;
};

TEST_F(RunLogsTest, StoresEachByteOnceWhateverIsSentAgain) {
  add_run(1, 1, 1);
  RunLogs logs(folder_ / "logs", *store_);
  AttemptId id{1};
  EXPECT_EQ(logs.append(id, 0, "one\n"), 4u);
  EXPECT_EQ(logs.append(id, 0, "one\n"), 4u) << "known already";
  EXPECT_EQ(logs.append(id, 0, "one\ntwo\n"), 8u) << "half of it is known";
  EXPECT_EQ(logs.append(id, 9, "late\n"), 8u) << "something is missing before it";
  EXPECT_EQ(logs.append(id, 8, "three\n"), 14u);
  EXPECT_EQ(read_file(logs.path_of(load(1), 1, id)), "one\ntwo\nthree\n");
  EXPECT_EQ(logs.size(id), 14u);
  EXPECT_EQ(logs.stored(id), 14u);
}

TEST_F(RunLogsTest, KnowsWhatIsStoredAfterARestart) {
  add_run(1, 1, 1);
  ASSERT_TRUE(RunLogs(folder_ / "logs", *store_).append(AttemptId{1}, 0, "one\n"));
  RunLogs again(folder_ / "logs", *store_);
  EXPECT_EQ(again.stored(AttemptId{1}), 4u);
  EXPECT_EQ(again.append(AttemptId{1}, 4, "two\n"), 8u);
}

TEST_F(RunLogsTest, RefusesUnknownAttempts) {
  RunLogs logs(folder_ / "logs", *store_);
  EXPECT_EQ(logs.append(AttemptId{7}, 0, "x").error().code(), Code::not_found);
  EXPECT_EQ(logs.size(AttemptId{7}).error().code(), Code::not_found);
  EXPECT_EQ(logs.stored(AttemptId{7}), 0u);
}

TEST_F(RunLogsTest, SyncsALogThatGrowsAfterItsDelay) {
  add_run(1, 1, 1);
  RunLogs logs(folder_ / "logs", *store_,
               {.growing = std::chrono::milliseconds(1), .ended = kNever});
  ASSERT_TRUE(logs.append(AttemptId{1}, 0, "one\n"));
  std::promise<Result<uint64_t>> synced;
  logs.sync(AttemptId{1}, [&](Result<uint64_t> bytes) { synced.set_value(bytes); });
  EXPECT_EQ(synced.get_future().get(), 4u);
}

TEST_F(RunLogsTest, SyncsALogThatHasEndedWithoutWaitingForOthers) {
  add_run(1, 1, 2);
  std::promise<Result<uint64_t>> ended;
  bool growing_synced = false;
  {
    RunLogs logs(folder_ / "logs", *store_,
                 {.growing = kNever, .ended = std::chrono::milliseconds(1)});
    ASSERT_TRUE(logs.append(AttemptId{1}, 0, "one\n"));
    ASSERT_TRUE(logs.append(AttemptId{2}, 0, "two two\n"));
    logs.sync(AttemptId{1}, [&](Result<uint64_t>) { growing_synced = true; });
    logs.sync(AttemptId{2}, [&](Result<uint64_t> bytes) { ended.set_value(bytes); });
    logs.log_ended(AttemptId{2}, 8);
    EXPECT_EQ(ended.get_future().get(), 8u);
  }
  EXPECT_FALSE(growing_synced);
}

TEST_F(RunLogsTest, WakesTheWatchersOfALogThatGrowsOrEnds) {
  add_run(1, 1, 2);
  RunLogs logs(folder_ / "logs", *store_);
  int first = 0, second = 0, other = 0;
  auto token = logs.watch(AttemptId{1}, [&] { ++first; });
  auto also = logs.watch(AttemptId{1}, [&] { ++second; });
  auto elsewhere = logs.watch(AttemptId{2}, [&] { ++other; });
  ASSERT_TRUE(logs.append(AttemptId{1}, 0, "one\n"));
  ASSERT_TRUE(logs.append(AttemptId{1}, 0, "one\n"));
  EXPECT_EQ(first, 1) << "what was known already is no news";
  also.reset();
  logs.log_ended(AttemptId{1}, 4);
  EXPECT_EQ(first, 2);
  EXPECT_EQ(second, 1);
  EXPECT_EQ(other, 0);
}

TEST_F(RunLogsTest, KeepsNothingOfWatchersThatWent) {
  auto logs = std::make_unique<RunLogs>(folder_ / "logs", *store_);
  std::vector<std::shared_ptr<void>> tokens;
  for (int64_t id = 1; id <= 100; ++id) tokens.push_back(logs->watch(AttemptId{id}, [] {}));
  EXPECT_EQ(logs->watchers(), 100u);
  tokens.resize(1);
  EXPECT_EQ(logs->watchers(), 1u);
  logs.reset();
  tokens.clear();  // may come later
}

TEST_F(RunLogsTest, KeepsABoundedNumberOfPaths) {
  int64_t count = int64_t(RunLogs::kPathsMax) + 10;
  add_run(1, 1, count);
  RunLogs logs(folder_ / "logs", *store_);
  for (int64_t id = 1; id <= count; ++id) ASSERT_EQ(logs.size(AttemptId{id}), 0u);
  EXPECT_LE(logs.cached_paths(), RunLogs::kPathsMax);
}

TEST_F(RunLogsTest, TellsApartTheLogsOfLongTaskIdsByTheirAttempt) {
  std::string task_id(250, 't');
  add_run(1, 1, 2, task_id);
  RunLogs logs(folder_ / "logs", *store_);
  ASSERT_TRUE(logs.append(AttemptId{1}, 0, "one\n"));
  ASSERT_TRUE(logs.append(AttemptId{2}, 0, "two\n"));
  TaskInstanceName name{"etl", "r1", task_id, 12345};
  EXPECT_LE(logs.path_of(name, 999, AttemptId{INT64_MAX}).filename().string().size(), 255u);
  name.map_index = kUnmapped;
  EXPECT_EQ(read_file(logs.path_of(name, 1, AttemptId{1})), "one\n");
  EXPECT_EQ(read_file(logs.path_of(name, 1, AttemptId{2})), "two\n");
}

TEST_F(RunLogsTest, NamesFilesByWhatTheyBelongTo) {
  RunLogs logs("/logs", *store_);
  EXPECT_EQ(logs.path_of({"etl", "r1", "load"}, 2, AttemptId{5}),
            "/logs/dag_id=etl/run_id=r1/task_id=load,attempt=2.5.log");
  EXPECT_EQ(logs.path_of({"etl", "r1", "load", 3}, 1, AttemptId{5}),
            "/logs/dag_id=etl/run_id=r1/task_id=load,map_index=3,attempt=1.5.log");
  EXPECT_EQ(logs.path_of({"etl", "..", ""}, 1, AttemptId{5}),
            "/logs/dag_id=etl/run_id=_../task_id=_callback,attempt=1.5.log");
}

TEST_F(RunLogsTest, RemovesTheLogOfOneAttempt) {
  add_run(1, 1, 2);
  RunLogs logs(folder_ / "logs", *store_);
  ASSERT_TRUE(logs.append(AttemptId{1}, 0, "one\n"));
  ASSERT_TRUE(logs.append(AttemptId{2}, 0, "two\n"));
  logs.remove(load(1), 1, AttemptId{1});
  EXPECT_FALSE(fs::exists(logs.path_of(load(1), 1, AttemptId{1})));
  EXPECT_EQ(logs.stored(AttemptId{2}), 4u);
}

TEST_F(RunLogsTest, RemovesTheLogsOfARunAndNoOther) {
  add_run(1, 1, 1);
  add_run(2, 2, 2);
  RunLogs logs(folder_ / "logs", *store_);
  ASSERT_TRUE(logs.append(AttemptId{1}, 0, "one\n"));
  ASSERT_TRUE(logs.append(AttemptId{2}, 0, "two\n"));
  Batch deleted;
  deleted.runs_deleted = {RunKey{1}};
  ASSERT_TRUE(store_->engine().commit(deleted));
  logs.remove_run("etl", "r1");
  EXPECT_FALSE(fs::exists(logs.path_of(load(1), 1, AttemptId{1}).parent_path()));
  EXPECT_EQ(logs.append(AttemptId{1}, 4, "late\n").error().code(), Code::not_found);
  EXPECT_EQ(logs.stored(AttemptId{2}), 4u);
}

}  // namespace
}  // namespace leoflow
