// SPDX-License-Identifier: Apache-2.0
// The agent's link over real gRPC while sessions end under its hands.
#include "agent/grpc_link.h"

#include <gtest/gtest.h>

#include <future>

#include "agent/e2e_fixture_test.h"
#include "leoflow_agent.pb.h"

namespace leoflow {
namespace {

constexpr const char* kSecret = "secret";
constexpr int kSessions = 300;

// Says hello, then sends without a pause whatever becomes of the session, and opens the next one.
class Chatter : public ServerLinkListener {
 public:
  Chatter(Loop& loop, AgentService& service) : loop_(loop), service_(service) {}

  std::future<void> start(ServerLink& link) {
    loop_.post([this, &link] {
      link_ = &link;
      open();
      chat();
    });
    return over_.get_future();
  }

  void on_message(const wire::ServerMessage& message) override {
    if (message.has_welcome()) service_.resync();  // ends the session
  }
  void on_disconnected(const Error&) override {
    if (--left_ > 0) return open();
    over_.set_value();
  }
  void on_writable() override {}

 private:
  void open() {
    link_->open(*this);
    wire::AgentMessage message;
    message.mutable_hello()->set_agent_id("node-chatter");
    message.mutable_hello()->set_secret(kSecret);
    link_->send(message);
  }
  void chat() {
    if (left_ == 0) return;
    wire::AgentMessage message;
    message.mutable_heartbeat()->set_sent_at_us(1);
    if (link_->queued_bytes() == 0) link_->send(message);
    loop_.post([this] { chat(); });
  }

  Loop& loop_;
  AgentService& service_;
  ServerLink* link_ = nullptr;
  int left_ = kSessions;
  std::promise<void> over_;
};

// A session that has ended and is not told yet takes no writes: gRPC has freed it.
TEST(GrpcLink, SendsWhileSessionsEnd) {
  FakeServer server;
  AgentServiceOptions options;
  options.tcp_address = "127.0.0.1:0";
  options.node_secret = kSecret;
  options.token_key = "key";
  auto service = AgentService::start(options, server, server, server);
  ASSERT_TRUE(service) << service.error().text();
  // gRPC's threads may use link and loop for as long as the process lives.
  static auto* thread = new LoopThread("link-test");
  auto channel = make_server_channel({"127.0.0.1:" + std::to_string((*service)->tcp_port()), ""});
  ASSERT_TRUE(channel);
  static std::unique_ptr<ServerLink> kept;
  kept = make_grpc_link(thread->loop(), std::move(*channel));
  Chatter chatter(thread->loop(), **service);
  auto over = chatter.start(*kept);
  EXPECT_EQ(over.wait_for(std::chrono::minutes(2)), std::future_status::ready);
  std::promise<void> closed;
  thread->loop().post([&] {
    kept->close();
    closed.set_value();
  });
  closed.get_future().wait();
}

}  // namespace
}  // namespace leoflow
