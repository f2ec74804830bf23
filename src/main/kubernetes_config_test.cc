// SPDX-License-Identifier: Apache-2.0
#include "main/kubernetes_config.h"

#include <gtest/gtest.h>

namespace leoflow {
namespace {

TEST(KubernetesConfig, ReadsEveryKey) {
  auto config = parse_kubernetes_config(R"(
context: dev
namespace: flows
insecure: true
image: registry.test/python:{python}
image_pull_policy: Never
agent_image: registry.test/agent:1
agent_address: 10.0.0.5
agent_port: 7001
audience: flows
service_account: etl
cache_host_path: /var/cache/leoflow
run_as_user: 0
start_ahead: all
admission: secret
held_pods_max: 3
held_seconds_max: 60
storage_class: fast
staging_access: ReadWriteMany
pod_template: {spec: {imagePullSecrets: [{name: pull}]}}
policy: {execution_keys: [node_selector], service_accounts: [etl]}
)",
                                        "kubernetes.yaml");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->choice.context, "dev");
  EXPECT_EQ(config->choice.namespace_name, "flows");
  EXPECT_TRUE(config->choice.insecure_ok);
  EXPECT_EQ(config->agent_address, "10.0.0.5");
  EXPECT_EQ(config->agent_port, 7001);
  EXPECT_EQ(config->pods.image, "registry.test/python:{python}");
  EXPECT_EQ(config->pods.run_as_user, 0);
  EXPECT_EQ(config->start_ahead, StartAhead::all);
  EXPECT_TRUE(config->pod_secrets);
  EXPECT_EQ(config->held_pods_max, 3);
  EXPECT_EQ(config->held_seconds_max, 60);
  EXPECT_EQ(config->pods.staging_access, "ReadWriteMany");
  EXPECT_EQ(config->storage_class, "fast");
  EXPECT_EQ(config->pods.policy.execution_keys, std::vector<std::string>{"node_selector"});
  EXPECT_TRUE(config->pods.pod_template.contains("spec"));
  EXPECT_EQ(config->pods.cache_host_path, "/var/cache/leoflow");
  auto named = parse_kubernetes_config("cache_claim: kept", "file.yaml");
  EXPECT_EQ(named->pods.cache_claim, "kept");
  EXPECT_EQ(named->own_cache, false);
  auto own = parse_kubernetes_config("cache_claim: auto", "file.yaml");
  EXPECT_EQ(own->pods.cache_claim, "");
  EXPECT_EQ(own->own_cache, true);
  EXPECT_EQ(parse_kubernetes_config("cache_claim: none", "file.yaml")->own_cache, false);
  EXPECT_EQ(parse_kubernetes_config("{}", "file.yaml")->own_cache, std::nullopt);
  EXPECT_TRUE(parse_kubernetes_config("", "empty"));
}

TEST(KubernetesConfig, RefusesByName) {
  for (const char* text :
       {"imag: x", "image: 1", "agent_port: 0", "agent_port: x", "staging_access: ReadOnlyMany",
        "pod_template: []", "insecure: 1", "policy: {x: 1}", "start_ahead: inherit",
        "admission: none", "held_pods_max: -1", "policy: {service_accounts: x}", "- a", "a: [",
        "policy: {service_accounts: [1]}", "{cache_host_path: /a, cache_claim: b}",
        "{cache_host_path: /a, cache_claim: auto}"}) {
    auto config = parse_kubernetes_config(text, "file.yaml");
    ASSERT_FALSE(config) << text;
    EXPECT_EQ(config.error().code(), Code::invalid) << text;
    EXPECT_TRUE(config.error().message().contains("file.yaml")) << config.error().message();
  }
}

TEST(KubernetesConfig, LoopbackIsNoAddressForPods) {
  auto address = address_towards("https://127.0.0.1:6443");
  ASSERT_FALSE(address);
  EXPECT_TRUE(address.error().hint().contains("--agent-address"));
}

}  // namespace
}  // namespace leoflow
