// SPDX-License-Identifier: Apache-2.0
#include "contract/store_contract.h"

namespace leoflow {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TaskEnd end_of(const std::string& task_id, Time when, Duration took,
               TaskEnd::Kind kind = TaskEnd::Kind::succeeded) {
  return {kind, "etl", task_id, when, took};
}

// A range that begins with the day of at(0).
FigureQuery two_days() { return {.since = at(0), .until = at(86400)}; }

}  // namespace

TEST_P(StoreContract, CountersFollowRuns) {
  FigureStore& figures = store_->figures();
  RunRecord first = add_run(1), second = add_run(2, "etl", RunState::queued);
  add_run(3, "other", RunState::success);
  EXPECT_EQ(*figures.run_counts({}),
            (RunCounts{{RunState::queued, 1}, {RunState::running, 1}, {RunState::success, 1}}));
  Batch batch;
  batch.runs_updated = {first.run};
  DagRun& ended = batch.runs_updated[0];
  ended.state = RunState::failed;
  ended.start_date = at(3600);
  ended.end_date = at(3 * 3600);
  ++ended.version_stamp;
  batch.runs_deleted = {second.run.key};
  commit(batch);
  EXPECT_EQ((*figures.run_counts(DagsAllowed{{"etl"}}))[RunState::failed], 1);
  EXPECT_EQ((*figures.run_counts(DagsAllowed{{"etl"}}))[RunState::queued], 0);
  EXPECT_TRUE(figures.run_counts(DagsAllowed(std::in_place))->empty());
  auto listed = store_->runs().run_counts({"etl"});
  ASSERT_TRUE(listed);
  EXPECT_EQ((*listed)["etl"], (RunCounts{{RunState::failed, 1}}));
}

TEST_P(StoreContract, HoursOfRunsMoveWithTheirLastChange) {
  RunRecord record = add_run(1);
  FigureQuery query{.since = at(0), .until = at(10 * 3600)};
  auto queued = store_->figures().run_hours(query);
  ASSERT_TRUE(queued && queued->size() == 1);
  EXPECT_EQ((*queued)[0].runs, (RunCounts{{RunState::running, 1}}));
  Batch batch;
  batch.runs_updated = {record.run};
  batch.runs_updated[0].start_date = at(2 * 3600);
  batch.runs_updated[0].end_date = at(5 * 3600);
  batch.runs_updated[0].state = RunState::success;
  ++batch.runs_updated[0].version_stamp;
  commit(batch);
  auto ended = store_->figures().run_hours(query);
  ASSERT_TRUE(ended && ended->size() == 1);
  EXPECT_EQ((*ended)[0].hour, std::chrono::floor<hours>(at(5 * 3600)));
  EXPECT_EQ((*ended)[0].runs, (RunCounts{{RunState::success, 1}}));
  query.until = at(3600);
  EXPECT_TRUE(store_->figures().run_hours(query)->empty());
}

TEST_P(StoreContract, OpenRunsCarryTheirProgress) {
  RunRecord record = add_run(1);
  add_run(2, "etl", RunState::queued);
  add_run(3, "etl", RunState::success);
  Batch batch;
  batch.task_instances_updated = {record.task_instances[0]};
  batch.task_instances_updated[0].state = TaskState::success;
  ++batch.task_instances_updated[0].version_stamp;
  commit(batch);
  auto open = store_->figures().open_runs({.rows_max = 5});
  ASSERT_TRUE(open && open->size() == 2);
  EXPECT_EQ((*open)[0].run.key, RunKey{1});
  EXPECT_EQ((*open)[0].tasks,
            (std::map<TaskState, int64_t>{{TaskState::none, 2}, {TaskState::success, 1}}));
  EXPECT_EQ((*open)[1].run.state, RunState::queued);
  EXPECT_EQ(store_->figures().open_runs({.rows_max = 5, .dags_allowed = {{"other"}}})->size(), 0u);
}

TEST_P(StoreContract, FailuresAreNewestFirst) {
  Batch batch;
  batch.runs_inserted = {make_run(1)};
  for (int64_t i = 1; i <= 3; ++i) {
    TaskInstance task = make_task(i, 1, "t" + std::to_string(i));
    task.state = i == 2 ? TaskState::success : TaskState::failed;
    task.end_date = at(i * 100);
    task.reason = "exit code 3";
    batch.task_instances_inserted.push_back(task);
  }
  commit(batch);
  auto failures = store_->figures().failures({.since = at(0)});
  ASSERT_TRUE(failures && failures->size() == 2);
  EXPECT_EQ((*failures)[0].task_id, "t3");
  EXPECT_EQ((*failures)[0].reason, "exit code 3");
  EXPECT_EQ(store_->figures().failures({.since = at(200)})->size(), 1u);
}

