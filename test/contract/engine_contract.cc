// SPDX-License-Identifier: Apache-2.0
#include "contract/store_contract.h"

namespace leoflow {

TEST_P(StoreContract, BackfillsCarryWhatWasDecided) {
  add_dag("etl");
  Batch batch;
  batch.runs_inserted = {make_run(1), make_run(2)};
  batch.runs_inserted[0].state = RunState::success;
  batch.backfills_inserted = {{.id = 3,
                               .dag_id = "etl",
                               .from_date = at(1),
                               .to_date = at(9),
                               .conf = R"({"a":1})",
                               .reprocess = Reprocess::failed,
                               .max_active_runs = 4,
                               .run_backwards = true,
                               .dates = 5,
                               .user = "ada",
                               .created_at = at(2)}};
  batch.backfill_runs = {{3, 1, at(1), RunKey{1}, ""},
                         {3, 2, at(2), {}, "already exists"},
                         {3, 3, at(3), RunKey{2}, ""}};
  commit(batch);
  EXPECT_EQ(store_->engine().watermarks()->backfill, 3);
  auto open = store_->backfills().list({.dag_id = "etl", .only_open = true});
  ASSERT_TRUE(open && open->total == 1);
  Backfill row = open->rows[0];
  EXPECT_EQ(row.reprocess, Reprocess::failed);
  EXPECT_EQ(row.user, "ada");
  EXPECT_TRUE(row.run_backwards);
  EXPECT_EQ(store_->backfills().runs_of(3)->at(1).exception, "already exists");
  row.completed_at = at(8);
  Batch end;
  end.backfills_updated = {row};
  end.runs_deleted = {RunKey{1}};
  commit(end);
  EXPECT_EQ(store_->backfills().list({.only_open = true})->total, 0);
  auto progress = store_->backfills().progress(3);
  ASSERT_TRUE(progress);
  EXPECT_EQ(progress->gone, 1) << "the run was deleted";
  EXPECT_EQ(progress->left_out, 1);
}

TEST_P(StoreContract, KeepsEveryColumnOfARun) {
  DagRun run = make_run(7);
  run.run_id = "manual__2024-01-01T00:00:00+00:00";
  run.state = RunState::running;
  run.type = RunType::backfill;
  run.interval_start = at(1);
  run.interval_end = at(2);
  run.start_date = at(3) + Duration(1);
  run.end_date = at(4);
  run.last_scheduling_decision = at(5);
  run.triggering_user = "zoë";
  run.conf = R"({"naïve":"東京"})";
  run.note = std::string("nul\0byte", 8);
  run.end_reason = "task_failure";
  run.clear_number = 2;
  Batch batch;
  batch.runs_inserted = {run};
  commit(batch);
  auto found = store_->engine().load_run(RunKey{7});
  ASSERT_TRUE(found && *found);
  const DagRun& got = (*found)->run;
  EXPECT_EQ(got.run_id, run.run_id);
  EXPECT_EQ(got.version, version_);
  EXPECT_EQ(got.state, RunState::running);
  EXPECT_EQ(got.type, RunType::backfill);
  EXPECT_EQ(got.logical_date, run.logical_date);
  EXPECT_EQ(got.interval_start, run.interval_start);
  EXPECT_EQ(got.interval_end, run.interval_end);
  EXPECT_EQ(got.run_after, run.run_after);
  EXPECT_EQ(got.start_date, run.start_date);
  EXPECT_EQ(got.end_date, run.end_date);
  EXPECT_EQ(got.last_scheduling_decision, run.last_scheduling_decision);
  EXPECT_EQ(got.triggering_user, run.triggering_user);
  EXPECT_EQ(got.conf, run.conf);
  EXPECT_EQ(got.note, run.note);
  EXPECT_EQ(got.end_reason, run.end_reason);
  EXPECT_EQ(got.clear_number, 2);
}

TEST_P(StoreContract, UpdatesEveryColumnOfATaskInstance) {
  RunRecord record = add_run(1);
  TaskInstance task = record.task_instances[1];
  task.state = TaskState::up_for_retry;
  task.try_number = 2;
  task.max_tries = 3;
  task.infra_losses = 4;
  task.attempt = AttemptId{99};
  task.scheduled_at = at(1);
  task.queued_at = at(2);
  task.start_date = at(3);
  task.end_date = at(4);
  task.next_at = at(5);
  task.pool = "etl";
  task.pool_slots = 6;
  task.queue = "slow";
  task.priority_weight = int64_t(1) << 40;
  task.note = "note";
  task.reason = "exit code 3";
  task.version_stamp = 1;
  Batch batch;
  batch.task_instances_updated = {task};
  commit(batch);
  auto tasks = store_->engine().task_instances_of(RunKey{1}, "transform");
  ASSERT_TRUE(tasks && tasks->size() == 1);
  const TaskInstance& got = tasks->front();
  EXPECT_EQ(got.state, TaskState::up_for_retry);
  EXPECT_EQ(std::tie(got.try_number, got.max_tries, got.infra_losses, got.attempt),
            std::tie(task.try_number, task.max_tries, task.infra_losses, task.attempt));
  EXPECT_EQ(std::tie(got.scheduled_at, got.queued_at, got.start_date, got.end_date, got.next_at),
            std::tie(task.scheduled_at, task.queued_at, task.start_date, task.end_date, task.next_at));
  EXPECT_EQ(std::tie(got.pool, got.pool_slots, got.queue, got.priority_weight, got.note, got.reason),
            std::tie(task.pool, task.pool_slots, task.queue, task.priority_weight, task.note, task.reason));
  EXPECT_EQ(got.operator_name, "BashOperator");
  EXPECT_EQ(got.version_stamp, 1);
}

TEST_P(StoreContract, StaleUpdateConflictsAndLeavesNothing) {
  RunRecord record = add_run(1);
  Batch batch;
  batch.runs_inserted = {make_run(2)};
  batch.task_instances_updated = record.task_instances;
  for (TaskInstance& task : batch.task_instances_updated) {
    task.state = TaskState::scheduled;
    task.version_stamp = 1;
  }
  batch.task_instances_updated.back().version_stamp = 2;  // as if another writer had raised it
  Status committed = store_->engine().commit(batch);
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code(), Code::conflict);
  auto run = store_->engine().load_run(RunKey{2});
  ASSERT_TRUE(run);
  EXPECT_FALSE(*run);
  auto tasks = store_->engine().task_instances_of(RunKey{1}, "extract");
  ASSERT_TRUE(tasks);
  EXPECT_EQ(tasks->front().state, TaskState::none);
  batch.task_instances_updated.back().version_stamp = 1;
  commit(batch);
}

