// SPDX-License-Identifier: Apache-2.0
#include "engine/core.h"

#include "engine/core_harness_for_test.h"

namespace leoflow {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST(Core, RunsAChainInOrder) {
  CoreHarness h;
  h.dag("d", "a>b b>c");
  ASSERT_TRUE(h.trigger("d", "r").has_value());
  EXPECT_EQ(h.states("d", "r"), "a=queued b=- c=-");
  h.end("r/a");
  h.end("r/b");
  h.end("r/c");
  EXPECT_EQ(h.states("d", "r"), "a=success b=success c=success");
  EXPECT_EQ(h.state("d", "r"), "success");
}

TEST(Core, PropagatesFailureToDownstream) {
  CoreHarness h;
  h.dag("d", "a>b b>c", [](DagSpec& spec) { CoreHarness::task(spec, "c").trigger_rule = TriggerRule::all_done; });
  h.trigger("d", "r").value();
  h.end("r/a", OutcomeKind::failed);
  EXPECT_EQ(h.states("d", "r"), "a=failed b=upstream_failed c=queued");
  h.end("r/c");
  EXPECT_EQ(h.state("d", "r"), "success");
}

TEST(Core, RetriesAfterTheDelayAndKeepsHistory) {
  CoreHarness h;
  h.dag("d", "a", [](DagSpec& spec) { spec.tasks[0].retries = 1, spec.tasks[0].retry_delay = seconds(10); });
  h.trigger("d", "r").value();
  h.end("r/a", OutcomeKind::failed);
  EXPECT_EQ(h.states("d", "r"), "a=up_for_retry");
  EXPECT_EQ(h.reason("d", "r", "a").substr(0, 9), "retry at ");
  h.pass(seconds(9));
  EXPECT_EQ(h.states("d", "r"), "a=up_for_retry");
  h.pass(seconds(1));
  EXPECT_EQ(h.states("d", "r"), "a=queued");
  EXPECT_EQ(h.instance("d", "r", "a").try_number, 2);
  h.end("r/a", OutcomeKind::failed);
  EXPECT_EQ(h.state("d", "r"), "failed");
  auto tries = h.store->runs().list_tries(h.instance("d", "r", "a").key);
  ASSERT_EQ(tries->size(), 1U);
  EXPECT_EQ(tries->front().state, TaskState::failed);
}

TEST(Core, DoesNotRetryWhenTheCodeSaysNo) {
  CoreHarness h;
  h.dag("d", "a", [](DagSpec& spec) { spec.tasks[0].retries = 5; });
  h.trigger("d", "r").value();
  h.end("r/a", OutcomeKind::failed, false);
  EXPECT_EQ(h.states("d", "r"), "a=failed");
}

TEST(Core, LostAttemptsDoNotSpendRetries) {
  CoreHarness h;
  h.dag("d", "a");
  h.trigger("d", "r").value();
  AttemptId first = h.placed.at("r/a").attempt;
  h.end("r/a", OutcomeKind::lost);
  h.pass(seconds(60));
  ASSERT_TRUE(h.placed.contains("r/a"));
  EXPECT_NE(h.placed.at("r/a").attempt, first);
  EXPECT_EQ(h.instance("d", "r", "a").try_number, 1);
  h.end("r/a");
  EXPECT_EQ(h.state("d", "r"), "success");
}

TEST(Core, GivesUpAfterTooManyLosses) {
  CoreHarness h;
  h.dag("d", "a", [](DagSpec& spec) { spec.tasks[0].retries = 5; });
  h.trigger("d", "r").value();
  for (int i = 0; i < 20 && h.placed.contains("r/a"); ++i) {
    h.end("r/a", OutcomeKind::lost);
    h.pass(hours(1));
  }
  EXPECT_EQ(h.states("d", "r"), "a=failed");
  EXPECT_EQ(h.instance("d", "r", "a").reason.substr(0, 15), "infrastructure:");
}

TEST(Core, IgnoresReportsOfOldAttempts) {
  CoreHarness h;
  h.dag("d", "a>b");
  h.trigger("d", "r").value();
  AttemptId old = h.placed.at("r/a").attempt;
  h.end("r/a", OutcomeKind::lost);
  h.pass(seconds(60));
  h.core->handle(event::OutcomeReported{{.attempt = old, .kind = OutcomeKind::succeeded, .ended_at = h.now}}, h.now);
  h.step();
  EXPECT_EQ(h.states("d", "r"), "a=queued b=-");
}

TEST(Core, PlacesByPriorityWithinAPool) {
  CoreHarness h;
  h.store->pools().put_pool({.name = "one", .slots = 1}, false).value();
  h.core->handle(event::PoolsChanged{}, h.now);
  h.dag("d", "low top mid", [](DagSpec& spec) {
    for (TaskSpec& task : spec.tasks) task.pool = "one", task.weight_rule = WeightRule::absolute;
    CoreHarness::task(spec, "top").priority_weight = 100;
    CoreHarness::task(spec, "mid").priority_weight = 50;
  });
  h.trigger("d", "r").value();
  EXPECT_EQ(h.states("d", "r"), "low=scheduled mid=scheduled top=queued");
  EXPECT_EQ(h.reason("d", "r", "low"), "pool one full: 1 of 1");
  h.end("r/top");
  h.end("r/mid");
  h.end("r/low");
  EXPECT_EQ(h.order, (std::vector<std::string>{"top", "mid", "low"}));
}

TEST(Core, WaitsForAPoolThatDoesNotExist) {
  CoreHarness h;
  h.dag("d", "a", [](DagSpec& spec) { spec.tasks[0].pool = "nowhere"; });
  h.trigger("d", "r").value();
  EXPECT_EQ(h.states("d", "r"), "a=scheduled");
  EXPECT_EQ(h.reason("d", "r", "a"), "there is no pool 'nowhere'");
  h.store->pools().put_pool({.name = "nowhere", .slots = 1}, false).value();
  h.core->handle(event::PoolsChanged{}, h.now);
  h.step();
  EXPECT_EQ(h.states("d", "r"), "a=queued");
}

TEST(Core, SmallTasksPassOneThatNeedsTooManySlots) {
  CoreHarness h;
  h.store->pools().put_pool({.name = "p", .slots = 2}, false).value();
  h.core->handle(event::PoolsChanged{}, h.now);
  h.dag("d", "big small", [](DagSpec& spec) {
    for (TaskSpec& task : spec.tasks) task.pool = "p";
    CoreHarness::task(spec, "big").pool_slots = 3;
    CoreHarness::task(spec, "big").priority_weight = 9;
  });
  h.trigger("d", "r").value();
  EXPECT_EQ(h.states("d", "r"), "big=scheduled small=queued");
  EXPECT_EQ(h.reason("d", "r", "big"), "needs 3 slots, pool p has 2");
}

TEST(Core, KeepsMaxActiveTasksOfTheRun) {
  CoreHarness h;
  h.dag("d", "a b c", [](DagSpec& spec) { spec.max_active_tasks = 2; });
  h.trigger("d", "r").value();
  EXPECT_EQ(h.states("d", "r"), "a=queued b=queued c=scheduled");
  EXPECT_EQ(h.reason("d", "r", "c"), "task limit of the run: 2");
  h.end("r/a");
  EXPECT_EQ(h.states("d", "r"), "a=success b=queued c=queued");
}

TEST(Core, KeepsParallelismOfTheInstallation) {
  CoreHarness h({.parallelism = 1});
  h.dag("d", "a b");
  h.trigger("d", "r").value();
  EXPECT_EQ(h.states("d", "r"), "a=queued b=scheduled");
  EXPECT_EQ(h.reason("d", "r", "b"), "parallelism 1 reached");
}

TEST(Core, KeepsMaxActiveTisPerDag) {
  CoreHarness h;
  h.dag("d", "a", [](DagSpec& spec) { spec.tasks[0].max_active_tis_per_dag = 1; });
  h.trigger("d", "r1").value();
  h.trigger("d", "r2").value();
  EXPECT_EQ(h.states("d", "r1") + h.states("d", "r2"), "a=queueda=scheduled");
  h.end("r1/a");
  EXPECT_EQ(h.states("d", "r2"), "a=queued");
}

TEST(Core, StartsRunsWithinMaxActiveRuns) {
  CoreHarness h;
  h.dag("d", "a", [](DagSpec& spec) { spec.max_active_runs = 1; });
  h.trigger("d", "r1").value();
  h.trigger("d", "r2").value();
  EXPECT_EQ(h.state("d", "r2"), "queued");
  EXPECT_EQ(h.reason("d", "r2", "a"), "run limit 1");
  h.end("r1/a");
  EXPECT_EQ(h.state("d", "r2"), "running");
}

TEST(Core, PausedDagStartsNothing) {
  CoreHarness h;
  h.dag("d", "a");
  h.core->handle(event::SetPaused{"d", true, [](auto) {}}, h.now);
  h.trigger("d", "r").value();
  EXPECT_EQ(h.state("d", "r"), "queued");
  h.core->handle(event::SetPaused{"d", false, [](auto) {}}, h.now);
  h.step();
  EXPECT_EQ(h.state("d", "r"), "running");
}

TEST(Core, FailFastEndsTheRest) {
  CoreHarness h;
  h.dag("d", "a b c>d", [](DagSpec& spec) { spec.fail_fast = true; });
  h.trigger("d", "r").value();
  h.core->handle(event::AttemptRunning{h.placed.at("r/b").attempt, 1, h.now}, h.now);
  h.end("r/a", OutcomeKind::failed);
  EXPECT_EQ(h.states("d", "r"), "a=failed b=failed c=skipped d=skipped");
  EXPECT_EQ(h.cancelled.size(), 2U);
  EXPECT_EQ(h.state("d", "r"), "failed");
}

TEST(Core, RunTimeoutSkipsWhatIsOpen) {
  CoreHarness h;
  h.dag("d", "a>b", [](DagSpec& spec) { spec.dagrun_timeout = seconds(30); });
  h.trigger("d", "r").value();
  h.pass(seconds(31));
  EXPECT_EQ(h.states("d", "r"), "a=skipped b=skipped");
  EXPECT_EQ(h.run("d", "r").end_reason, "timed_out");
  EXPECT_EQ(h.cancelled.size(), 1U);
}

TEST(Core, EmptyTasksSucceedInTheEngine) {
  CoreHarness h;
  h.dag("d", "a>b", [](DagSpec& spec) { for (TaskSpec& task : spec.tasks) task.inline_success = true; });
  h.trigger("d", "r").value();
  EXPECT_EQ(h.state("d", "r"), "success");
  EXPECT_EQ(h.instance("d", "r", "b").try_number, 1);
  EXPECT_TRUE(h.order.empty());
}

TEST(Core, RefusesDuplicateRunsAndDates) {
  CoreHarness h;
  h.dag("d", "a");
  h.trigger("d", "r", h.now).value();
  EXPECT_EQ(h.trigger("d", "r").error().code(), Code::exists);
  EXPECT_EQ(h.trigger("d", "other", h.now).error().code(), Code::exists);
  EXPECT_EQ(h.trigger("nope", "r").error().code(), Code::not_found);
  EXPECT_EQ(h.trigger("d", "with space").error().code(), Code::invalid);
}

TEST(Core, ChecksParamsAtTheTrigger) {
  CoreHarness h;
  h.dag("d", "a", [](DagSpec& spec) {
    spec.params["count"] = {.value = json::value(3), .schema = {{"type", "integer"}, {"maximum", 10}}};
  });
  EXPECT_EQ(h.trigger("d", "bad", {}, {{"count", 11}}).error().code(), Code::invalid);
  EXPECT_TRUE(h.trigger("d", "good", {}, {{"count", 4}, {"free", "any"}}).has_value());
}

TEST(Core, AsksForDagCallbacksOnce) {
  CoreHarness h;
  h.dag("d", "a", [](DagSpec& spec) { spec.has_failure_callback = true; });
  h.trigger("d", "r").value();
  h.end("r/a", OutcomeKind::failed);
  ASSERT_TRUE(h.placed.contains("r/"));
  EXPECT_EQ(h.placed.at("r/").kind, AttemptKind::dag_callback);
  h.end("r/");
  EXPECT_EQ(h.core->stats().attempts_open, 0);
}

TEST(Core, CatchesUpInOrderWithinTheRunLimit) {
  CoreHarness h;
  Time start = h.now - hours(3);
  h.dag("d", "a", [&](DagSpec& spec) {
    spec.schedule = {.kind = ScheduleSpec::Kind::delta_trigger, .delta = hours(1)};
    spec.start_date = start, spec.end_date = start + hours(2), spec.catchup = true, spec.max_active_runs = 1;
  });
  std::string first = "scheduled__" + format_iso(start);
  EXPECT_EQ(h.state("d", first), "running");
  EXPECT_EQ(h.store->runs().list_runs({.dag_id = "d"})->total, 1);
  h.end(first + "/a");
  h.end("scheduled__" + format_iso(start + hours(1)) + "/a");
  h.end("scheduled__" + format_iso(start + hours(2)) + "/a");
  EXPECT_EQ(h.store->runs().list_runs({.dag_id = "d"})->total, 3);
  EXPECT_FALSE(h.store->dags().get_dag("d")->value().next_run_after.has_value());
}

TEST(Core, ManyEmptyCatchUpRunsDoNotRecurse) {
  CoreHarness h;
  Time start = h.now - hours(5'000);
  h.dag("d", "a", [&](DagSpec& spec) {
    spec.tasks[0].inline_success = true;
    spec.schedule = {.kind = ScheduleSpec::Kind::delta_trigger, .delta = hours(1)};
    spec.start_date = start, spec.catchup = true;
  });
  EXPECT_GE(h.store->runs().list_runs({.dag_id = "d"})->total, 5'000);
}

TEST(Core, PausesAfterConsecutiveFailures) {
  CoreHarness h;
  h.dag("d", "a", [](DagSpec& spec) { spec.max_consecutive_failed_dag_runs = 2; });
  for (std::string run : {"r1", "r2"}) {
    h.trigger("d", run).value();
    h.pass(seconds(1));
    h.end(run + "/a", OutcomeKind::failed);
  }
  EXPECT_TRUE(h.store->dags().get_dag("d")->value().is_paused);
}

TEST(Core, PausesAfterFailuresOfOneStep) {
  CoreHarness h;
  h.dag("d", "a", [](DagSpec& spec) { spec.max_consecutive_failed_dag_runs = 2; });
  for (const char* run : {"r1", "r2"}) h.trigger("d", run).value();
  for (const char* run : {"r1/a", "r2/a"}) {
    Outcome failed{.attempt = h.placed.at(run).attempt,
                   .kind = OutcomeKind::failed,
                   .retryable = false,
                   .ended_at = h.now};
    h.core->handle(event::OutcomeReported{failed}, h.now);
  }
  h.step();
  EXPECT_TRUE(h.store->dags().get_dag("d")->value().is_paused);
}

TEST(Core, DoesNotPauseForRunsThatWereMarked) {
  CoreHarness h;
  h.dag("d", "a", [](DagSpec& spec) { spec.max_consecutive_failed_dag_runs = 2; });
  for (std::string run : {"r1", "r2"}) {
    h.trigger("d", run).value();
    h.pass(seconds(1));
    MarkRunRequest failed{.dag_id = "d", .run_id = run, .state = RunState::failed};
    ASSERT_TRUE((h.ask<DagRun, event::MarkRun>(failed)));
  }
  EXPECT_FALSE(h.store->dags().get_dag("d")->value().is_paused);
}

TEST(Core, AnAgentOfOneAttemptSpeaksOnlyForIt) {
  CoreHarness h({.agent_per_attempt = true});
  h.dag("d", "a b");
  h.trigger("d", "r").value();
  AttemptId a = h.placed.at("r/a").attempt, b = h.placed.at("r/b").attempt;
  h.core->handle(event::AttemptClaimed{b, "pod-b", "host"}, h.now);
  h.core->handle(event::AgentConnected{"pod-a", {{.attempt = a, .running = true}}}, h.now);
  h.step();
  EXPECT_EQ(h.states("d", "r"), "a=running b=queued");
  EXPECT_EQ(h.order.size(), 2u);
}

TEST(Core, RecallsWhatAgentsHadTakenBeforeARestart) {
  CoreHarness h;
  h.dag("d", "a b");
  h.trigger("d", "r").value();
  AttemptId a = h.placed.at("r/a").attempt, b = h.placed.at("r/b").attempt;
  h.core->handle(event::AttemptRunning{a, 1, h.now}, h.now);
  h.step();
  ASSERT_TRUE(h.core->load(h.now));
  Step step = h.core->take_step(h.now);
  ASSERT_EQ(step.effects.recalled.size(), 1u);
  EXPECT_EQ(step.effects.recalled[0].attempt, a);
  EXPECT_EQ(step.effects.recalled[0].task_id, "a");
  ASSERT_EQ(step.effects.placed.size(), 1u);
  EXPECT_EQ(step.effects.placed[0].attempt, b);
}

TEST(Core, SaysWhatAnAttemptWaitsFor) {
  CoreHarness h;
  h.dag("d", "a");
  h.trigger("d", "r").value();
  AttemptId a = h.placed.at("r/a").attempt;
  EXPECT_EQ(h.reason("d", "r", "a"), "handed to the local executor");
  h.core->handle(event::AttemptWaits{a, "no node takes the pod"}, h.now);
  EXPECT_EQ(h.reason("d", "r", "a"), "no node takes the pod");
  h.core->handle(event::AttemptWaits{a, ""}, h.now);
  EXPECT_EQ(h.reason("d", "r", "a"), "handed to the local executor");
}

}  // namespace
}  // namespace leoflow
