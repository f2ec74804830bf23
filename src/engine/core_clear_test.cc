// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "engine/core_harness_for_test.h"

namespace leoflow {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

using Names = std::vector<std::pair<std::string, std::optional<int>>>;

Result<std::vector<Touched>> clear(CoreHarness& h, const std::string& run, Names tasks,
                                   const std::function<void(ClearRequest&)>& edit = {}) {
  ClearRequest request{.dag_id = "d", .run_id = run, .task_ids = std::move(tasks), .dry_run = false,
                       .only_failed = false};
  if (edit) edit(request);
  return h.ask<std::vector<Touched>, event::Clear>(request);
}

// A staging DAG whose last task failed: the case study with PostgreSQL down.
void fail_at_load(CoreHarness& h) {
  h.dag("d", "extract>transform transform>load", [](DagSpec& spec) { spec.staging.enabled = true; });
  h.trigger("d", "r").value();
  h.end("r/extract");
  h.end("r/transform");
  h.end("r/load", OutcomeKind::failed);
}

TEST(Clear, RerunsOneTaskOnTheSameVolume) {
  CoreHarness h;
  fail_at_load(h);
  EXPECT_EQ(h.state("d", "r"), "failed");
  EXPECT_TRUE(h.freed.empty());
  auto volume = h.store->engine().staging_of(h.run("d", "r").key)->value();
  auto touched = clear(h, "r", {{"load", std::nullopt}});
  ASSERT_TRUE(touched.has_value());
  ASSERT_EQ(touched->size(), 1U);
  EXPECT_EQ(h.states("d", "r"), "extract=success load=queued transform=success");
  EXPECT_EQ(h.instance("d", "r", "load").try_number, 2);
  EXPECT_EQ(h.instance("d", "r", "extract").try_number, 1);
  h.end("r/load");
  EXPECT_EQ(h.state("d", "r"), "success");
  ASSERT_EQ(h.freed.size(), 1U);
  EXPECT_EQ(h.freed[0].id, volume.id);
  EXPECT_EQ(h.freed[0].delete_reason, "run_succeeded");
}

TEST(Clear, IsToldOfWhatEndsInTheSameStateAtOnce) {
  CoreHarness h;
  h.dag("d", "a>b", [](DagSpec& spec) {
    for (TaskSpec& task : spec.tasks) task.inline_success = true;
  });
  h.trigger("d", "r").value();
  ASSERT_EQ(h.states("d", "r"), "a=success b=success");
  h.changes.clear();
  clear(h, "r", {{"a", std::nullopt}, {"b", std::nullopt}}).value();
  ASSERT_EQ(h.state("d", "r"), "success");
  std::string told;
  for (const Change& change : h.changes)
    told += change.task_id + " " + std::to_string(change.try_number) + " " + change.state + "; ";
  EXPECT_EQ(told, " 0 success; a 2 success; b 2 success; ");
}

TEST(Clear, MovesTheRunToTheLatestVersionWhenAsked) {
  CoreHarness h;
  h.dag("d", "a>b");
  h.trigger("d", "r").value();
  h.end("r/a");
  h.end("r/b", OutcomeKind::failed);
  DagVersionId before = h.run("d", "r").version;
  h.dag("d", "a>b b>c");
  clear(h, "r", {{"b", std::nullopt}}).value();
  EXPECT_EQ(h.run("d", "r").version, before);
  h.end("r/b", OutcomeKind::failed);
  clear(h, "r", {{"b", std::nullopt}}, [](ClearRequest& r) { r.run_on_latest_version = true; }).value();
  EXPECT_NE(h.run("d", "r").version, before);
  h.end("r/b");
  EXPECT_EQ(h.states("d", "r"), "a=success b=success c=queued");
  h.end("r/c");
  EXPECT_EQ(h.state("d", "r"), "success");
}

TEST(Clear, MarksVanishedTasksRemoved) {
  CoreHarness h;
  h.dag("d", "a>b");
  h.trigger("d", "r").value();
  h.end("r/a");
  h.end("r/b", OutcomeKind::failed);
  h.dag("d", "a>c");
  clear(h, "r", {}, [](ClearRequest& r) { r.run_on_latest_version = true; }).value();
  EXPECT_EQ(h.states("d", "r"), "a=queued b=removed c=-");
  h.end("r/a");
  h.end("r/c");
  EXPECT_EQ(h.state("d", "r"), "success");
}

TEST(Clear, DryRunChangesNothing) {
  CoreHarness h;
  fail_at_load(h);
  auto touched = clear(h, "r", {}, [](ClearRequest& r) { r.dry_run = true, r.only_failed = true; });
  ASSERT_EQ(touched->size(), 1U);
  EXPECT_EQ(touched->front().task_instance.task_id, "load");
  EXPECT_EQ(h.state("d", "r"), "failed");
}

TEST(Clear, IncludesDownstreamAndUpstream) {
  CoreHarness h;
  fail_at_load(h);
  auto up = clear(h, "r", {{"load", {}}}, [](ClearRequest& r) { r.dry_run = true, r.include_upstream = true; });
  EXPECT_EQ(up->size(), 3U);
  auto down = clear(h, "r", {{"transform", {}}}, [](ClearRequest& r) { r.dry_run = true, r.include_downstream = true; });
  EXPECT_EQ(down->size(), 2U);
}

TEST(Clear, ARunningTaskRestartsOnlyWhenItsAttemptHasEnded) {
  CoreHarness h;
  h.dag("d", "a>b");
  h.trigger("d", "r").value();
  AttemptId old = h.placed.at("r/a").attempt;
  h.core->handle(event::AttemptRunning{old, 1, h.now}, h.now);
  h.step();
  clear(h, "r", {{"a", {}}}).value();
  EXPECT_EQ(h.states("d", "r"), "a=restarting b=-");
  ASSERT_EQ(h.cancelled, (std::vector<AttemptId>{old}));
  h.end("r/a", OutcomeKind::cancelled);
  EXPECT_EQ(h.states("d", "r"), "a=queued b=-");
  EXPECT_NE(h.placed.at("r/a").attempt, old);
  EXPECT_EQ(h.instance("d", "r", "a").try_number, 2);
}

TEST(Clear, RefusesWhatDoesNotExist) {
  CoreHarness h;
  fail_at_load(h);
  EXPECT_EQ(clear(h, "r", {{"nope", {}}}).error().code(), Code::not_found);
  EXPECT_EQ(clear(h, "nope", {}).error().code(), Code::not_found);
  auto running = [](ClearRequest& r) { r.prevent_running_task = true; };
  h.trigger("d", "r2").value();
  h.core->handle(event::AttemptRunning{h.placed.at("r2/extract").attempt, 1, h.now}, h.now);
  EXPECT_EQ(clear(h, "r2", {}, running).error().code(), Code::conflict);
}

TEST(Mark, SuccessResumesWhatWasBlocked) {
  CoreHarness h;
  h.dag("d", "a>b b>c");
  h.trigger("d", "r").value();
  h.end("r/a", OutcomeKind::failed);
  EXPECT_EQ(h.states("d", "r"), "a=failed b=upstream_failed c=upstream_failed");
  MarkTaskRequest request{.name = {"d", "r", "a"}, .state = TaskState::success};
  ASSERT_TRUE((h.ask<std::vector<Touched>, event::MarkTask>(request)).has_value());
  EXPECT_EQ(h.states("d", "r"), "a=success b=queued c=-");
  EXPECT_EQ((h.ask<std::vector<Touched>, event::MarkTask>(request)).error().code(), Code::conflict);
}

TEST(Mark, SkippedLeavesAFinishedRunAlone) {
  CoreHarness h;
  h.dag("d", "a>b");
  h.trigger("d", "r").value();
  h.end("r/a", OutcomeKind::failed);
  MarkTaskRequest request{.name = {"d", "r", "b"}, .state = TaskState::skipped, .note = "left out"};
  ASSERT_TRUE((h.ask<std::vector<Touched>, event::MarkTask>(request)).has_value());
  EXPECT_EQ(h.states("d", "r"), "a=failed b=skipped");
  EXPECT_EQ(h.instance("d", "r", "b").note, "left out");
  EXPECT_EQ(h.state("d", "r"), "failed");
}

TEST(Mark, SeveralTasksOfARunAreMarkedTogether) {
  CoreHarness h;
  h.dag("d", "a>b b>c");
  h.trigger("d", "r").value();
  h.end("r/a", OutcomeKind::failed);
  MarkTaskRequest request{
      .name = {"d", "r", "b"}, .more_tasks = {{"a", {}}, {"c", {}}}, .state = TaskState::skipped};
  EXPECT_EQ((h.ask<std::vector<Touched>, event::MarkTask>(request))->size(), 3U);
  EXPECT_EQ(h.states("d", "r"), "a=skipped b=skipped c=skipped");
  // One by one, upstream last, the first would be cleared again.
  request.state = TaskState::failed;
  ASSERT_TRUE((h.ask<std::vector<Touched>, event::MarkTask>(request)).has_value());
  EXPECT_EQ(h.states("d", "r"), "a=failed b=failed c=failed");
}

TEST(Mark, RunSuccessKeepsFailuresAndEndsTheRest) {
  CoreHarness h;
  h.dag("d", "a>b c");
  h.trigger("d", "r").value();
  h.end("r/a", OutcomeKind::failed);
  MarkRunRequest request{.dag_id = "d", .run_id = "r", .state = RunState::success, .note = "by hand"};
  ASSERT_TRUE((h.ask<DagRun, event::MarkRun>(request)).has_value());
  EXPECT_EQ(h.states("d", "r"), "a=failed b=upstream_failed c=success");
  EXPECT_EQ(h.state("d", "r"), "success");
  EXPECT_EQ(h.run("d", "r").note, "by hand");
  EXPECT_EQ(h.cancelled.size(), 1U);
}

TEST(Mark, RunFailedCancelsAndAllowsClearing) {
  CoreHarness h;
  h.dag("d", "a>b");
  h.trigger("d", "r").value();
  AttemptId old = h.placed.at("r/a").attempt;
  ASSERT_TRUE((h.ask<DagRun, event::MarkRun>(MarkRunRequest{.dag_id = "d", .run_id = "r", .state = RunState::failed}))
                  .has_value());
  EXPECT_EQ(h.states("d", "r"), "a=skipped b=skipped");
  // The old attempt still ends: a cleared instance waits for it.
  clear(h, "r", {}).value();
  EXPECT_EQ(h.states("d", "r"), "a=restarting b=-");
  h.core->handle(event::OutcomeReported{{.attempt = old, .kind = OutcomeKind::cancelled, .ended_at = h.now}}, h.now);
  h.step();
  EXPECT_EQ(h.states("d", "r"), "a=queued b=-");
}

TEST(Delete, RemovesTheRunAndEndsItsAttempts) {
  CoreHarness h;
  h.dag("d", "a");
  h.trigger("d", "r").value();
  Result<bool> done = false;
  h.core->handle(event::DeleteRun{"d", "r", [&](Result<bool> r) { done = r; }}, h.now);
  h.step();
  EXPECT_TRUE(done.value());
  EXPECT_EQ(h.store->runs().list_runs({})->total, 0);
  EXPECT_EQ(h.cancelled.size(), 1U);
  EXPECT_EQ(h.core->stats().runs_active, 0);
}

TEST(Clear, OnlyNewTasksOfTheCurrentVersionLeaveTheOthersAsTheyAre) {
  CoreHarness h;
  h.dag("d", "a>b");
  h.trigger("d", "r").value();
  h.end("r/a");
  h.end("r/b");
  auto only_new = [](bool dry_run) {
    return [dry_run](ClearRequest& request) { request.only_new = true, request.dry_run = dry_run; };
  };
  EXPECT_TRUE(clear(h, "r", {}, only_new(false))->empty());
  EXPECT_EQ(h.state("d", "r"), "success") << "nothing is new";
  h.dag("d", "a>b b>c c>e");
  auto would = clear(h, "r", {}, only_new(true));
  ASSERT_EQ(would->size(), 2U);
  EXPECT_EQ(would->at(0).task_instance.task_id, "c");
  EXPECT_EQ(h.states("d", "r"), "a=success b=success");
  clear(h, "r", {}, only_new(false)).value();
  EXPECT_EQ(h.states("d", "r"), "a=success b=success c=queued e=-");
  EXPECT_EQ(h.instance("d", "r", "a").try_number, 1);
  h.end("r/c");
  h.end("r/e");
  EXPECT_EQ(h.state("d", "r"), "success");
}

TEST(ClearSeveral, RunsOfSeveralDagsInOneStep) {
  CoreHarness h;
  h.dag("d", "a");
  h.dag("e", "b");
  h.trigger("d", "r").value();
  h.trigger("d", "s").value();
  h.trigger("e", "r").value();
  for (const char* task : {"r/a", "s/a", "r/b"}) h.end(task);
  auto touched = clear(h, "r", {}, [](ClearRequest& request) {
    request.more_runs = {{"d", "s"}, {"e", "r"}, {"d", "r"}};
  });
  ASSERT_EQ(touched->size(), 3U) << "a run that is named twice is cleared once";
  EXPECT_EQ(h.states("d", "r"), "a=queued");
  EXPECT_EQ(h.states("d", "s"), "a=queued");
  EXPECT_EQ(h.states("e", "r"), "b=queued");
  EXPECT_EQ(h.instance("d", "r", "a").try_number, 2);
}

TEST(ClearSeveral, AllOrNone) {
  CoreHarness h;
  h.dag("d", "a");
  h.trigger("d", "ended").value();
  h.end("ended/a");
  h.trigger("d", "runs").value();
  h.dag("d", "a>b");
  for (bool only_new : {false, true}) {
    auto refused = clear(h, "ended", {}, [&](ClearRequest& request) {
      request.more_runs = {{"d", "runs"}};
      request.run_on_latest_version = true;
      request.only_new = only_new;
    });
    EXPECT_EQ(refused.error().code(), Code::conflict) << "the second cannot move";
    EXPECT_EQ(h.states("d", "ended"), "a=success");
    EXPECT_EQ(h.state("d", "ended"), "success");
  }
  auto unknown =
      clear(h, "ended", {}, [](ClearRequest& request) { request.more_runs = {{"d", "nope"}}; });
  EXPECT_EQ(unknown.error().code(), Code::not_found);
  EXPECT_EQ(h.states("d", "ended"), "a=success");
}

// What waited for a place still gets one.
TEST(Clear, ARefusedMoveToAnotherVersionChangesNothing) {
  CoreHarness h;
  h.dag("d", "a b", [](DagSpec& spec) {
    spec.max_active_tasks = 1;
    spec.tasks[1].priority_weight = 10;
  });
  h.trigger("d", "r").value();
  ASSERT_EQ(h.states("d", "r"), "a=scheduled b=queued");
  h.dag("d", "a b c");
  auto refused = clear(h, "r", {}, [](ClearRequest& r) { r.run_on_latest_version = true; });
  EXPECT_EQ(refused.error().code(), Code::conflict);
  h.end("r/b");
  EXPECT_EQ(h.states("d", "r"), "a=queued b=success");
}

Result<bool> delete_task(CoreHarness& h, const std::string& run, const std::string& task) {
  return h.ask<bool, event::DeleteTask>(TaskInstanceName{"d", run, task});
}

// Run r of a DAG with the tasks a and b, both of which succeeded.
void succeed(CoreHarness& h, const std::string& tasks) {
  h.dag("d", tasks);
  h.trigger("d", "r").value();
  h.end("r/a");
  h.end("r/b");
}

void on_latest_version(ClearRequest& request) { request.run_on_latest_version = true; }

TEST(DeleteTask, TakesAnInstanceOfAFinishedRunOnly) {
  CoreHarness h;
  h.dag("d", "a>b");
  h.trigger("d", "r").value();
  h.end("r/a");
  EXPECT_EQ(delete_task(h, "r", "a").error().code(), Code::conflict) << "b still runs";
  h.end("r/b", OutcomeKind::failed);
  h.changes.clear();
  EXPECT_TRUE(delete_task(h, "r", "a").value());
  EXPECT_EQ(h.states("d", "r"), "b=failed");
  EXPECT_EQ(h.state("d", "r"), "failed");
  ASSERT_EQ(h.changes.size(), 1U);
  EXPECT_TRUE(h.changes[0].deleted);
  EXPECT_EQ(h.changes[0].task_id, "a");
  EXPECT_EQ(delete_task(h, "r", "a").error().code(), Code::not_found);
  EXPECT_EQ(delete_task(h, "r", "nope").error().code(), Code::not_found);
  EXPECT_EQ(delete_task(h, "nope", "a").error().code(), Code::not_found);
}

TEST(DeleteTask, TellsWhichFilesWereOfIt) {
  CoreHarness h;
  h.dag("d", "a b");
  h.trigger("d", "r").value();
  Outcome outcome{.attempt = h.placed.at("r/a").attempt,
                  .kind = OutcomeKind::succeeded,
                  .started_at = h.now,
                  .ended_at = h.now};
  outcome.xcoms = {
      {.run = h.run("d", "r").key, .task_id = "a", .key = "k", .spill_path = "/x.json"}};
  AttemptId attempt = outcome.attempt;
  h.core->handle(event::OutcomeReported{outcome}, h.now);
  h.step();
  h.end("r/b");
  ASSERT_EQ(h.state("d", "r"), "success");
  delete_task(h, "r", "a").value();
  ASSERT_EQ(h.tasks_deleted.size(), 1U);
  ASSERT_EQ(h.tasks_deleted[0].attempts.size(), 1U);
  EXPECT_EQ(h.tasks_deleted[0].attempts[0].id, attempt);
  EXPECT_EQ(h.tasks_deleted[0].xcom_files, (std::vector<std::string>{"/x.json"}));
  EXPECT_EQ(h.store->xcoms().list({})->total, 0);
}

TEST(DeleteTask, TellsOfMoreFilesThanOnePageOfXComsHas) {
  CoreHarness h;
  succeed(h, "a b");
  Batch batch;
  for (int i = 0; i <= kPageLimitMax; ++i) {
    std::string name = std::to_string(i);
    batch.xcoms.push_back(
        {.run = h.run("d", "r").key, .task_id = "a", .key = name, .spill_path = "/" + name});
  }
  ASSERT_TRUE(h.store->engine().commit(batch));
  delete_task(h, "r", "a").value();
  std::set<std::string> files(h.tasks_deleted.at(0).xcom_files.begin(),
                              h.tasks_deleted.at(0).xcom_files.end());
  EXPECT_EQ(files.size(), size_t(kPageLimitMax) + 1);
}

TEST(DeleteTask, AFreshInstanceComesWithTheNextStartOfTheRun) {
  CoreHarness h;
  h.dag("d", "a>b b>c");
  h.trigger("d", "r").value();
  h.end("r/a");
  h.end("r/b");
  h.end("r/c", OutcomeKind::failed);
  TaskInstanceKey old = h.instance("d", "r", "b").key;
  delete_task(h, "r", "b").value();
  auto only_failed = [](ClearRequest& request) { request.only_failed = true; };
  EXPECT_EQ(clear(h, "r", {}, only_failed)->size(), 2U) << "c and the fresh b";
  EXPECT_EQ(h.states("d", "r"), "a=success b=queued c=-") << "c waits for b, which runs again";
  EXPECT_NE(h.instance("d", "r", "b").key, old);
  EXPECT_EQ(h.instance("d", "r", "b").try_number, 1);
  h.end("r/b");
  h.end("r/c");
  EXPECT_EQ(h.state("d", "r"), "success");
}

TEST(DeleteTask, ClearingAllShowsAndMakesWhatWasDeleted) {
  CoreHarness h;
  succeed(h, "a b");
  delete_task(h, "r", "b").value();
  auto would = clear(h, "r", {}, [](ClearRequest& request) { request.dry_run = true; });
  EXPECT_EQ(would->size(), 2U);
  EXPECT_EQ(h.states("d", "r"), "a=success");
  clear(h, "r", {}, [](ClearRequest& request) { request.note = "again"; }).value();
  EXPECT_EQ(h.states("d", "r"), "a=queued b=queued");
  EXPECT_EQ(h.instance("d", "r", "b").note, "again");
}

TEST(DeleteTask, MarksPassOverWhatWasDeleted) {
  CoreHarness h;
  h.dag("d", "a>b b>c");
  h.trigger("d", "r").value();
  h.end("r/a", OutcomeKind::failed);
  delete_task(h, "r", "b").value();
  auto marked = h.ask<std::vector<Touched>, event::MarkTask>(MarkTaskRequest{
      .name = {"d", "r", "c"}, .state = TaskState::skipped, .include_upstream = true});
  EXPECT_EQ(marked->size(), 2U);
  EXPECT_EQ(h.states("d", "r"), "a=skipped c=skipped");
  h.ask<DagRun, event::MarkRun>(
       MarkRunRequest{.dag_id = "d", .run_id = "r", .state = RunState::success})
      .value();
  EXPECT_EQ(h.states("d", "r"), "a=skipped c=skipped");
  h.ask<DagRun, event::MarkRun>(
       MarkRunRequest{.dag_id = "d", .run_id = "r", .state = RunState::queued})
      .value();
  EXPECT_EQ(h.states("d", "r"), "a=skipped b=skipped c=skipped");
}

TEST(DeleteTask, WaitsForAnAttemptThatStillEnds) {
  CoreHarness h;
  h.dag("d", "a");
  h.trigger("d", "r").value();
  AttemptId attempt = h.placed.at("r/a").attempt;
  h.ask<DagRun, event::MarkRun>(
       MarkRunRequest{.dag_id = "d", .run_id = "r", .state = RunState::failed})
      .value();
  EXPECT_EQ(delete_task(h, "r", "a").error().code(), Code::conflict);
  h.core->handle(
      event::OutcomeReported{
          {.attempt = attempt, .kind = OutcomeKind::cancelled, .ended_at = h.now}},
      h.now);
  // In the same step as the end it waits for: nothing of the attempt may be written any more.
  EXPECT_TRUE(delete_task(h, "r", "a").value());
  EXPECT_EQ(h.states("d", "r"), "");
  EXPECT_TRUE(h.store->runs().list_attempts(h.run("d", "r").key)->empty());
}

TEST(DeleteTask, TakesInstancesOfTasksThatTheVersionNoLongerHas) {
  CoreHarness h;
  succeed(h, "a b");
  h.dag("d", "a");
  clear(h, "r", {{"a", std::nullopt}}, on_latest_version).value();
  h.end("r/a");
  ASSERT_EQ(h.states("d", "r"), "a=success b=removed");
  delete_task(h, "r", "b").value();
  EXPECT_EQ(h.states("d", "r"), "a=success");
}

TEST(DeleteTask, AnotherVersionFindsAFreshInstance) {
  CoreHarness h;
  succeed(h, "a b");
  delete_task(h, "r", "b").value();
  h.dag("d", "a>b");
  clear(h, "r", {{"a", std::nullopt}}, on_latest_version).value();
  EXPECT_EQ(h.states("d", "r"), "a=queued b=-");
  h.end("r/a");
  h.end("r/b");
  EXPECT_EQ(h.state("d", "r"), "success");
}

TEST(Staging, KeptAfterFailureUntilItsTime) {
  CoreHarness h;
  fail_at_load(h);
  h.pass(hours(23));
  EXPECT_TRUE(h.freed.empty());
  h.pass(hours(2));
  ASSERT_EQ(h.freed.size(), 1U);
  EXPECT_EQ(h.freed[0].delete_reason, "ttl_expired");
}

TEST(Staging, OrphansGoAfterTheirTime) {
  CoreHarness h;
  fail_at_load(h);
  h.core->handle(event::DeleteRun{"d", "r", [](auto) {}}, h.now);
  h.pass(hours(23));
  EXPECT_TRUE(h.freed.empty());
  h.pass(hours(2));
  ASSERT_EQ(h.freed.size(), 1U);
  EXPECT_EQ(h.freed[0].delete_reason, "orphaned");
}

}  // namespace
}  // namespace leoflow