TEST_P(StoreContract, StaleRunAndMissingAttemptConflict) {
  RunRecord record = add_run(1);
  Batch stale;
  stale.runs_updated = {record.run};  // stamp 0 again
  EXPECT_EQ(store_->engine().commit(stale).error().code(), Code::conflict);
  Batch missing;
  missing.attempts_updated = {make_attempt(5, record.task_instances[0])};
  EXPECT_EQ(store_->engine().commit(missing).error().code(), Code::conflict);
}

TEST_P(StoreContract, TakenKeysConflict) {
  add_run(1);
  Batch same_key;
  same_key.runs_inserted = {make_run(1)};
  EXPECT_EQ(store_->engine().commit(same_key).error().code(), Code::conflict);
  Batch same_name;
  same_name.runs_inserted = {make_run(2)};
  same_name.runs_inserted[0].run_id = "run_1";
  EXPECT_EQ(store_->engine().commit(same_name).error().code(), Code::conflict);
  Batch same_date;
  same_date.runs_inserted = {make_run(2)};
  same_date.runs_inserted[0].logical_date = make_run(1).logical_date;
  EXPECT_EQ(store_->engine().commit(same_date).error().code(), Code::conflict);
  Batch same_task;
  same_task.task_instances_inserted = {make_task(99, 1, "extract")};
  EXPECT_EQ(store_->engine().commit(same_task).error().code(), Code::conflict);
  Batch no_run;
  no_run.task_instances_inserted = {make_task(99, 77, "extract")};
  EXPECT_EQ(store_->engine().commit(no_run).error().code(), Code::conflict);
}

TEST_P(StoreContract, RunsWithoutLogicalDateDoNotCollide) {
  Batch batch;
  batch.runs_inserted = {make_run(1), make_run(2)};
  for (DagRun& run : batch.runs_inserted) run.logical_date.reset();
  commit(batch);
}

TEST_P(StoreContract, InsertedRowsCanBeUpdatedInTheSameBatch) {
  Batch batch;
  batch.runs_inserted = {make_run(1)};
  batch.runs_updated = batch.runs_inserted;
  batch.runs_updated[0].state = RunState::running;
  batch.runs_updated[0].version_stamp = 1;
  commit(batch);
  EXPECT_EQ((*store_->engine().load_run(RunKey{1}))->run.state, RunState::running);
}

