// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/cluster_access.h"

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "exec/kubernetes/credentials.h"
#include "exec/kubernetes/yaml_json.h"

namespace leoflow::kube {
namespace {

constexpr const char* kFile = R"(
apiVersion: v1
kind: Config
current-context: dev
contexts:
- name: dev
  context: {cluster: one, user: cert, namespace: flows}
- name: token
  context: {cluster: one, user: token}
- name: plugin
  context: {cluster: named, user: plugin}
- name: open
  context: {cluster: open, user: token}
- name: old
  context: {cluster: one, user: old}
- name: nobody
  context: {cluster: one, user: missing}
- name: half
  context: {cluster: one, user: half}
clusters:
- name: one
  cluster:
    server: https://10.0.0.1:6443/
    certificate-authority-data: Q0E=
- name: named
  cluster:
    server: https://k
    tls-server-name: api.test
    certificate-authority: ca.pem
    extensions:
    - {name: other, extension: 1}
    - {name: client.authentication.k8s.io/exec, extension: {audience: mine}}
- name: open
  cluster: {server: "https://k", insecure-skip-tls-verify: true}
users:
- name: cert
  user: {client-certificate-data: Q0VSVA==, client-key-data: S0VZ}
- name: token
  user: {token: "123", tokenFile: token}
- name: old
  user: {auth-provider: {name: gcp}}
- name: half
  user: {client-certificate-data: Q0VSVA==}
- name: plugin
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./login
      args: [--cluster, "7"]
      env: [{name: REGION, value: here}]
      installHint: install it
      provideClusterInfo: true
)";

class ClusterAccessTest : public testing::Test {
 protected:
  void SetUp() override {
    crypto_init();
    folder_ = fs::temp_directory_path() / ("leoflow-kube-" + random_token(12));
    ASSERT_TRUE(make_folder(folder_));
    ASSERT_TRUE(write_file(folder_ / "ca.pem", "CA file"));
  }
  void TearDown() override { EXPECT_TRUE(remove_tree(folder_)); }
  Result<ClusterAccess> read(ContextChoice choice = {}, const std::string& text = kFile) {
    return read_kubeconfig({{folder_ / "config", text}}, choice);
  }
  fs::path folder_;
};

TEST_F(ClusterAccessTest, ResolvesTheCurrentContext) {
  auto access = read();
  ASSERT_TRUE(access) << access.error().text();
  EXPECT_EQ(access->server, "https://10.0.0.1:6443");
  EXPECT_EQ(access->ca_pem, "CA");
  EXPECT_EQ(access->certificate_pem, "CERT");
  EXPECT_EQ(access->key_pem, "KEY");
  EXPECT_EQ(access->namespace_name, "flows");
  EXPECT_EQ(read({.namespace_name = "other"})->namespace_name, "other");
}

TEST_F(ClusterAccessTest, ReadsTokensFilesAndPlugins) {
  auto token = read({.context = "token"});
  ASSERT_TRUE(token);
  EXPECT_EQ(token->token, "123");
  EXPECT_EQ(token->token_file, folder_ / "token");
  EXPECT_EQ(token->namespace_name, "default");
  auto plugin = read({.context = "plugin"});
  ASSERT_TRUE(plugin) << plugin.error().text();
  EXPECT_EQ(plugin->ca_pem, "CA file");
  EXPECT_EQ(plugin->tls_server_name, "api.test");
  ASSERT_TRUE(plugin->exec);
  EXPECT_EQ(fs::path(plugin->exec->command).lexically_normal(), folder_ / "login");
  EXPECT_EQ(plugin->exec->arguments, (std::vector<std::string>{"--cluster", "7"}));
  EXPECT_EQ(plugin->exec->environment.at("REGION"), "here");
  EXPECT_TRUE(plugin->exec->wants_cluster_info);
  EXPECT_EQ(exec_info(*plugin),
            R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":)"
            R"({"interactive":false,"cluster":{"server":"https://k","tls-server-name":"api.test",)"
            R"("certificate-authority-data":"Q0EgZmlsZQ==","config":{"audience":"mine"}}}})");
  plugin->exec->wants_cluster_info = false;
  EXPECT_FALSE(exec_info(*plugin).contains("cluster"));
}

TEST_F(ClusterAccessTest, RefusesByName) {
  struct Row {
    const char* context;
    Code code;
    const char* says;
  };
  for (const Row& row :
       {Row{"open", Code::denied, "insecure-skip-tls-verify"},
        Row{"old", Code::invalid, "auth-provider"}, Row{"nobody", Code::not_found, "missing"},
        Row{"half", Code::invalid, "key"}, Row{"nowhere", Code::not_found, "nowhere"}}) {
    auto access = read({.context = row.context});
    ASSERT_FALSE(access) << row.context;
    EXPECT_EQ(access.error().code(), row.code) << row.context;
    EXPECT_TRUE(access.error().message().contains(row.says)) << access.error().message();
  }
  EXPECT_TRUE(read({.context = "open", .insecure_ok = true})->insecure);
  EXPECT_EQ(read({}, "a: [").error().code(), Code::invalid);
  EXPECT_EQ(read({}, "- x").error().code(), Code::invalid);
  EXPECT_EQ(read({}, "").error().code(), Code::not_found);
}

TEST_F(ClusterAccessTest, TheFirstFileWins) {
  std::string first = "current-context: token\nusers: [{name: token, user: {token: own}}]\n";
  auto access = read_kubeconfig({{folder_ / "a", first}, {folder_ / "b", kFile}}, {});
  ASSERT_TRUE(access);
  EXPECT_EQ(access->token, "own");
  EXPECT_EQ(access->server, "https://10.0.0.1:6443");
  ASSERT_TRUE(write_file(folder_ / "config", kFile));
  EXPECT_TRUE(load_kubeconfig((folder_ / "none").string() + ":" + (folder_ / "config").string(),
                              folder_, {}));
  EXPECT_EQ(load_kubeconfig("", folder_, {}).error().code(), Code::not_found);
}

TEST_F(ClusterAccessTest, FindsItsWayInAPod) {
  EXPECT_EQ(in_cluster_access("", "", "", folder_).error().code(), Code::not_found);
  for (const char* name : {"token", "ca.crt", "namespace"})
    ASSERT_TRUE(write_file(folder_ / name, std::string(name) + "\n"));
  auto access = in_cluster_access("fd00::1", "6443", "", folder_);
  ASSERT_TRUE(access);
  EXPECT_EQ(access->server, "https://[fd00::1]:6443");
  EXPECT_EQ(access->namespace_name, "namespace");
  EXPECT_EQ(access->token_file, folder_ / "token");
}

TEST(YamlJson, KeepsQuotedTextAsText) {
  auto value = yaml_to_json("{a: 1, b: '1', c: true, d: 'true', e: ~, f: 1.5, g: 010x}", "t");
  ASSERT_TRUE(value);
  EXPECT_EQ(json::dump(*value),
            R"({"a":1,"b":"1","c":true,"d":"true","e":null,"f":1.5,"g":"010x"})");
}

TEST(ExecCredential, IsChecked) {
  const std::string v1 = "client.authentication.k8s.io/v1";
  auto good = parse_exec_credential(
      R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",
          "status":{"token":"t","expirationTimestamp":"2024-02-29T13:05:09Z"}})",
      v1);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->token, "t");
  EXPECT_EQ(good->expires_at, *parse_time("2024-02-29T13:05:09Z"));
  for (const char* bad :
       {"", "[]", R"({"kind":"Pod"})",
        R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1"})",
        R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",
            "status":{"clientCertificateData":"c"}})",
        R"({"kind":"ExecCredential","apiVersion":"v2","status":{"token":"t"}})"}) {
    EXPECT_EQ(parse_exec_credential(bad, v1).error().code(), Code::invalid) << bad;
  }
}

}  // namespace
}  // namespace leoflow::kube