TEST_P(StoreContract, TaskFiguresSumEndedTries) {
  Batch batch;
  for (int i = 0; i < 10; ++i) batch.task_ends.push_back(end_of("fast", at(i), seconds(1)));
  batch.task_ends.push_back(end_of("slow", at(86400), seconds(60)));
  batch.task_ends.push_back(end_of("slow", at(0), seconds(60), TaskEnd::Kind::retried));
  batch.task_ends.push_back(end_of("fast", at(5), seconds(1), TaskEnd::Kind::failed));
  batch.task_ends.push_back(end_of("slow", at(-86400), seconds(10)));
  batch.task_ends.push_back(end_of("broken", at(0), seconds(1), TaskEnd::Kind::failed));
  commit(batch);
  commit(batch);
  auto figures = store_->figures().task_figures(two_days());
  ASSERT_TRUE(figures);
  ASSERT_EQ(figures->slowest.size(), 3u);
  const TaskFigure& slow = figures->slowest[0];
  EXPECT_EQ(slow.task_id, "slow");
  EXPECT_EQ(slow.tries, 4);
  EXPECT_EQ(slow.retries, 2);
  EXPECT_EQ(slow.mean, seconds(60));
  EXPECT_NEAR(to_seconds(slow.p95), 60, 6);
  ASSERT_TRUE(slow.p50_before);
  EXPECT_NEAR(to_seconds(*slow.p50_before), 10, 1);
  std::vector<std::string> flaky;
  for (const TaskFigure& one : figures->flakiest) flaky.push_back(one.task_id);
  EXPECT_EQ(flaky, (std::vector<std::string>{"slow", "fast", "broken"}));
  FigureQuery none = two_days();
  none.dags_allowed.emplace();
  EXPECT_TRUE(store_->figures().task_figures(none)->slowest.empty());
}

TEST_P(StoreContract, PoolUseIsOfOpenRuns) {
  Batch batch;
  batch.runs_inserted = {make_run(1), make_run(2)};
  batch.runs_inserted[0].state = RunState::running;
  batch.runs_inserted[1].state = RunState::failed;
  for (int64_t i = 1; i <= 3; ++i) {
    TaskInstance task = make_task(i, i == 3 ? 2 : 1, "t", int(i));
    task.state = TaskState::running;
    task.pool_slots = 2;
    task.queued_at = at(i);
    batch.task_instances_inserted.push_back(task);
  }
  commit(batch);
  auto use = store_->figures().pool_use();
  ASSERT_TRUE(use && use->size() == 1);
  EXPECT_EQ((*use)[0].task_instances, 2);
  EXPECT_EQ((*use)[0].slots, 4);
  EXPECT_EQ((*use)[0].since, at(1));
}

TEST_P(StoreContract, OpenAttemptsAreCountedByAgent) {
  RunRecord record = add_run(1);
  Batch batch;
  for (int64_t i = 1; i <= 3; ++i) {
    Attempt attempt = make_attempt(i, record.task_instances[0]);
    attempt.agent = i == 1 ? "" : "a1";
    if (i == 3) attempt.state = AttemptState::settled;
    batch.attempts_inserted.push_back(attempt);
  }
  commit(batch);
  EXPECT_EQ(*store_->figures().open_attempts(),
            (std::map<std::string, int64_t>{{"", 1}, {"a1", 1}}));
}

TEST_P(StoreContract, DagCountsTellPausedAndFailing) {
  add_run(1, "etl", RunState::success);
  add_run(2, "etl", RunState::failed);
  add_dag("other");
  ASSERT_TRUE(store_->dags().set_paused("other", true));
  auto counts = store_->figures().dag_counts({});
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->total, 2);
  EXPECT_EQ(counts->active, 1);
  EXPECT_EQ(counts->failing, 1);
}

TEST_P(StoreContract, FavoritesGoWithUserAndDag) {
  FavoriteStore& favorites = store_->favorites();
  add_dag("other");
  ASSERT_TRUE(store_->users().put_user({.username = "ann", .role = "Admin"}));
  ASSERT_TRUE(store_->users().put_user({.username = "bob", .role = "User"}));
  ASSERT_TRUE(favorites.add("ann", "etl"));
  ASSERT_TRUE(favorites.add("ann", "etl"));
  ASSERT_TRUE(favorites.add("bob", "other"));
  EXPECT_EQ(favorites.add("ann", "absent").error().code(), Code::not_found);
  EXPECT_EQ(*favorites.list("ann"), std::vector<std::string>{"etl"});
  EXPECT_EQ(store_->dags().list_dags({.favorites_of = "ann"})->total, 1);
  EXPECT_EQ(store_->dags().list_dags({.favorites_of = "ann", .favorite = false})->total, 1);
  ASSERT_TRUE(store_->dags().delete_dag("other"));
  EXPECT_TRUE(favorites.list("bob")->empty());
  EXPECT_TRUE(*favorites.remove("ann", "etl"));
  EXPECT_FALSE(*favorites.remove("ann", "etl"));
}

TEST_P(StoreContract, FiguresOfADeletedDagGo) {
  add_run(1, "etl", RunState::success);
  Batch batch;
  batch.task_ends = {end_of("t", at(0), seconds(1))};
  commit(batch);
  ASSERT_TRUE(store_->dags().delete_dag("etl"));
  EXPECT_TRUE(store_->figures().task_figures(two_days())->slowest.empty());
  EXPECT_TRUE(store_->figures().run_counts({})->empty());
  EXPECT_TRUE(store_->figures().run_hours({.since = at(0), .until = at(86400)})->empty());
}

}  // namespace leoflow