TEST_P(StoreContract, LoadsWhatIsActive) {
  RunRecord running = add_run(1);
  add_run(2, "etl", RunState::success);
  add_run(3, "etl", RunState::queued);
  Batch batch;
  Attempt open = make_attempt(1, running.task_instances[0]);
  Attempt settled = make_attempt(2, running.task_instances[1]);
  settled.state = AttemptState::settled;
  Attempt callback = make_attempt(3, make_task(0, 2, ""));
  callback.kind = AttemptKind::dag_callback;
  batch.attempts_inserted = {open, settled, callback};
  commit(batch);
  auto active = store_->engine().load_active();
  ASSERT_TRUE(active && active->size() == 2);
  EXPECT_EQ((*active)[0].run.key, RunKey{1});
  EXPECT_EQ((*active)[1].run.key, RunKey{3});
  ASSERT_EQ((*active)[1].task_instances.size(), 3u);
  EXPECT_EQ((*active)[1].task_instances[0].task_id, "extract");
  EXPECT_EQ((*active)[1].task_instances[2].task_id, "load");
  ASSERT_EQ((*active)[0].open_attempts.size(), 1u);
  EXPECT_EQ((*active)[0].open_attempts[0].id, AttemptId{1});
  EXPECT_TRUE((*active)[1].open_attempts.empty());
  auto stray = store_->engine().load_stray_attempts();
  ASSERT_TRUE(stray && stray->size() == 1);
  EXPECT_EQ(stray->front().kind, AttemptKind::dag_callback);
}

TEST_P(StoreContract, WatermarksAreTheHighestKeys) {
  auto empty = store_->engine().watermarks();
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->run + empty->task_instance + empty->attempt + empty->staging, 0);
  RunRecord record = add_run(4);
  Batch batch;
  batch.attempts_inserted = {make_attempt(17, record.task_instances[0])};
  batch.staging_inserted = {make_volume(9, record.run)};
  commit(batch);
  auto marks = store_->engine().watermarks();
  ASSERT_TRUE(marks);
  EXPECT_EQ(marks->run, 4);
  EXPECT_EQ(marks->task_instance, 43);
  EXPECT_EQ(marks->attempt, 17);
  EXPECT_EQ(marks->staging, 9);
}

// Agents, tokens and logs may still know what was deleted by its id.
TEST_P(StoreContract, WatermarksStayWhenTheHighestAreDeleted) {
  RunRecord record = add_run(4);
  Batch batch;
  batch.attempts_inserted = {make_attempt(17, record.task_instances[0])};
  commit(batch);
  ASSERT_TRUE(store_->dags().delete_dag("etl"));
  auto marks = store_->engine().watermarks();
  ASSERT_TRUE(marks);
  EXPECT_EQ(marks->run, 4);
  EXPECT_EQ(marks->task_instance, 43);
  EXPECT_EQ(marks->attempt, 17);
}

TEST_P(StoreContract, FindsRunsAroundALogicalDate) {
  Batch batch;
  for (int64_t key = 1; key <= 4; ++key) batch.runs_inserted.push_back(make_run(key));
  batch.runs_inserted[0].type = RunType::scheduled;
  batch.runs_inserted[1].type = RunType::backfill;
  batch.runs_inserted[1].state = RunState::success;
  commit(batch);
  EngineStore& engine = store_->engine();
  EXPECT_EQ((*engine.latest_automated_run("etl"))->key, RunKey{2});
  EXPECT_FALSE(*engine.latest_automated_run("other"));
  EXPECT_EQ((*engine.previous_run("etl", at(4 * 3600), false))->key, RunKey{3});
  EXPECT_EQ((*engine.previous_run("etl", at(4 * 3600), true))->key, RunKey{1});
  EXPECT_FALSE(*engine.previous_run("etl", at(3600), false));
  EXPECT_EQ((*store_->runs().previous_successful_run("etl", at(4 * 3600)))->key, RunKey{2});
  EXPECT_FALSE(*store_->runs().previous_successful_run("etl", at(2 * 3600)));
  EXPECT_EQ((*store_->runs().previous_successful_run("etl", std::nullopt))->key, RunKey{2});
}

TEST_P(StoreContract, DeletingARunTakesAllThatHangsOnIt) {
  RunRecord record = add_run(1);
  Batch batch;
  batch.attempts_inserted = {make_attempt(1, record.task_instances[0])};
  batch.xcoms = {XCom{.run = RunKey{1}, .task_id = "extract", .key = "k", .value = "1"}};
  batch.rendered = {{record.task_instances[0].key, "{}"}};
  batch.tries = {TaskTry{.task_instance = record.task_instances[0].key, .try_number = 1, .version = version_}};
  batch.staging_inserted = {make_volume(1, record.run)};
  commit(batch);
  Batch removal;
  removal.runs_deleted = {RunKey{1}};
  // What other events of the same step did to the run goes with it.
  removal.runs_updated = {record.run};
  removal.task_instances_updated = record.task_instances;
  removal.xcoms = batch.xcoms;
  removal.tries = batch.tries;
  removal.rendered = batch.rendered;
  removal.runs_inserted = {make_run(2)};
  removal.runs_inserted[0].run_id = record.run.run_id;
  removal.runs_inserted[0].logical_date = record.run.logical_date;
  commit(removal);
  EXPECT_FALSE(*store_->engine().load_run(RunKey{1}));
  EXPECT_TRUE(*store_->engine().load_run(RunKey{2}));
  EXPECT_FALSE(*store_->runs().get_attempt(AttemptId{1}));
  EXPECT_FALSE(*store_->xcoms().get(RunKey{1}, "extract", kUnmapped, "k"));
  EXPECT_TRUE(store_->runs().list_tries(record.task_instances[0].key)->empty());
  auto volumes = store_->staging().list({});
  ASSERT_EQ(volumes->rows.size(), 1u);
  EXPECT_FALSE(volumes->rows[0].run);
}

