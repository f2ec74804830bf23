// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/pod_status.h"

#include <gtest/gtest.h>

#include "exec/kubernetes/pod_spec.h"
#include "exec/kubernetes/yaml_json.h"

namespace leoflow::kube {
namespace {

constexpr AttemptId kAttempt{17};

PodVerdict judge(const std::string& status, const std::string& limits = "{}") {
  std::string text =
      "{metadata: {uid: u, labels: {leoflow.io/place: a17, leoflow.io/attempt: "
      "'17'}}, spec: {nodeName: n, containers: [{name: task, resources: {limits: " +
      limits + "}}]}, status: " + status + "}";
  auto pod = yaml_to_json(text, "pod");
  EXPECT_TRUE(pod) << pod.error().text();
  return judge_pod(pod->as_object());
}

std::string terminated(const std::string& state, const std::string& rest = "") {
  return "{phase: Failed, containerStatuses: [{name: task, state: {terminated: " + state + "}}]" +
         rest + "}";
}

struct Waiting {
  const char* status;
  PodCause cause;
  const char* says;
  bool hopeless = false;
};

TEST(PodStatus, TellsWhyAPodWaits) {
  const Waiting rows[] = {
      {"{phase: Pending}", PodCause::none, ""},
      {"{phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: "
       "Unschedulable, message: 0/1 nodes are available}]}",
       PodCause::unschedulable, "0/1 nodes are available"},
      {"{phase: Pending, containerStatuses: [{name: task, image: x, state: {waiting: {reason: "
       "ImagePullBackOff, message: Back-off}}}]}",
       PodCause::image_pull, "image x cannot be pulled: Back-off"},
      {"{phase: Pending, initContainerStatuses: [{name: leoflow-agent, image: y, state: "
       "{waiting: {reason: ErrImagePull, message: no such host}}}]}",
       PodCause::image_pull, "no such host"},
      {"{phase: Pending, containerStatuses: [{name: task, image: 'X:', state: {waiting: {reason: "
       "InvalidImageName}}}]}",
       PodCause::image_name, "'X:' is not the name of an image", true},
      {"{phase: Pending, containerStatuses: [{name: task, state: {waiting: {reason: "
       "CreateContainerConfigError, message: secret s not found}}}]}",
       PodCause::container_config, "secret s not found"},
      {"{phase: Pending, containerStatuses: [{name: task, state: {waiting: {reason: "
       "PodInitializing}}}]}",
       PodCause::none, ""},
  };
  for (const Waiting& row : rows) {
    PodVerdict verdict = judge(row.status);
    EXPECT_EQ(verdict.phase, PodPhase::pending) << row.status;
    EXPECT_EQ(to_string(verdict.cause), to_string(row.cause)) << row.status;
    EXPECT_TRUE(verdict.reason.contains(row.says)) << verdict.reason;
    EXPECT_EQ(verdict.hopeless, row.hopeless) << row.status;
  }
}

// Texts of Kubernetes 1.34 with containerd 1.6, and of a registry that refuses.
TEST(PodStatus, TellsWhyAnImageCannotBePulled) {
  const std::string name = "r:5000/flows/etl@sha256:" + std::string(64, '0');
  const std::string begin = "failed to pull and unpack image \"" + name +
                            "\": failed to resolve reference \"" + name + "\": ";
  const std::string head =
      "failed to do request: Head \"http://r:5000/v2/flows/etl/manifests/x\": ";
  struct {
    std::string said, told;
  } const rows[]{
      {"rpc error: code = NotFound desc = " + begin + name + ": not found",
       "the registry has no such image: not found"},
      {begin + head + "dial tcp 10.240.0.1:5000: connect: connection refused",
       "the registry does not answer: " + head +
           "dial tcp 10.240.0.1:5000: connect: connection "
           "refused"},
      {begin + "pulling from host r:5000 failed with status code [manifests 1]: 401 Unauthorized",
       "the registry wants a login (imagePullSecrets): pulling from host r:5000 failed with status "
       "code [manifests 1]: 401 Unauthorized"},
      {begin + head + "http: server gave HTTP response to HTTPS client",
       "the registry speaks plain HTTP, the node does not: " + head +
           "http: server gave HTTP response to HTTPS client"},
      {begin + "something new", "something new"}};
  for (const auto& row : rows) {
    for (const char* reason : {"ErrImagePull", "ImagePullBackOff"}) {
      std::string message = row.said;
      if (std::string(reason) == "ImagePullBackOff")
        message = "Back-off pulling image \"" + name + "\": ErrImagePull: " + message;
      json::object waiting{{"reason", reason}, {"message", message}};
      json::object state{{"waiting", std::move(waiting)}};
      json::object container{{"image", name}, {"state", std::move(state)}};
      json::object status{{"phase", "Pending"},
                          {"containerStatuses", json::array{std::move(container)}}};
      json::object pod{{"status", std::move(status)}};
      EXPECT_EQ(judge_pod(pod).reason, "image " + name + " cannot be pulled: " + row.told);
    }
  }
}

struct Ended {
  std::string status;
  PodCause cause;
  OutcomeKind kind;
  const char* says;
  const char* limits = "{}";
};

TEST(PodStatus, TellsWhatEndedAPodAndWhoIsCharged) {
  const std::string oom = terminated("{exitCode: 137, reason: OOMKilled}");
  auto disrupted = [](const std::string& reason) {
    return terminated("{exitCode: 137, reason: Error}",
                      ", conditions: [{type: DisruptionTarget, status: 'True', reason: " + reason +
                          ", message: m}]");
  };
  const Ended rows[] = {
      {oom, PodCause::oom_killed, OutcomeKind::failed, "memory limit 64Mi exceeded",
       "{memory: 64Mi}"},
      {oom, PodCause::node_oom, OutcomeKind::lost, "the node ran out of memory"},
      {"{phase: Failed, reason: Evicted, message: node had DiskPressure}", PodCause::evicted,
       OutcomeKind::lost, "DiskPressure"},
      {"{phase: Failed, reason: Evicted, message: Pod ephemeral local storage usage exceeds 1Gi}",
       PodCause::storage_limit, OutcomeKind::failed, "exceeds 1Gi"},
      {"{phase: Failed, reason: DeadlineExceeded}", PodCause::deadline, OutcomeKind::failed,
       "longer"},
      {"{phase: Failed, reason: NodeShutdown, message: m}", PodCause::node_lost, OutcomeKind::lost,
       "node"},
      {"{phase: Failed, reason: OutOfcpu, message: m}", PodCause::evicted, OutcomeKind::lost,
       "refused"},
      {disrupted("PreemptionByScheduler"), PodCause::preempted, OutcomeKind::lost, "priority"},
      {disrupted("DeletionByPodGC"), PodCause::node_lost, OutcomeKind::lost, "node was lost"},
      {disrupted("EvictionByEvictionAPI"), PodCause::evicted, OutcomeKind::lost, "evicted"},
      {terminated("{exitCode: 128, reason: StartError, message: no such file}"),
       PodCause::start_error, OutcomeKind::lost, "no such file"},
      {terminated("{exitCode: 139, reason: Error}"), PodCause::agent_died, OutcomeKind::lost,
       "exit code 139"},
      {"{phase: Failed, initContainerStatuses: [{name: leoflow-agent, state: {terminated: "
       "{exitCode: 1, message: cannot be fetched}}}]}",
       PodCause::init_failed, OutcomeKind::lost, "cannot be fetched"},
  };
  for (const Ended& row : rows) {
    PodVerdict verdict = judge(row.status, row.limits);
    EXPECT_EQ(verdict.phase, PodPhase::ended) << row.status;
    EXPECT_EQ(to_string(verdict.cause), to_string(row.cause)) << row.status;
    Outcome outcome = outcome_of(verdict, kAttempt, Time{});
    EXPECT_EQ(to_string(outcome.kind), to_string(row.kind)) << row.status;
    EXPECT_TRUE(outcome.reason.contains(row.says)) << outcome.reason;
  }
}

std::string with_record(const std::string& record, const std::string& rest = "") {
  return terminated("{exitCode: 10, reason: Error, message: '" + record + "'}", rest);
}

TEST(PodStatus, TrustsTheAgentsWordOverThePhase) {
  PodVerdict verdict =
      judge(with_record(R"({"leoflow":1,"attempt":17,"kind":"succeeded","ended_at_us":9,)"
                        R"("xcoms":[{"key":"k","value":1}]})"));
  Outcome outcome = outcome_of(verdict, kAttempt, Time{});
  EXPECT_EQ(outcome.kind, OutcomeKind::succeeded);
  ASSERT_EQ(outcome.xcoms.size(), 1u);
  EXPECT_EQ(outcome.xcoms[0].value, "1");
  EXPECT_EQ(outcome.ended_at, from_micros(9));
  verdict = judge(
      with_record(R"({"leoflow":1,"attempt":17,"kind":"failed","retryable":false,"reason":"no",)"
                  R"("exit_code":1})"));
  outcome = outcome_of(verdict, kAttempt, Time{});
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
  EXPECT_FALSE(outcome.retryable);
  EXPECT_EQ(outcome.reason, "no");
}

TEST(PodStatus, ARecordThatIsNotWholeIsALoss) {
  for (const char* record : {R"({"leoflow":1,"attempt":17,"kind":"succeeded","xcoms_missing":1})",
                             R"({"leoflow":1,"attempt":18,"kind":"succeeded"})",
                             R"({"leoflow":1,"attempt":0,"kind":"lost","reason":"turned away"})",
                             R"({"leoflow":1,"att)"}) {
    Outcome outcome = outcome_of(judge(with_record(record)), kAttempt, Time{});
    EXPECT_EQ(outcome.kind, OutcomeKind::lost) << record;
    EXPECT_FALSE(outcome.reason.empty());
  }
}

TEST(PodStatus, WhatEndedThePodExplainsAnAgentThatWasToldToEnd) {
  PodVerdict verdict =
      judge(with_record(R"({"leoflow":1,"attempt":17,"kind":"lost","reason":"SIGTERM"})",
                        ", conditions: [{type: DisruptionTarget, status: 'True', reason: "
                        "PreemptionByScheduler, message: m}]"));
  EXPECT_TRUE(outcome_of(verdict, kAttempt, Time{}).reason.contains("priority"));
}

TEST(PodStatus, ASidecarDoesNotKeepATaskRunning) {
  PodVerdict verdict = judge(
      "{phase: Running, containerStatuses: [{name: side, state: {running: {}}}, {name: task, "
      "state: {terminated: {exitCode: 0, message: ''}}}]}");
  EXPECT_EQ(verdict.phase, PodPhase::ended);
}

TEST(PodStatus, TakesAnythingForAPod) {
  for (const char* text :
       {"{}", "{metadata: 1, spec: [], status: x}", "{status: {containerStatuses: [1, {}]}}",
        "{metadata: {labels: {leoflow.io/attempt: x1}}, status: {conditions: {}}}"}) {
    EXPECT_EQ(judge_pod(yaml_to_json(text, "t")->as_object()).attempt.value, 0) << text;
  }
  EXPECT_EQ(judge("{phase: Running}").attempt, kAttempt);
  EXPECT_EQ(judge("{phase: Running}").phase, PodPhase::running);
}

}  // namespace
}  // namespace leoflow::kube
