// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/own_cache.h"

#include <gtest/gtest.h>

#include <future>

#include "exec/kubernetes/fake_api_test.h"

namespace leoflow::kube {
namespace {

constexpr auto kSoon = std::chrono::milliseconds(5);
constexpr const char* kClaim = "leoflow-i1-cache";
constexpr const char* kClaims = "persistentvolumeclaims";

class OwnCacheTest : public testing::Test {
 protected:
  void add_node(const std::string& name) {
    api_.put("nodes", {{"metadata", json::object{{"name", name}}}});
  }
  void bind() {
    api_.change(
        kClaim, [](json::object& claim) { claim["status"] = json::object{{"phase", "Bound"}}; },
        kClaims);
  }
  void start(Duration look_for = std::chrono::minutes(5)) {
    auto connected = Cluster::connect(api_.access(), clock_, {});
    ASSERT_TRUE(connected.has_value());
    cluster_ = std::move(*connected);
    cache_ = std::make_unique<OwnCache>(
        *cluster_,
        OwnCacheSettings{
            .namespace_name = "team", .instance = "i1", .look_every = kSoon, .look_for = look_for},
        [this](const std::string& claim) { ready_.set_value(claim); });
    cache_->start();
  }
  void until_called(const std::string& call) {
    while (api_.count(call) == 0) std::this_thread::yield();
  }
  // What was begun before this is answered.
  void settle() {
    cluster_->call([](ApiClient& api, ApiClient::Reply reply) {
      api.get(kVolumeClaims, "team", "other", std::move(reply));
    });
  }
  void TearDown() override {
    if (cluster_) cluster_->stop();
  }

  FakeApi api_;
  SystemClock clock_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<OwnCache> cache_;
  std::promise<std::string> ready_;
};

TEST_F(OwnCacheTest, IsReadyOnceItsClaimIsBound) {
  add_node("one");
  start();
  until_called("GET /api/v1/namespaces/team/persistentvolumeclaims/leoflow-i1-cache");
  auto ready = ready_.get_future();
  EXPECT_EQ(ready.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  bind();
  EXPECT_EQ(ready.get(), kClaim);
  json::object claim = api_.object(kClaim, kClaims);
  EXPECT_EQ(json::dump(claim.at("metadata").as_object().at("annotations")),
            R"({"volume.kubernetes.io/selected-node":"one"})");
}

TEST_F(OwnCacheTest, UsesTheClaimOfAnEarlierStart) {
  add_node("one");
  OwnCacheSettings settings{.namespace_name = "team", .instance = "i1"};
  api_.put(kClaims, make_cache_claim(settings, "one"));
  bind();
  start();
  EXPECT_EQ(ready_.get_future().get(), kClaim);
}

TEST_F(OwnCacheTest, IsNotMadeWhereThereAreSeveralNodes) {
  add_node("one");
  add_node("two");
  start();
  until_called("GET /api/v1/nodes");
  settle();
  EXPECT_FALSE(api_.has(kClaim, kClaims));
}

TEST_F(OwnCacheTest, IsNotMadeWhereNodesMayNotBeListed) {
  add_node("one");
  api_.inject({.of = "/nodes", .times = 9, .status = 403, .reason = "Forbidden"});
  start();
  until_called("GET /api/v1/nodes");
  settle();
  EXPECT_FALSE(api_.has(kClaim, kClaims));
}

}  // namespace
}  // namespace leoflow::kube
