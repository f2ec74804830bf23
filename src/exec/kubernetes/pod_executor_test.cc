// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/pod_executor_fixture_test.h"

namespace leoflow::kube {
namespace {

TEST_F(PodExecutorTest, TakesAnAttemptFromPodToCollection) {
  place(1);
  claim(1);
  finish(1);
  EXPECT_EQ(outcome().kind, OutcomeKind::succeeded);
  life_->executor->acknowledge(AttemptId{1});
  eventually([&] { return life_->gateway.told("acknowledge 1"); });
  api_.terminate(pod(1), 0, "");
  eventually([&] { return !api_.has(pod(1)); });
  EXPECT_EQ(life_->engine.outcomes().size(), 1u);
  EXPECT_EQ(api_.creations(), 1);
}

TEST_F(PodExecutorTest, PlacingTwiceMakesOnePod) {
  place(1);
  place(1);
  until_pod(1);
  place(1);
  claim(1);
  EXPECT_EQ(api_.count("POST"), 1);
}

TEST_F(PodExecutorTest, ACreationWithoutAnswerIsNotMadeTwice) {
  for (int status : {0, 504}) api_.inject({.of = "POST", .status = status, .done = true});
  place(1);
  claim(1);
  place(2);
  claim(2);
  EXPECT_EQ(api_.creations(), 2);
  EXPECT_TRUE(life_->engine.outcomes().empty());
}

TEST_F(PodExecutorTest, AFullQuotaWaitsAndChargesNobody) {
  api_.inject({.of = "POST", .times = 1, .status = 403, .message = "exceeded quota: pods"});
  place(1);
  claim(1);
  EXPECT_TRUE(life_->engine.waited("exceeded quota"));
  EXPECT_TRUE(life_->engine.outcomes().empty());
}

TEST_F(PodExecutorTest, AnApiThatIsAwayIsWaitedFor) {
  begin();
  api_.wait_for_watch();
  api_.set_away(true);
  place(1);
  eventually([&] { return life_->engine.waited("waits for the cluster"); });
  api_.set_away(false);
  claim(1);
  EXPECT_TRUE(life_->engine.outcomes().empty());
}

TEST_F(PodExecutorTest, AMissingRightIsALossThatNamesIt) {
  api_.inject({.of = "POST", .status = 403, .message = "pods is forbidden"});
  place(1);
  EXPECT_EQ(outcome().kind, OutcomeKind::lost);
  EXPECT_TRUE(outcome().reason.contains("pods is forbidden"));
}

TEST_F(PodExecutorTest, APodThatTheClusterRefusesFailsForGood) {
  api_.inject({.of = "POST", .status = 422, .message = "spec.tolerations: bad"});
  place(1);
  EXPECT_EQ(outcome().kind, OutcomeKind::failed);
  EXPECT_FALSE(outcome().retryable);
}

TEST_F(PodExecutorTest, TellsWhyAPodWaitsAndGivesUpOnABadImageName) {
  place(1);
  until_pod(1);
  auto waiting = [&](const std::string& reason) {
    api_.change(pod(1), [&](json::object& pod) {
      json::object state{{"waiting", json::object{{"reason", reason}}}};
      json::object container{{"name", "task"}, {"image", "X:"}, {"state", state}};
      pod["status"] =
          json::object{{"phase", "Pending"}, {"containerStatuses", json::array{container}}};
    });
  };
  waiting("ImagePullBackOff");
  eventually([&] { return life_->engine.waited("cannot be pulled"); });
  EXPECT_TRUE(life_->engine.outcomes().empty());
  waiting("InvalidImageName");
  EXPECT_EQ(outcome().kind, OutcomeKind::failed);
  EXPECT_FALSE(outcome().retryable);
  eventually([&] { return !api_.has(pod(1)); });
}

TEST_F(PodExecutorTest, AnImageThatIsNotThereForLongIsALoss) {
  timing_.pull_time_max = Duration(0);
  place(1);
  until_pod(1);
  api_.change(pod(1), [&](json::object& pod) {
    json::object state{{"waiting", json::object{{"reason", "ErrImagePull"}}}};
    json::object container{{"name", "task"}, {"state", state}};
    pod["status"] =
        json::object{{"phase", "Pending"}, {"containerStatuses", json::array{container}}};
  });
  EXPECT_EQ(outcome().kind, OutcomeKind::lost);
  eventually([&] { return !api_.has(pod(1)); });
}

TEST_F(PodExecutorTest, APodDeletedByHandIsLostOnce) {
  place(1);
  claim(1);
  api_.erase(pod(1));
  EXPECT_EQ(outcome().kind, OutcomeKind::lost);
  EXPECT_EQ(outcome().reason, "the pod was deleted");
  life_->executor->acknowledge(AttemptId{1});
  life_->cluster->run([] {});
  EXPECT_EQ(life_->engine.outcomes().size(), 1u);
}

TEST_F(PodExecutorTest, TheTerminationMessageTellsWhatTheAgentCouldNot) {
  place(1);
  claim(1);
  life_->gateway.disconnect(agent(1));
  api_.terminate(pod(1), 10, R"({"leoflow":1,"attempt":1,"kind":"failed","reason":"no"})");
  EXPECT_EQ(outcome().kind, OutcomeKind::failed);
  EXPECT_EQ(outcome().reason, "no");
}

TEST_F(PodExecutorTest, CancelsWhereverTheAttemptIs) {
  begin();
  api_.set_latency(std::chrono::milliseconds(5));
  place(1);
  life_->executor->cancel(AttemptId{1}, CancelReason::cleared);
  EXPECT_EQ(outcome().kind, OutcomeKind::cancelled);
  life_->executor->acknowledge(AttemptId{1});
  eventually([&] { return api_.names().empty(); });
  api_.set_latency(Duration(0));

  place(2);  // waits in its pod
  until_pod(2);
  life_->executor->cancel(AttemptId{2}, CancelReason::cleared);
  eventually([&] { return !api_.has(pod(2)); });
  eventually([&] { return life_->engine.outcomes().size() == 2; });

  place(3);  // runs
  claim(3);
  life_->executor->cancel(AttemptId{3}, CancelReason::cleared);
  eventually([&] { return life_->gateway.told("cancel 3"); });
  EXPECT_EQ(life_->engine.outcomes().size(), 2u);
  finish(3, OutcomeKind::cancelled);
  eventually([&] { return life_->engine.outcomes().size() == 3; });
}

TEST_F(PodExecutorTest, AnAgentThatDoesNotHearOfItsEndLosesItsPod) {
  timing_.cancel_time_max = Duration(0);
  place(1);
  claim(1);
  life_->executor->cancel(AttemptId{1}, CancelReason::cleared);
  eventually(
      [&] { return api_.object(pod(1)).at("metadata").as_object().contains("deletionTimestamp"); });
  api_.erase(pod(1));
  EXPECT_EQ(outcome().kind, OutcomeKind::cancelled);
}

TEST_F(PodExecutorTest, EndedPodsAreCollectedTogether) {
  timing_.collect = std::chrono::hours(1);
  for (int64_t i = 1; i <= int64_t(kCollectedAtOnceMax); ++i) place(i);
  for (int64_t i = 1; i <= int64_t(kCollectedAtOnceMax); ++i) {
    until_pod(i);
    finish(i);
    life_->executor->acknowledge(AttemptId{i});
    api_.terminate(pod(i), 0, "");
  }
  eventually([&] { return api_.names().empty(); });
  EXPECT_EQ(api_.count("DELETE"), 1);
}

TEST_F(PodExecutorTest, EndedPodsGoWhenNoTaskWaitsForItsPod) {
  one_ends_while_another_starts();
  // Many times as long as it usually takes.
  for (int64_t i = 3; i < 50; ++i) {
    place(i);
    until_pod(i);
    claim(i);
  }
  EXPECT_TRUE(api_.has(pod(1)));
  claim(2);
  eventually([&] { return !api_.has(pod(1)); });
}

TEST_F(PodExecutorTest, EndedPodsDoNotStayForLongWhateverStarts) {
  timing_.collect_late_max = Duration(0);
  one_ends_while_another_starts();
  eventually([&] { return !api_.has(pod(1)); });
}

TEST_F(PodExecutorTest, PodsOfNobodyAreEnded) {
  timing_.orphan_grace = Duration(0);
  place(1);
  until_pod(1);
  begin();  // and nobody asks for it any more
  eventually([&] { return api_.names().empty(); });
}

// -- The server is killed, the next one finds what there is.

TEST_F(PodExecutorTest, AServerKilledAfterTheCreationFindsThePod) {
  place(1);
  until_pod(1);
  begin();
  place(1);
  claim(1);
  EXPECT_EQ(api_.creations(), 1);
  EXPECT_TRUE(life_->engine.outcomes().empty());
}

TEST_F(PodExecutorTest, AServerKilledDuringTheCreationMakesNoSecondPod) {
  begin();
  api_.set_latency(std::chrono::milliseconds(20));
  place(1);
  eventually([&] { return api_.count("POST") > 0; });
  begin();
  place(1);
  claim(1);
  EXPECT_EQ(api_.creations(), 1);
}

TEST_F(PodExecutorTest, AServerKilledWhileTheTaskRunsKeepsIt) {
  place(1);
  claim(1);
  begin();
  life_->executor->recall({item(1)});
  life_->gateway.connect(agent(1));
  life_->executor->on_agent_connected(agent(1), {{.attempt = AttemptId{1}, .running = true}});
  finish(1);
  EXPECT_EQ(outcome().kind, OutcomeKind::succeeded);
  EXPECT_FALSE(life_->gateway.told("assign 1"));
  EXPECT_EQ(life_->engine.outcomes().size(), 1u);
}

TEST_F(PodExecutorTest, APodThatEndedMeanwhileTellsItsOutcome) {
  place(1);
  claim(1);
  life_.reset();
  api_.terminate(pod(1), 0, R"({"leoflow":1,"attempt":1,"kind":"succeeded"})");
  begin();
  life_->executor->recall({item(1)});
  EXPECT_EQ(outcome().kind, OutcomeKind::succeeded);
  life_->executor->acknowledge(AttemptId{1});
  eventually([&] { return api_.names().empty(); });
}

TEST_F(PodExecutorTest, APodThatWentMeanwhileIsLostButNotBeforeTheViewIsComplete) {
  place(1);
  claim(1);
  life_.reset();
  api_.erase(pod(1));
  api_.set_away(true);
  begin();
  life_->executor->recall({item(1)});
  life_->executor->place(item(2));
  life_->cluster->run([] {});
  EXPECT_TRUE(life_->engine.outcomes().empty());
  EXPECT_EQ(life_->executor->find("a2").error().code(), Code::unavailable);
  api_.set_away(false);
  EXPECT_EQ(outcome().kind, OutcomeKind::lost);
  EXPECT_EQ(outcome().attempt, AttemptId{1});
  until_pod(2);
}

TEST_F(PodExecutorTest, AnEngineThatForgotIsToldAgain) {
  place(1);
  until_pod(1);
  api_.terminate(pod(1), 1, "");
  EXPECT_EQ(outcome().kind, OutcomeKind::lost);
  life_->executor->recall({item(1)});
  eventually([&] { return life_->engine.outcomes().size() == 2; });
}

// -- Around the pod

TEST_F(PodExecutorTest, KnowsWhichPodsAreWanted) {
  place(1);
  until_pod(1);
  eventually([&] {
    auto found = life_->executor->find("a1");
    return found && !found->pod_uid.empty();
  });
  auto found = life_->executor->find("a1");
  EXPECT_EQ(found->pod_name, pod(1));
  EXPECT_EQ(found->service_account, "default");
  EXPECT_EQ(found->version, DagVersionId{3});
  EXPECT_EQ(life_->executor->find("a2").error().code(), Code::not_found);
  api_.terminate(pod(1), 1, "");
  eventually([&] { return !life_->executor->find("a1"); });
}

TEST_F(PodExecutorTest, TheVolumeIsThereBeforeThePod) {
  api_.put("storageclasses", {{"metadata", json::object{{"name", "fast"}}}});
  planner_.volume = "etl-run-1";
  place(1);
  EXPECT_EQ(outcome().kind, OutcomeKind::failed);
  EXPECT_TRUE(outcome().reason.contains("one of: fast")) << outcome().reason;
  EXPECT_TRUE(api_.names().empty());
  api_.put(
      "storageclasses",
      {{"metadata",
        json::object{{"name", "usual"},
                     {"annotations",
                      json::object{{"storageclass.kubernetes.io/is-default-class", "true"}}}}}});
  place(2);
  until_pod(2);
  EXPECT_TRUE(api_.has(claim_name("test", "etl-run-1"), "persistentvolumeclaims"));
  auto listed = life_->staging->list();
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ(listed->front().name, "etl-run-1");
  EXPECT_TRUE(life_->staging->remove("etl-run-1"));
  EXPECT_TRUE(life_->staging->remove("etl-run-1"));
  EXPECT_FALSE(api_.has(claim_name("test", "etl-run-1"), "persistentvolumeclaims"));
  planner_.volume = "etl-run-2";
  place(3);
  until_pod(3);
  EXPECT_TRUE(api_.has(claim_name("test", "etl-run-2"), "persistentvolumeclaims"));
  life_->staging->remove_later("etl-run-2");
  eventually([&] { return api_.names("persistentvolumeclaims").empty(); });
}

}  // namespace
}  // namespace leoflow::kube
