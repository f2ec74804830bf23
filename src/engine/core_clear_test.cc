// SPDX-License-Identifier: Apache-2.0
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
