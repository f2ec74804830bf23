// SPDX-License-Identifier: Apache-2.0
// What may go wrong around a pod (the table in test/README.md): each ends as one outcome at most.
#include "exec/kubernetes/pod_executor_fixture_test.h"

namespace leoflow::kube {
namespace {

class PodFaultsTest : public PodExecutorTest {
 protected:
  void acknowledged(int64_t attempt) {
    life_->executor->acknowledge(AttemptId{attempt});
    eventually([&] { return life_->gateway.told("acknowledge " + std::to_string(attempt)); });
  }
  // The server dies right after the outcome was committed and its agent told.
  void succeed_and_kill() {
    place(1);
    claim(1);
    finish(1);
    EXPECT_EQ(outcome().kind, OutcomeKind::succeeded);
    acknowledged(1);
    life_.reset();
  }
  void going(const std::string& name) {
    api_.change(name, [](json::object& pod) {
      pod["metadata"].as_object()["deletionTimestamp"] = "2024-02-29T00:00:00Z";
    });
  }
  void pending(const std::string& name, const std::string& message) {
    api_.change(name, [&](json::object& pod) {
      json::object condition{{"type", "PodScheduled"}, {"status", "False"}, {"message", message}};
      pod["status"] =
          json::object{{"phase", "Pending"}, {"conditions", json::array{std::move(condition)}}};
    });
  }
  void with_volume() {
    json::object marks{{"storageclass.kubernetes.io/is-default-class", "true"}};
    json::object metadata{{"name", "fast"}, {"annotations", std::move(marks)}};
    api_.put("storageclasses", {{"metadata", std::move(metadata)}});
    planner_.volume = "etl-run-1";
  }
  size_t outcomes() { return life_->engine.outcomes().size(); }
};

// A server died between the commit of an outcome and its answer: the agent tells it once more, and
// would wait for an hour if nobody answered.
TEST_F(PodFaultsTest, AnOutcomeOfAnEarlierLifeIsAnswered) {
  begin();
  acknowledged(77);
  EXPECT_EQ(outcomes(), 0u);
}

// The node controller asks for the pod's deletion; no kubelet answers, so it never ends.
TEST_F(PodFaultsTest, ANodeThatIsGoneLosesItsPodOnce) {
  timing_.node_silence_max = Duration(0);
  place(1);
  claim(1);
  going(pod(1));
  life_->gateway.disconnect(agent(1));
  EXPECT_EQ(outcome().kind, OutcomeKind::lost);
  EXPECT_EQ(outcome().reason, "the node of the pod was lost");
  eventually([&] { return !api_.has(pod(1)); });
  EXPECT_EQ(outcomes(), 1u);
}

TEST_F(PodFaultsTest, ANodeThatOnlyTheClusterMissesKeepsItsTask) {
  timing_.node_silence_max = Duration(0);
  place(1);
  claim(1);
  going(pod(1));
  place(2);
  claim(2);  // the loop has ticked
  EXPECT_EQ(outcomes(), 0u);
  finish(1);
  EXPECT_EQ(outcome().kind, OutcomeKind::succeeded);
}

TEST_F(PodFaultsTest, AVolumeThatIsPendingIsWaitedForWithItsReason) {
  place(1);
  until_pod(1);
  pending(pod(1), "pod has unbound immediate PersistentVolumeClaims");
  eventually([&] { return life_->engine.waited("unbound immediate PersistentVolumeClaims"); });
  EXPECT_EQ(outcomes(), 0u);
  claim(1);
}

TEST_F(PodFaultsTest, TheApiBeingAwayTouchesNoTaskThatRuns) {
  place(1);
  claim(1);
  api_.set_away(true);
  finish(1);
  EXPECT_EQ(outcome().kind, OutcomeKind::succeeded);
  acknowledged(1);
  place(2);
  eventually([&] { return life_->engine.waited("waits for the cluster"); });
  api_.set_away(false);
  claim(2);
  api_.terminate(pod(1), 0, "");
  eventually([&] { return !api_.has(pod(1)); });
  EXPECT_EQ(outcomes(), 1u);
}

// A pause may have become long; only the API's return can end one of an hour.
TEST_F(PodFaultsTest, WhatWaitsForTheApiIsMadeOnceItAnswers) {
  constexpr int kCallsOfOthers = 20;  // past it, the watch has asked in vain
  timing_.room_wait_first = timing_.room_backoff_max = std::chrono::hours(1);
  place(1);
  claim(1);
  api_.wait_for_watch();
  api_.set_away(true);
  place(2);
  eventually([&] { return life_->engine.waited("waits for the cluster"); });
  eventually([&] { return api_.dropped() > kCallsOfOthers; });
  api_.set_away(false);
  claim(2);
}

TEST_F(PodFaultsTest, VolumesFreedWhileTheApiIsAwayGoLater) {
  with_volume();
  place(1);
  claim(1);
  api_.set_away(true);
  life_->staging->remove_later("etl-run-1");
  finish(1);
  EXPECT_EQ(outcome().kind, OutcomeKind::succeeded);
  planner_.volume.clear();
  place(2);
  eventually([&] { return life_->engine.waited("waits for the cluster"); });
  EXPECT_EQ(api_.names("persistentvolumeclaims").size(), 1u);
  api_.set_away(false);
  eventually([&] { return api_.names("persistentvolumeclaims").empty(); });
}

TEST_F(PodFaultsTest, AVolumeWantedAgainStays) {
  with_volume();
  place(1);
  claim(1);
  const std::string gone = "DELETE /api/v1/namespaces/flows/persistentvolumeclaims";
  api_.inject({.of = gone, .times = 1 << 20, .status = 500});
  life_->staging->remove_later("etl-run-1");
  eventually([&] { return api_.count(gone) > 0; });
  place(2);  // the run was cleared
  claim(2);
  api_.forgive();
  life_->staging->remove_later("etl-run-2");
  eventually([&] { return api_.count(gone + "/" + claim_name("test", "etl-run-2")) > 0; });
  EXPECT_TRUE(api_.has(claim_name("test", "etl-run-1"), "persistentvolumeclaims"));
}

TEST_F(PodFaultsTest, WatchesThatCloseExpireAndRepeatTellAnEndOnce) {
  place(1);
  claim(1);
  api_.wait_for_watch();
  api_.close_watches();
  api_.repeat_events();
  api_.forget_history();
  api_.close_watches();
  api_.terminate(pod(1), 10, R"({"leoflow":1,"attempt":1,"kind":"failed","reason":"no"})");
  EXPECT_EQ(outcome().kind, OutcomeKind::failed);
  api_.wait_for_watch();
  api_.repeat_events();
  place(2);
  claim(2);
  EXPECT_EQ(outcomes(), 1u);
}

// -- The server is killed at the steps that pod_executor_test.cc does not have

TEST_F(PodFaultsTest, KilledBeforeTheCreationTheNextServerMakesThePod) {
  api_.set_away(true);
  begin();
  place(1);  // committed, and nothing of it reached the cluster
  begin();
  api_.set_away(false);
  place(1);
  claim(1);
  EXPECT_EQ(api_.creations(), 1);
}

TEST_F(PodFaultsTest, KilledWhileThePodIsPendingItIsWaitedForAgain) {
  place(1);
  until_pod(1);
  pending(pod(1), "0/1 nodes are available");
  eventually([&] { return life_->engine.waited("no node takes the pod"); });
  begin();
  place(1);
  eventually([&] { return life_->engine.waited("no node takes the pod"); });
  claim(1);
  EXPECT_EQ(api_.creations(), 1);
  EXPECT_EQ(outcomes(), 0u);
}

TEST_F(PodFaultsTest, KilledWhenTheAgentHadConnectedItIsAssignedByTheNext) {
  place(1);
  until_pod(1);
  api_.set_phase(pod(1), "Running");
  life_->gateway.connect(agent(1));
  begin();
  place(1);
  claim(1);
  EXPECT_EQ(api_.creations(), 1);
}

TEST_F(PodFaultsTest, KilledAfterTheAssignmentASecondOneIsTheSame) {
  place(1);
  until_pod(1);
  life_->gateway.connect(agent(1));
  eventually([&] { return life_->gateway.told("assign 1"); });
  begin();
  place(1);  // that the agent had taken it was not committed
  claim(1);
  EXPECT_EQ(api_.creations(), 1);
  finish(1);
  EXPECT_EQ(outcome().kind, OutcomeKind::succeeded);
}

TEST_F(PodFaultsTest, KilledBeforeTheOutcomeWasCommittedItIsToldAgain) {
  place(1);
  claim(1);
  finish(1);
  EXPECT_EQ(outcome().kind, OutcomeKind::succeeded);
  begin();
  life_->executor->recall({item(1)});
  life_->gateway.connect(agent(1));
  life_->executor->on_agent_connected(agent(1), {{.attempt = AttemptId{1}, .finished = true}});
  finish(1);
  EXPECT_EQ(outcome().kind, OutcomeKind::succeeded);
  EXPECT_EQ(outcomes(), 1u);
}

TEST_F(PodFaultsTest, KilledAfterTheAcknowledgementThePodIsCollected) {
  timing_.orphan_grace = Duration(0);
  succeed_and_kill();
  api_.terminate(pod(1), 0, "");
  begin();
  eventually([&] { return api_.names().empty(); });
  EXPECT_EQ(outcomes(), 0u);
}

TEST_F(PodFaultsTest, APodThatWasAcknowledgedByAnEarlierServerGoesWithoutAGrace) {
  succeed_and_kill();
  begin();
  api_.terminate(pod(1), 0, R"({"leoflow":1,"attempt":1,"kind":"succeeded","acknowledged":true})");
  eventually([&] { return api_.names().empty(); });
  EXPECT_EQ(outcomes(), 0u);
}

}  // namespace
}  // namespace leoflow::kube
