// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/pod_spec.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "exec/place_token.h"
#include "exec/kubernetes/yaml_json.h"
#include "test_paths.h"

namespace leoflow::kube {
namespace {

const fs::path kGolden = fs::path(LEOFLOW_SOURCE_DIR) / "src/exec/kubernetes/golden";

PodSettings settings() {
  PodSettings settings;
  settings.namespace_name = "flows";
  settings.instance = "k3j9x2";
  settings.agent_url = "https://10.0.0.5:8080/agent/abc/leoflow-agent";
  settings.agent_sha256 = "abc";
  settings.server = "10.0.0.5:9091";
  settings.server_ca = "CA PEM";
  return settings;
}

class PodSpecTest : public testing::Test {
 protected:
  PodSpecTest() {
    dag_.dag_id = "etl.duckdb";
    task_.task_id = "extract";
    request_ = {.place = place_of(AttemptId{17}),
                .attempt = AttemptId{17},
                .item = {.attempt = AttemptId{17},
                         .run = RunKey{5},
                         .task_instance = TaskInstanceKey{9},
                         .dag_id = "etl.duckdb",
                         .run_id = "manual__2024-02-29T13:05:09+00:00",
                         .task_id = "extract",
                         .version = DagVersionId{3}},
                .dag = &dag_,
                .task = &task_};
  }
  void execution(std::string_view yaml) {
    task_.execution = yaml_to_json(yaml, "test")->as_object();
  }
  json::object pod(const PodSettings& with = settings()) {
    auto made = make_pod(with, request_);
    EXPECT_TRUE(made) << made.error().text();
    return made ? *made : json::object();
  }
  // To take what is there now for right: LEOFLOW_GOLDEN=1.
  void expect_golden(const std::string& name, const PodSettings& with = settings()) {
    std::string text = json::dump(pod(with)) + "\n";
    fs::path file = kGolden / name;
    if (getenv("LEOFLOW_GOLDEN")) {
      ASSERT_TRUE(write_file(file, text));
    }
    EXPECT_EQ(text, read_file(file).value_or("")) << file;
  }
  DagSpec dag_;
  TaskSpec task_;
  PodRequest request_;
};

const json::object& container(const json::object& pod) {
  return pod.at("spec").at("containers").as_array().at(0).as_object();
}

TEST_F(PodSpecTest, IsHardenedByDefault) { expect_golden("plain.json"); }

TEST_F(PodSpecTest, TakesEveryKeyOfExecution) {
  execution(R"(
node_selector: {disk: ssd}
tolerations: [{key: gpu, operator: Exists}]
service_account: etl
image_pull_policy: Never
priority_class_name: high
termination_grace_period_seconds: 90
runtime_class_name: gvisor
topology_spread_constraints: [{maxSkew: 1}]
affinity: {nodeAffinity: {x: 1}}
resource_claims: [{name: gpu}]
labels: {team: data, leoflow.io/place: stolen}
annotations: {note: x}
)");
  task_.resources = ResourceSpec{.cpu_request = "500m",
                                 .memory_request = "64Mi",
                                 .memory_limit = "128Mi",
                                 .claims = {json::object{{"name", "gpu"}}}};
  task_.execution_timeout = std::chrono::seconds(600);
  request_.volume = "etl-run-1";
  PodSettings with = settings();
  with.cache_host_path = "/var/cache/leoflow";
  expect_golden("full.json", with);
}

TEST_F(PodSpecTest, ACacheMayBeAClaim) {
  PodSettings with = settings();
  with.cache_claim = "kept";
  const json::object made = pod(with);
  const json::value& volume = made.at("spec").at("volumes").as_array().back();
  EXPECT_EQ(volume.at("name"), "cache");
  EXPECT_EQ(volume.at("persistentVolumeClaim").at("claimName"), "kept");
  const json::value& mount = container(made).at("volumeMounts").as_array().back();
  const json::value& variable = container(made).at("env").as_array().back();
  EXPECT_EQ(variable.at("name"), "LEOFLOW_CACHE");
  EXPECT_EQ(variable.at("value"), mount.at("mountPath"));
}

TEST_F(PodSpecTest, TheImageOfAVersionGoesBeforeThatOfTheInstallation) {
  request_.image = "registry.test/etl@sha256:1";
  const json::object made = pod();
  const auto& task = made.at("spec").at("containers").as_array().at(0).as_object();
  EXPECT_EQ(task.at("image"), request_.image.c_str());
}

TEST_F(PodSpecTest, HoldsWithoutAttemptAndDeadlineWhenStartedAhead) {
  request_.attempt.reset();
  request_.place = place_ahead_of(TaskInstanceKey{9}, 2);
  task_.execution_timeout = std::chrono::seconds(600);
  json::object made = pod();
  EXPECT_EQ(json::string_or(made.at("metadata").as_object(), "name"), "leoflow-k3j9x2-t9-2");
  EXPECT_FALSE(made.at("metadata").at("labels").as_object().contains(kAttemptLabel));
  EXPECT_FALSE(made.at("spec").as_object().contains("activeDeadlineSeconds"));
}

TEST_F(PodSpecTest, AnAgentImageBringsTheAgent) {
  PodSettings with = settings();
  with.agent_image = "registry.test/agent:1";
  const json::object made = pod(with);
  const auto& init = made.at("spec").at("initContainers").as_array().at(0).as_object();
  EXPECT_EQ(init.at("image"), "registry.test/agent:1");
  EXPECT_EQ(container(made).at("image"), "docker.io/library/python:3.11-slim");
  EXPECT_EQ(container(made).at("command").as_array().at(1), "pod");
  EXPECT_FALSE(pod().at("spec").as_object().contains("initContainers"));
}

TEST_F(PodSpecTest, APodWithASecretWaitsForIt) {
  PodSettings with = settings();
  with.place_key = "key";
  request_.secret = "leoflow-k3j9x2-a17-0123456789";
  const json::object made = pod(with);
  std::string text = json::dump(made);
  EXPECT_FALSE(text.contains("serviceAccountToken"));
  EXPECT_TRUE(text.contains(kSecretGate));
  json::object secret = make_pod_secret(with, "a17", request_.secret, "uid-1");
  EXPECT_EQ(secret.at("metadata").at("ownerReferences").as_array().at(0).at("uid"), "uid-1");
  EXPECT_EQ(json::string_or(secret.at("stringData").as_object(), "token"),
            make_place_token("key", "a17", "uid-1"));
  EXPECT_FALSE(text.contains(make_place_token("key", "a17", "uid-1")));
}

TEST_F(PodSpecTest, MergesATemplateButKeepsItsOwn) {
  PodSettings with = settings();
  with.pod_template = yaml_to_json(R"(
metadata: {labels: {team: ops, leoflow.io/place: stolen}}
spec:
  restartPolicy: Always
  imagePullSecrets: [{name: pull}]
  containers:
  - {name: task, command: [sh], resources: {limits: {cpu: "2"}}}
  - {name: sidecar, image: side}
)",
                                   "template")
                          ->as_object();
  const json::object made = pod(with);
  EXPECT_EQ(made.at("metadata").at("labels").at("team"), "ops");
  EXPECT_EQ(made.at("metadata").at("labels").at(kPlaceLabel), "a17");
  EXPECT_EQ(made.at("spec").at("restartPolicy"), "Never");
  EXPECT_EQ(made.at("spec").at("containers").as_array().size(), 2u);
  EXPECT_EQ(container(made).at("command").as_array().at(0), "python3");
  EXPECT_EQ(container(made).at("resources").at("limits").at("cpu"), "2");
}

TEST_F(PodSpecTest, TheTemplateIsAboveWhatADagWants) {
  PodSettings with = settings();
  with.pod_template =
      yaml_to_json("{metadata: {labels: {team: ops}, annotations: {by: ops}}}", "template")
          ->as_object();
  execution("{labels: {team: mine, tier: low}, annotations: {by: me, note: x}}");
  const json::object made = pod(with);
  const json::object& metadata = made.at("metadata").as_object();
  EXPECT_EQ(metadata.at("labels").at("team"), "ops");
  EXPECT_EQ(metadata.at("labels").at("tier"), "low");
  EXPECT_EQ(metadata.at("annotations").at("by"), "ops");
  EXPECT_EQ(metadata.at("annotations").at("note"), "x");
}

TEST_F(PodSpecTest, ThePolicyForbidsByName) {
  PodSettings with = settings();
  with.policy.execution_keys = {"labels", "service_account"};
  with.policy.service_accounts = {"etl"};
  execution("{labels: {a: b}, service_account: etl}");
  EXPECT_TRUE(make_pod(with, request_));
  execution("{service_account: admin}");
  EXPECT_EQ(make_pod(with, request_).error().code(), Code::denied);
  execution("{runtime_class_name: x}");
  auto refused = make_pod(with, request_);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message().contains("execution.runtime_class_name"));
}

TEST(PodNames, AreLabels) {
  EXPECT_EQ(label_value("_a b/ä."), "a-b");
  EXPECT_EQ(label_value(std::string(100, 'x')).size(), 63u);
  EXPECT_EQ(label_value("--"), "");
  EXPECT_EQ(pod_name("k3j9x2", place_of(AttemptId{17})), "leoflow-k3j9x2-a17");
}

}  // namespace
}  // namespace leoflow::kube