TEST_P(StoreContract, DeletingATaskInstanceTakesWhatHangsOnItAndNoOther) {
  RunRecord record = add_run(1);
  const TaskInstance &gone = record.task_instances[0], &kept = record.task_instances[1];
  auto tried = [&](const TaskInstance& task) {
    return TaskTry{.task_instance = task.key, .try_number = 1, .version = version_};
  };
  auto pushed = [](const TaskInstance& task) {
    return XCom{.run = RunKey{1}, .task_id = task.task_id, .key = "k", .value = "1"};
  };
  Batch batch;
  batch.attempts_inserted = {make_attempt(1, gone), make_attempt(2, kept)};
  batch.xcoms = {pushed(gone), pushed(kept)};
  batch.rendered = {{gone.key, "{}"}};
  batch.tries = {tried(gone), tried(kept)};
  commit(batch);
  Batch removal;
  removal.task_instances_deleted = {gone.key};
  // A fresh instance of the same name may come in the same step.
  removal.task_instances_inserted = {gone};
  removal.task_instances_inserted[0].key = TaskInstanceKey{99};
  removal.tries = {tried(gone)};
  commit(removal);
  auto record_now = *store_->engine().load_run(RunKey{1});
  ASSERT_EQ(record_now->task_instances.size(), record.task_instances.size());
  EXPECT_FALSE(*store_->runs().get_attempt(AttemptId{1}));
  EXPECT_TRUE(*store_->runs().get_attempt(AttemptId{2}));
  EXPECT_FALSE(*store_->xcoms().get(RunKey{1}, gone.task_id, kUnmapped, "k"));
  EXPECT_TRUE(*store_->xcoms().get(RunKey{1}, kept.task_id, kUnmapped, "k"));
  EXPECT_TRUE(store_->runs().list_tries(gone.key)->empty());
  EXPECT_EQ(store_->runs().list_tries(kept.key)->size(), 1u);
}

TEST_P(StoreContract, StagingVolumesComeDue) {
  Batch batch;
  for (int64_t key = 1; key <= 5; ++key) {
    DagRun run = make_run(key);
    if (key <= 3) {
      run.state = key == 3 ? RunState::success : RunState::failed;
      run.end_date = at(key == 2 ? 500 : 10);
    }
    batch.runs_inserted.push_back(run);
    batch.staging_inserted.push_back(make_volume(key, run));
  }
  commit(batch);
  Batch removal;
  removal.runs_deleted = {RunKey{5}};
  commit(removal);
  auto due = store_->engine().staging_due(at(100));
  ASSERT_TRUE(due);
  std::vector<int64_t> ids;
  for (const StagingVolume& volume : *due) ids.push_back(volume.id);
  EXPECT_EQ(ids, (std::vector<int64_t>{1, 3, 5}));
  Batch freed;
  freed.staging_updated = {batch.staging_inserted[0]};
  freed.staging_updated[0].state = "deleted";
  freed.staging_updated[0].deleted_at = at(101);
  freed.staging_updated[0].delete_reason = "ttl_expired";
  freed.staging_inserted = {make_volume(6, batch.runs_inserted[0])};
  freed.staging_inserted[0].name = "again";
  commit(freed);
  EXPECT_EQ((*store_->engine().staging_of(RunKey{1}))->id, 6);
  EXPECT_EQ((*store_->engine().staging_of(RunKey{4}))->state, "active");
  EXPECT_EQ(store_->staging().list({.state = "deleted"})->rows[0].delete_reason, "ttl_expired");
}

TEST_P(StoreContract, EmptyBatchIsFine) {
  Batch batch;
  EXPECT_TRUE(batch.empty());
  commit(batch);
  batch.events.push_back({.when = at(1), .event = "x"});
  EXPECT_EQ(batch.rows(), 1u);
}

TEST_P(StoreContract, CommittedRowsSurviveReopening) {
  if (!GetParam().durable) GTEST_SKIP() << "this backend keeps nothing";
  add_run(1);
  reopen();
  auto record = store_->engine().load_run("etl", "run_1");
  ASSERT_TRUE(record && *record);
  EXPECT_EQ((*record)->task_instances.size(), 3u);
}

}  // namespace leoflow
