// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/cluster.h"

#include <gtest/gtest.h>

#include <future>

#include "exec/kubernetes/fake_api_test.h"

namespace leoflow::kube {
namespace {

class ClusterTest : public testing::Test {
 protected:
  void SetUp() override {
    auto connected = Cluster::connect(api_.access(), clock_, {});
    ASSERT_TRUE(connected) << connected.error().text();
    cluster_ = std::move(*connected);
  }

  FakeApi api_;
  SystemClock clock_;
  std::unique_ptr<Cluster> cluster_;
};

TEST_F(ClusterTest, ACallBringsItsReply) {
  api_.put("pods", {{"metadata", json::object{{"name", "one"}}}});
  auto pod = cluster_->call([](ApiClient& api, ApiClient::Reply reply) {
    api.get(kPods, "team", "one", std::move(reply));
  });
  ASSERT_TRUE(pod) << pod.error().error.text();
  EXPECT_EQ(json::string_or(pod->at("metadata").as_object(), "name"), "one");
}

TEST_F(ClusterTest, WhoWaitsForAReplyIsLetGo) {
  std::promise<ApiClient::Reply> asked;
  auto waiting = std::async(std::launch::async, [&] {
    return cluster_->call(
        [&](ApiClient&, ApiClient::Reply reply) { asked.set_value(std::move(reply)); });
  });
  auto late = asked.get_future().get();
  cluster_->refuse_calls();
  EXPECT_EQ(waiting.get().error().error.code(), Code::unavailable);
  bool begun = false;
  auto refused = cluster_->call([&](ApiClient&, ApiClient::Reply) { begun = true; });
  EXPECT_EQ(refused.error().error.code(), Code::unavailable);
  cluster_->run([&] { late(json::object()); });  // nobody hears it, and the thread goes on
  EXPECT_FALSE(begun);
}

}  // namespace
}  // namespace leoflow::kube
