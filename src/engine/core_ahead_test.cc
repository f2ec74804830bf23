// SPDX-License-Identifier: Apache-2.0
#include "engine/core_harness_for_test.h"

namespace leoflow {
namespace {

CoreOptions ahead(StartAhead start_ahead, int most = 10) {
  CoreOptions options;
  options.start_ahead = start_ahead;
  options.ahead_max = most;
  return options;
}

CoreHarness begun(const std::string& edges, StartAhead start_ahead, int most = 10) {
  CoreHarness h(ahead(start_ahead, most));
  h.dag("d", edges);
  h.trigger("d", "r");
  return h;
}

TEST(CoreAhead, TellsTheNextTaskOfAChainWhileItsUpstreamIsUnderWay) {
  CoreHarness h = begun("a>b b>c", StartAhead::single);
  EXPECT_EQ(h.may_come(), "b");
  EXPECT_EQ(h.expected[0].try_number, 1);
  EXPECT_EQ(h.expected[0].run_id, "r");
  h.end("r/a");
  EXPECT_TRUE(h.placed.contains("r/b"));
  EXPECT_EQ(h.may_come(), "c");
  h.end("r/b");
  h.end("r/c");
  EXPECT_EQ(h.state("d", "r"), "success");
  EXPECT_TRUE(h.expected.empty());
  EXPECT_TRUE(h.forgotten.empty());
}

TEST(CoreAhead, NothingIsToldUnlessAsked) {
  EXPECT_EQ(begun("a>b", StartAhead::never).may_come(), "");
  CoreHarness h(ahead(StartAhead::single));
  h.dag("d", "a>b", [](DagSpec& spec) { spec.start_ahead = StartAhead::never; });
  h.trigger("d", "r");
  EXPECT_EQ(h.may_come(), "");
  CoreHarness refused(ahead(StartAhead::never));
  refused.dag("d", "a>b", [](DagSpec& spec) { spec.start_ahead = StartAhead::all; });
  refused.trigger("d", "r");
  EXPECT_EQ(refused.may_come(), "");
}

TEST(CoreAhead, SingleWantsOneSuccessorAllTakesEverybody) {
  EXPECT_EQ(begun("a>b a>c b>d c>d", StartAhead::single).may_come(), "");
  EXPECT_EQ(begun("a>b a>c b>d c>d", StartAhead::all).may_come(), "b c d");
  EXPECT_EQ(begun("a>j b>j j>k", StartAhead::single).may_come(), "j");
}

TEST(CoreAhead, DagsCanAskForMore) {
  CoreHarness h(ahead(StartAhead::single));
  h.dag("d", "a>b a>c b>d c>d", [](DagSpec& spec) { spec.start_ahead = StartAhead::all; });
  h.trigger("d", "r");
  EXPECT_EQ(h.may_come(), "b c d");
}

TEST(CoreAhead, TasksThatWantAFailureAreNotExpected) {
  CoreHarness h(ahead(StartAhead::single));
  h.dag("d", "a>b",
        [](DagSpec& spec) { CoreHarness::task(spec, "b").trigger_rule = TriggerRule::one_failed; });
  h.trigger("d", "r");
  EXPECT_EQ(h.may_come(), "");
}

TEST(CoreAhead, ABudgetBoundsAllAndIsGivenBack) {
  CoreHarness h = begun("a>b a>c a>d a>e", StartAhead::all, 2);
  EXPECT_EQ(h.expected.size(), 2u);
  h.trigger("d", "s");
  EXPECT_EQ(h.expected.size(), 2u);
  h.end("r/a");
  EXPECT_EQ(h.placed.size(), 5u);
  h.core->handle(event::AttemptRunning{h.placed.at("s/a").attempt, 1, h.now}, h.now);
  h.step();
  EXPECT_EQ(h.expected.size(), 2u);
  EXPECT_EQ(h.expected[0].run_id, "s");
}

TEST(CoreAhead, WhatIsSkippedIsForgotten) {
  CoreHarness h = begun("a>b b>c", StartAhead::all);
  EXPECT_EQ(h.may_come(), "b c");
  h.end("r/a", OutcomeKind::skipped);
  EXPECT_EQ(h.state("d", "r"), "success");
  EXPECT_EQ(h.forgotten.size(), 2u);
  EXPECT_TRUE(h.expected.empty());
}

TEST(CoreAhead, ARetryIsNotWaitedForInAPlace) {
  CoreHarness h(ahead(StartAhead::single));
  h.dag("d", "a>b", [](DagSpec& spec) { CoreHarness::task(spec, "a").retries = 1; });
  h.trigger("d", "r");
  h.end("r/a", OutcomeKind::failed);
  EXPECT_EQ(h.forgotten, std::vector<std::string>{"b"});
  h.pass(std::chrono::minutes(5));
  EXPECT_EQ(h.may_come(), "b");
}

TEST(CoreAhead, ForgottenWhenTheRunEndsOrGoes) {
  CoreHarness h = begun("a>b", StartAhead::single);
  h.ask<DagRun, event::MarkRun>(
      MarkRunRequest{.dag_id = "d", .run_id = "r", .state = RunState::failed});
  EXPECT_EQ(h.forgotten, std::vector<std::string>{"b"});
  h.trigger("d", "s");
  Result<bool> deleted = fail(Code::internal, "not answered");
  auto reply = [&](Result<bool> r) { deleted = std::move(r); };
  h.core->handle(event::DeleteRun{"d", "s", reply}, h.now);
  h.step();
  EXPECT_TRUE(deleted.has_value());
  EXPECT_EQ(h.forgotten.size(), 2u);
}

TEST(CoreAhead, HeldForSoLongOnly) {
  CoreHarness h = begun("a>b", StartAhead::single);
  h.pass(std::chrono::minutes(10));
  EXPECT_EQ(h.forgotten, std::vector<std::string>{"b"});
  h.core->handle(event::AttemptRunning{h.placed.at("r/a").attempt, 1, h.now}, h.now);
  h.step();
  EXPECT_TRUE(h.expected.empty());
  h.end("r/a");
  EXPECT_TRUE(h.placed.contains("r/b"));
}

TEST(CoreAhead, ToldAgainAfterALoad) {
  CoreHarness h = begun("a>b b>c", StartAhead::all);
  h.expected.clear();
  ASSERT_TRUE(h.core->load(h.now).has_value());
  h.step();
  EXPECT_EQ(h.may_come(), "b c");
}

TEST(CoreAhead, AnAttemptRemembersThatItsPlaceWaited) {
  CoreHarness h = begun("a>b", StartAhead::single);
  h.end("r/a");
  AttemptId attempt = h.placed.at("r/b").attempt;
  Time since = h.now - std::chrono::seconds(3);
  h.core->handle(event::AttemptHeld{attempt, since}, h.now);
  h.step();
  EXPECT_EQ(h.reason("d", "r", "b"), "handed to a place that was started ahead");
  h.core->handle(event::AttemptRunning{attempt, 1, h.now}, h.now);
  h.step();
  EXPECT_EQ((*h.store->runs().get_attempt(attempt))->held_since, since);
}

void runs(CoreHarness& h, const std::string& run_and_task) {
  h.core->handle(event::AttemptRunning{h.placed.at(run_and_task).attempt, 1, h.now}, h.now);
  h.step();
}

// A run whose tasks each take so long.
void run_once(CoreHarness& h, const std::vector<std::string>& tasks, Duration each) {
  h.trigger("d", "before");
  for (const std::string& task : tasks) {
    Outcome outcome{.attempt = h.placed.at("before/" + task).attempt,
                    .kind = OutcomeKind::succeeded,
                    .started_at = h.now,
                    .ended_at = h.now + each};
    h.pass(each);
    h.core->handle(event::OutcomeReported{outcome}, h.now);
    h.step();
  }
  ASSERT_EQ(h.state("d", "before"), "success");
  h.expected.clear();
}

TEST(CoreAhead, BehindATaskThatIsUsuallyShortTheOneAfterItIsToldToo) {
  CoreHarness h(ahead(StartAhead::single));
  h.dag("d", "a>b b>c c>d");
  run_once(h, {"a", "b", "c", "d"}, std::chrono::seconds(2));
  h.trigger("d", "r");
  EXPECT_EQ(h.may_come(), "b");
  runs(h, "r/a");
  EXPECT_EQ(h.may_come(), "b c");
  h.end("r/a");
  EXPECT_EQ(h.may_come(), "c");
  runs(h, "r/b");
  EXPECT_EQ(h.may_come(), "c d");
  EXPECT_TRUE(h.forgotten.empty());
}

TEST(CoreAhead, WhatFollowsATaskThatUsuallyTakesLongIsToldOnceItRuns) {
  for (StartAhead policy : {StartAhead::single, StartAhead::all}) {
    CoreHarness h(ahead(policy));
    h.dag("d", "a>b");
    run_once(h, {"a", "b"}, std::chrono::minutes(1));
    h.trigger("d", "r");
    EXPECT_EQ(h.may_come(), "");
    runs(h, "r/a");
    EXPECT_EQ(h.may_come(), "b");
  }
}

}  // namespace
}  // namespace leoflow
