// SPDX-License-Identifier: Apache-2.0
// Places started ahead: bound by the decision alone, dropped without a trace, found again.
#include "exec/kubernetes/pod_executor_fixture_test.h"

namespace leoflow::kube {
namespace {

class PodAheadTest : public PodExecutorTest {
 protected:
  // What item(attempt) will be, before it is decided.
  static WorkItem coming(int64_t attempt) {
    WorkItem work = item(attempt);
    work.attempt = {};
    return work;
  }
  static std::string held(int64_t attempt) {
    WorkItem work = item(attempt);
    return pod_name("test", place_ahead_of(work.task_instance, work.try_number));
  }
  static std::string held_agent(int64_t attempt) { return pod::agent_id(held(attempt)); }
  void expect(int64_t attempt) {
    if (!life_) begin();
    life_->executor->expect(coming(attempt));
  }
  void forget(int64_t attempt) {
    life_->executor->forget(item(attempt).task_instance, item(attempt).try_number);
  }
  void until_held(int64_t attempt) {
    eventually([&] { return api_.has(held(attempt)); });
  }
  void hold(int64_t attempt) {
    expect(attempt);
    until_held(attempt);
    api_.set_phase(held(attempt), "Running");
    life_->gateway.connect(held_agent(attempt));
  }
  void until_assigned(int64_t attempt) {
    eventually([&] { return life_->gateway.told("assign " + std::to_string(attempt)); });
  }
  // Its deletion is asked for; then it goes, as the kubelet does it.
  void until_dropped(int64_t attempt) {
    std::string name = held(attempt);
    eventually([&] {
      const json::object pod = api_.object(name);  // one that never ran is gone at once
      auto* metadata = json::object_or_null(pod, "metadata");
      return !metadata || metadata->contains("deletionTimestamp");
    });
    if (api_.has(name)) api_.erase(name);
  }
  std::string attempt_label(int64_t attempt) {
    json::object pod = api_.object(held(attempt));
    json::object& labels = pod.at("metadata").as_object().at("labels").as_object();
    return json::string_or(labels, kAttemptLabel);
  }
  void unschedulable(const std::string& name) {
    api_.change(name, [](json::object& pod) {
      json::object condition{{"type", "PodScheduled"},
                             {"status", "False"},
                             {"message", "0/1 nodes are available: 1 Insufficient cpu."}};
      pod["status"] =
          json::object{{"phase", "Pending"}, {"conditions", json::array{std::move(condition)}}};
    });
  }
};

TEST_F(PodAheadTest, HoldsUntilTheDecisionAndThenGetsTheAttempt) {
  hold(1);
  eventually([&] { return life_->executor->find("t101-1").has_value(); });
  EXPECT_EQ(attempt_label(1), "");
  EXPECT_FALSE(life_->gateway.told("assign 1"));
  place(1);
  until_assigned(1);
  EXPECT_TRUE(life_->engine.held(1));
  eventually([&] { return attempt_label(1) == "1"; });
  life_->executor->on_claimed(AttemptId{1}, held_agent(1), "host");
  finish(1);
  EXPECT_EQ(outcome().kind, OutcomeKind::succeeded);
  life_->executor->acknowledge(AttemptId{1});
  api_.terminate(held(1), 0, "");
  eventually([&] { return api_.names().empty(); });
  EXPECT_EQ(api_.creations(), 1);
}

TEST_F(PodAheadTest, ABoundPlaceThatConnectsLateGetsItsAttemptThen) {
  expect(1);
  until_held(1);
  place(1);
  eventually([&] { return life_->engine.held(1); });
  EXPECT_FALSE(life_->gateway.told("assign 1"));
  api_.set_phase(held(1), "Running");
  life_->gateway.connect(held_agent(1));
  until_assigned(1);
  EXPECT_EQ(api_.creations(), 1);
}

TEST_F(PodAheadTest, IsBoundOnceHoweverOftenTheAttemptIsPlaced) {
  hold(1);
  place(1);
  place(1);
  until_assigned(1);
  place(1);
  expect(1);  // the doubled word of an engine that was slow
  life_->cluster->run([] {});
  life_->cluster->run([] {});
  EXPECT_EQ(api_.count("POST"), 1);
}

TEST_F(PodAheadTest, WhatIsForgottenGoesAtOnce) {
  hold(1);
  forget(1);
  until_dropped(1);
  eventually([&] { return life_->executor->find("t101-1").error().code() == Code::not_found; });
  api_.set_latency(std::chrono::milliseconds(5));
  expect(2);
  eventually([&] { return api_.count("POST") == 2; });
  forget(2);  // while it is being made
  eventually([&] { return api_.count("DELETE") == 2; });
  eventually([&] { return api_.names().empty(); });
  EXPECT_TRUE(life_->engine.outcomes().empty());
}

TEST_F(PodAheadTest, AnotherVersionGetsAFreshPod) {
  hold(1);
  WorkItem work = item(1);
  work.version = DagVersionId{4};
  life_->executor->place(work);
  claim(1);
  EXPECT_FALSE(life_->engine.held(1));
  until_dropped(1);
}

TEST_F(PodAheadTest, AHeldPlaceThatDiedIsReplacedAndCostsNothing) {
  hold(1);
  api_.terminate(held(1), 0, "");
  eventually([&] { return !life_->executor->find("t101-1").has_value(); });
  place(1);
  claim(1);
  hold(2);
  api_.erase(held(2));
  eventually([&] { return !life_->executor->find("t102-1").has_value(); });
  place(2);
  claim(2);
  EXPECT_TRUE(life_->engine.outcomes().empty());
}

TEST_F(PodAheadTest, ABoundPlaceThatDiesIsALossLikeAnyOther) {
  hold(1);
  place(1);
  until_assigned(1);
  life_->executor->on_claimed(AttemptId{1}, held_agent(1), "host");
  api_.erase(held(1));
  EXPECT_EQ(outcome().kind, OutcomeKind::lost);
  place(2);  // the next attempt has a pod of its own
  claim(2);
}

TEST_F(PodAheadTest, AFullQuotaEndsHoldingForAWhile) {
  hold(1);
  api_.inject({.of = "POST", .times = 1, .status = 403, .message = "exceeded quota: pods"});
  place(2);
  until_dropped(1);
  claim(2);
  expect(3);
  life_->cluster->run([] {});
  EXPECT_EQ(api_.count("POST"), 3);  // 1, refused, 2
  place(3);
  claim(3);
  EXPECT_TRUE(life_->engine.outcomes().empty());
}

TEST_F(PodAheadTest, ARefusedCreationAheadIsNotTriedAgain) {
  api_.inject({.of = "POST", .times = 1, .status = 403, .message = "exceeded quota: pods"});
  expect(1);
  eventually([&] { return api_.count("POST") == 1; });
  // Until the refusal is heard: a place that is bound before waits for room under its own name.
  eventually([&] { return life_->executor->find("t101-1").error().code() == Code::not_found; });
  place(1);
  claim(1);
  EXPECT_EQ(api_.count("POST"), 2);
}

TEST_F(PodAheadTest, FullNodesAreLeftToWhatIsDecided) {
  timing_.held_unscheduled_max = std::chrono::hours(1);
  hold(1);
  place(2);
  until_pod(2);
  unschedulable(pod(2));
  until_dropped(1);
  timing_.held_unscheduled_max = timing_.ahead_pause = Duration(0);
  begin();
  expect(3);
  until_held(3);
  unschedulable(held(3));
  until_dropped(3);
}

// Else the pod of a task would never learn its deadline.
TEST_F(PodAheadTest, AMarkThatWasLostIsMadeWhenTheApiAnswersAgain) {
  constexpr int kCallsOfOthers = 20;  // past it, the watch has asked in vain
  constexpr int kMarksMax = 100;      // a second one where the creation is answered late
  hold(1);
  eventually([&] { return life_->executor->find("t101-1").has_value(); });
  api_.inject({.of = "PATCH ", .times = kMarksMax, .status = 403});
  place(1);
  until_assigned(1);
  eventually([&] { return api_.count("PATCH ") >= 1; });
  api_.wait_for_watch();
  api_.set_away(true);
  eventually([&] { return api_.dropped() > kCallsOfOthers; });
  EXPECT_EQ(attempt_label(1), "");
  api_.forgive();
  api_.set_away(false);
  eventually([&] { return attempt_label(1) == "1"; });
}

// -- The server is killed, the next one finds what there is.

TEST_F(PodAheadTest, AfterARestartTheHeldPodIsTakenOver) {
  hold(1);
  begin();
  life_->gateway.connect(held_agent(1));
  eventually([&] { return life_->executor->find("t101-1").error().code() == Code::unavailable; });
  expect(1);
  eventually([&] { return life_->executor->find("t101-1").has_value(); });
  place(1);
  until_assigned(1);
  EXPECT_EQ(api_.creations(), 1);
}

TEST_F(PodAheadTest, AfterARestartWhatNobodyExpectsIsEnded) {
  hold(1);
  timing_.orphan_grace = Duration(0);
  begin();
  until_dropped(1);
}

TEST_F(PodAheadTest, KilledBetweenCommitAndBindingTheNextServerBinds) {
  hold(1);
  begin();
  place(1);  // committed by the one before
  life_->gateway.connect(held_agent(1));
  until_assigned(1);
  EXPECT_EQ(api_.creations(), 1);
}

TEST_F(PodAheadTest, KilledAfterTheAgentTookItTheAttemptIsFoundInItsPlace) {
  hold(1);
  place(1);
  until_assigned(1);
  begin();
  life_->executor->recall({item(1)});
  life_->gateway.connect(held_agent(1));
  life_->executor->on_agent_connected(held_agent(1), {{.attempt = AttemptId{1}, .running = true}});
  finish(1);
  EXPECT_EQ(outcome().kind, OutcomeKind::succeeded);
  EXPECT_FALSE(life_->gateway.told("assign 1"));
}

TEST_F(PodAheadTest, AnAgentWithoutTheAttemptThatItHadTakenIsALoss) {
  hold(1);
  begin();
  life_->executor->recall({item(1)});  // the pod it ran in is gone; this one never had it
  eventually([&] { return life_->executor->find("t101-1").has_value(); });
  life_->gateway.connect(held_agent(1));
  life_->executor->on_agent_connected(held_agent(1), {});
  EXPECT_EQ(outcome().kind, OutcomeKind::lost);
  eventually([&] { return !api_.has(held(1)); });
}

TEST_F(PodAheadTest, AnEngineThatLoadsAgainSaysAnewWhatItExpects) {
  hold(1);
  life_->executor->resync();
  eventually([&] { return life_->executor->find("t101-1").error().code() == Code::unavailable; });
  expect(1);
  eventually([&] { return life_->executor->find("t101-1").has_value(); });
  EXPECT_EQ(api_.creations(), 1);
}

// -- Cancelled before the view was complete

TEST_F(PodAheadTest, ACancelBeforeTheViewIsCompleteWaitsForThePodsWord) {
  place(1);
  claim(1);
  life_.reset();
  api_.set_away(true);
  begin();
  life_->executor->place(item(1));  // that it was taken was not committed
  life_->executor->cancel(AttemptId{1}, CancelReason::cleared);
  life_->executor->place(item(2));
  life_->executor->cancel(AttemptId{2}, CancelReason::cleared);
  api_.set_away(false);
  EXPECT_EQ(outcome().attempt, AttemptId{2});
  EXPECT_EQ(outcome().kind, OutcomeKind::cancelled);
  eventually(
      [&] { return api_.object(pod(1)).at("metadata").as_object().contains("deletionTimestamp"); });
  EXPECT_EQ(life_->engine.outcomes().size(), 1u);
  api_.erase(pod(1));
  eventually([&] { return life_->engine.outcomes().size() == 2; });
  EXPECT_EQ(api_.creations(), 1);
}

}  // namespace
}  // namespace leoflow::kube
