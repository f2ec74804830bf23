// SPDX-License-Identifier: Apache-2.0
#include "rpc/agent_sessions.h"

#include <gtest/gtest.h>

#include <future>

#include "base/crypto.h"
#include "leoflow_agent.pb.h"
#include "rpc/pod_session.h"

namespace leoflow {
namespace {

class FakePeer : public SessionPeer {
 public:
  void send(const wire::ServerMessage& message) override { sent.push_back(message); }
  void close(const Error& reason) override { closed = reason.message(); }
  bool same_host() const override { return false; }
  std::vector<wire::ServerMessage> sent;
  std::string closed;
};

class Everything : public ExecutorListener, public ClaimProvider, public LogSink {
 public:
  void on_claimed(AttemptId, const std::string&, const std::string& hostname) override {
    host = hostname;
  }
  void on_running(AttemptId, int64_t, Time) override {}
  void on_outcome(Outcome outcome) override { outcomes.push_back(outcome); }
  void on_xcom(AttemptId, XCom, std::function<void(Status)> done) override { done({}); }
  void on_agent_connected(const std::string&, std::vector<HeldAttempt> now) override {
    held = std::move(now);
  }
  void on_agent_lost(const std::string& agent, const std::string&) override {
    lost.set_value(agent);
  }
  void on_dispatch_failed(AttemptId, Error) override {}
  bool attempt_open(AttemptId attempt) override { return attempt.value < 100; }
  Result<Claim> claim(AttemptId) override { return Claim(); }
  Result<std::vector<std::optional<std::string>>> pull_xcom(AttemptId, const XComPull&) override {
    return {};
  }
  Result<std::optional<VariableValue>> variable(AttemptId, const std::string&) override {
    return std::nullopt;
  }
  Status set_variable(AttemptId, const std::string&, const std::string&,
                      const std::string&) override {
    return {};
  }
  Status delete_variable(AttemptId, const std::string&) override { return {}; }
  Result<std::optional<std::string>> connection(AttemptId, const std::string&) override {
    return std::nullopt;
  }
  Result<std::string> previous_run(AttemptId) override { return std::string(); }
  Result<uint64_t> append(AttemptId, uint64_t offset, std::string_view bytes) override {
    return offset + bytes.size();
  }
  uint64_t stored(AttemptId) override { return 12; }
  void log_begun(AttemptId attempt, uint64_t stored) override {
    logs.push_back("begun " + std::to_string(attempt.value) + " " + std::to_string(stored));
  }
  void log_ended(AttemptId attempt, uint64_t bytes) override {
    logs.push_back("ended " + std::to_string(attempt.value) + " " + std::to_string(bytes));
  }

  std::string host;
  std::vector<Outcome> outcomes;
  std::vector<std::string> logs;
  std::vector<HeldAttempt> held;
  std::promise<std::string> lost;
};

class NoPlaces : public PodPlaces {
 public:
  Result<PodPlace> find(const std::string&) override { return fail(Code::not_found, "none"); }
};

class AgentSessionsTest : public testing::Test {
 protected:
  AgentSessionsTest() {
    crypto_init();
    options_.node_secret = "secret";
    options_.version = "2.0";
    options_.instance_id = "one";
    options_.lease = std::chrono::milliseconds(20);
    sessions_ = std::make_unique<AgentSessions>(thread_, options_, all_, all_, all_);
  }
  ~AgentSessionsTest() override {
    on_loop([&] { sessions_->close_all(); });
    thread_->stop_and_join();
  }
  void on_loop(std::function<void()> task) {
    std::promise<void> done;
    thread_->loop().post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }
  void hello(FakePeer& peer, std::vector<int64_t> held = {}, const std::string& secret = "secret") {
    hello(peer, Speaks{}, std::move(held), secret);
  }
  // What an agent of some version would say; protocol 0 leaves the number out.
  struct Speaks {
    std::string version = "2.0";
    int protocol = wire::PROTOCOL_CURRENT, oldest = wire::PROTOCOL_OLDEST;
    bool retiring = false;
    std::string agent = "a";
  };
  void hello(FakePeer& peer, const Speaks& speaks, std::vector<int64_t> held = {},
             const std::string& secret = "secret") {
    wire::AgentMessage message;
    auto* hello = message.mutable_hello();
    hello->set_agent_id(speaks.agent);
    hello->set_secret(secret);
    hello->set_hostname("host");
    hello->set_version(speaks.version);
    hello->set_protocol(speaks.protocol);
    hello->set_protocol_oldest(speaks.oldest);
    hello->set_retiring(speaks.retiring);
    for (int64_t id : held) hello->add_held()->set_attempt(id);
    on_loop([&] { sessions_->on_message(peer, message); });
  }
  // The order to retire that a peer got, null when none.
  static const wire::Retire* retired(const FakePeer& peer) {
    for (auto& message : peer.sent) {
      if (message.has_retire()) return &message.retire();
    }
    return nullptr;
  }
  void hello_of_pod(FakePeer& peer, const std::string& pod, const std::string& secret) {
    Speaks speaks;
    speaks.agent = "pod-" + pod;
    hello(peer, speaks, {}, secret);
  }
  void assign(int64_t id, const std::string& agent = "a") {
    WorkItem item;
    item.attempt = AttemptId{id};
    on_loop([&] { sessions_->assign(agent, item, nullptr); });
  }

  FakePeer peer, silent, first, second;  // outlive the sessions
  AgentServiceOptions options_;
  Everything all_;
  std::shared_ptr<LoopThread> thread_ = std::make_shared<LoopThread>("test");
  std::unique_ptr<AgentSessions> sessions_;
};

TEST_F(AgentSessionsTest, TurnsAwayAgentsWithoutTheSecret) {
  hello(peer, {}, "wrong");
  EXPECT_NE(peer.closed, "");
  EXPECT_TRUE(peer.sent.empty());
  wire::AgentMessage message;
  message.mutable_heartbeat();
  on_loop([&] { sessions_->on_message(silent, message); });
  EXPECT_NE(silent.closed, "");
  EXPECT_TRUE(sessions_->connected().empty());
}

TEST_F(AgentSessionsTest, WelcomesWithOffsetsAndUnknownAttempts) {
  hello(peer, {1, 200});
  ASSERT_EQ(peer.sent.size(), 1u);
  auto& welcome = peer.sent[0].welcome();
  ASSERT_EQ(welcome.log_offsets_size(), 1);
  EXPECT_EQ(welcome.log_offsets(0).offset(), 12);
  ASSERT_EQ(welcome.unknown_attempts_size(), 1);
  EXPECT_EQ(welcome.unknown_attempts(0), 200);
  EXPECT_EQ(all_.held.size(), 1u);
  EXPECT_EQ(sessions_->connected(), std::vector<std::string>{"a"});
}

TEST_F(AgentSessionsTest, ANewerSessionSupersedesAndGetsUnheardAssignments) {
  hello(first);
  assign(5);
  assign(6);
  wire::AgentMessage claimed;
  claimed.mutable_claimed()->set_attempt(6);
  on_loop([&] { sessions_->on_message(first, claimed); });
  hello(second, {6});
  EXPECT_NE(first.closed, "");
  ASSERT_EQ(second.sent.size(), 2u) << "welcome and one assignment";
  EXPECT_EQ(second.sent[1].assign().attempt(), 5);
  EXPECT_EQ(all_.held.size(), 2u) << "what was sent again counts as held";
  on_loop([&] { sessions_->on_closed(first); });
  EXPECT_EQ(sessions_->connected().size(), 1u) << "the end of the old session changes nothing";
}

TEST_F(AgentSessionsTest, TellsWhichLogsWillGetAnEndAndWhere) {
  hello(peer, {1, 200});
  wire::AgentMessage claimed, ended, refused;
  claimed.mutable_claimed()->set_attempt(2);
  ended.mutable_log_end()->set_attempt(2);
  ended.mutable_log_end()->set_log_bytes(70);
  refused.mutable_refused()->set_attempt(1);
  on_loop([&] {
    for (auto* message : {&claimed, &ended, &refused}) sessions_->on_message(peer, *message);
  });
  EXPECT_EQ(all_.logs,
            (std::vector<std::string>{"begun 1 12", "begun 2 0", "ended 2 70", "ended 1 0"}));
}

TEST_F(AgentSessionsTest, ARemoteAgentIsLostAfterItsLease) {
  hello(peer);
  auto lost = all_.lost.get_future();
  on_loop([&] { sessions_->on_closed(peer); });
  EXPECT_EQ(lost.get(), "a");
}

TEST_F(AgentSessionsTest, SaysTheProtocolOfTheSession) {
  hello(first, Speaks{"2.0", 0, 0});
  EXPECT_EQ(first.sent[0].welcome().protocol(), 1) << "an agent from before the number";
  hello(second, Speaks{"2.0", wire::PROTOCOL_CURRENT + 3, 1});
  EXPECT_EQ(second.sent[0].welcome().protocol(), wire::PROTOCOL_CURRENT);
  EXPECT_EQ(second.sent[0].welcome().version(), "2.0");
  EXPECT_EQ(retired(second), nullptr);
  EXPECT_TRUE(sessions_->takes_work("a"));
}

TEST_F(AgentSessionsTest, AnAgentTooNewHandsInWhatItHoldsAndGetsNothing) {
  constexpr int kFuture = wire::PROTOCOL_CURRENT + 1;
  hello(first, Speaks{"9.0", kFuture, kFuture}, {1});
  EXPECT_EQ(first.closed, "");
  EXPECT_EQ(first.sent[0].welcome().log_offsets_size(), 1) << "its logs are taken";
  ASSERT_NE(retired(first), nullptr);
  EXPECT_FALSE(retired(first)->when_idle());
  EXPECT_NE(retired(first)->reason().find("9.0"), std::string::npos) << retired(first)->reason();
  EXPECT_EQ(sessions_->connected(), std::vector<std::string>{"a"}) << "cancels still reach it";
  EXPECT_FALSE(sessions_->takes_work("a"));
  assign(5);
  wire::AgentMessage finished;
  finished.mutable_finished()->set_attempt(1);
  finished.mutable_finished()->set_kind("succeeded");
  on_loop([&] { sessions_->on_message(first, finished); });
  EXPECT_EQ(all_.outcomes.size(), 1u);
  for (auto& message : first.sent) EXPECT_FALSE(message.has_assign());
  hello(second);  // the fresh one
  EXPECT_EQ(second.sent.back().assign().attempt(), 5) << "nothing was lost meanwhile";
  EXPECT_TRUE(sessions_->takes_work("a"));
}

TEST_F(AgentSessionsTest, OutcomesCarryAssetEvents) {
  auto finish = [&](FakePeer& peer, int64_t attempt, const std::string& events) {
    wire::AgentMessage message;
    message.mutable_finished()->set_attempt(attempt);
    message.mutable_finished()->set_kind("succeeded");
    message.mutable_finished()->set_asset_events(events);
    on_loop([&] { sessions_->on_message(peer, message); });
    return all_.outcomes.back();
  };
  hello(first);
  Outcome told = finish(first, 1, R"([{"asset":{"name":"a","uri":"u"},"extra":{"n":1}}])");
  ASSERT_EQ(told.asset_events.size(), 1u);
  EXPECT_EQ(told.asset_events[0].asset.key.uri, "u");
  EXPECT_TRUE(told.tells_assets);
  EXPECT_TRUE(finish(first, 2, "no list").asset_events.empty()) << "the outcome stands";
  hello(second, Speaks{"1.9", wire::PROTOCOL_ASSET_EVENTS - 1, 1});
  EXPECT_FALSE(finish(second, 3, "").tells_assets) << "of an agent that cannot";
}

TEST_F(AgentSessionsTest, AProgramThatStaysWithoutACommonProtocolIsToldAsUnfit) {
  struct Observer : AgentObserver {
    std::vector<AttemptId> waiting_for(const std::string&) override { return {}; }
    void on_session_open(const std::string&) override { said.push_back("open"); }
    void on_session_closed(const std::string&) override {}
    void on_unfit(const std::string&, const Error& why) override { said.push_back(why.text()); }
    std::vector<std::string> said;
  } observer;
  on_loop([&] { sessions_->set_observer(&observer); });
  constexpr int kFuture = wire::PROTOCOL_CURRENT + 1;
  hello(peer, Speaks{"9.0", kFuture, kFuture});
  hello(silent, Speaks{"9.0", kFuture, kFuture, true});  // the same process, in a new session
  EXPECT_EQ(observer.said, (std::vector<std::string>{"open", "open"}));
  hello(first, Speaks{"9.0", kFuture, kFuture});
  ASSERT_EQ(observer.said.size(), 4u);
  EXPECT_NE(observer.said[2].find("hint: install both programs"), std::string::npos)
      << observer.said[2];
  hello(second);  // mended
  EXPECT_EQ(observer.said.back(), "open");
  on_loop([&] { sessions_->set_observer(nullptr); });
}

TEST_F(AgentSessionsTest, AnAgentOfAnotherVersionIsReplacedWhenThatCostsNothing) {
  hello(first, Speaks{"1.9"}, {1});
  ASSERT_NE(retired(first), nullptr);
  EXPECT_TRUE(retired(first)->when_idle());
  EXPECT_TRUE(sessions_->takes_work("a"));
  hello(second, Speaks{"1.9"});
  EXPECT_EQ(retired(second), nullptr) << "its program stays of that version: not again and again";
  EXPECT_TRUE(sessions_->takes_work("a"));
}

TEST_F(AgentSessionsTest, AnAgentWithoutANumberIsReplacedOnlyWhenItHoldsNothing) {
  hello(first, Speaks{"1.8", 0, 0}, {1});
  EXPECT_EQ(retired(first), nullptr) << "it would take no work until its tasks are over";
  EXPECT_TRUE(sessions_->takes_work("a"));
  on_loop([&] { sessions_->close_all(); });  // the server starts anew
  sessions_ = std::make_unique<AgentSessions>(thread_, options_, all_, all_, all_);
  hello(second, Speaks{"1.8", 0, 0});
  ASSERT_NE(retired(second), nullptr);
  EXPECT_FALSE(sessions_->takes_work("a"));
}

TEST_F(AgentSessionsTest, AnAgentThatRetiresGetsNoWork) {
  hello(peer, Speaks{.retiring = true});
  EXPECT_EQ(sessions_->connected().size(), 1u);
  EXPECT_FALSE(sessions_->takes_work("a"));
}

TEST_F(AgentSessionsTest, APodNeedsTheSecretOfItsOwnSessions) {
  NoPlaces places;
  options_.token_key = "key";
  std::string secret = make_pod_secret("key", "etl-1", "uid");
  hello_of_pod(first, "etl-1", secret);
  EXPECT_NE(first.closed, "") << "no pods are taken here";
  options_.pods.places = &places;
  hello_of_pod(second, "etl-1", "secret");
  EXPECT_NE(second.closed, "") << "that of the home is not for pods";
  hello_of_pod(silent, "etl-2", secret);
  EXPECT_NE(silent.closed, "");
  hello_of_pod(peer, "etl-1", secret);
  EXPECT_EQ(peer.closed, "");
  EXPECT_EQ(sessions_->connected(), std::vector<std::string>{"pod-etl-1"});
}

TEST_F(AgentSessionsTest, ASilentPodIsNotLostAndGetsItsOrdersLater) {
  NoPlaces places;
  options_.token_key = "key";
  options_.pods.places = &places;
  std::string secret = make_pod_secret("key", "etl-1", "uid");
  hello_of_pod(first, "etl-1", secret);
  assign(5, "pod-etl-1");
  on_loop([&] { sessions_->on_closed(first); });
  // A node agent that goes later is lost, so the pod would have been.
  hello(peer);
  on_loop([&] { sessions_->on_closed(peer); });
  EXPECT_EQ(all_.lost.get_future().get(), "a");
  hello_of_pod(second, "etl-1", secret);
  ASSERT_EQ(second.sent.size(), 2u);
  EXPECT_EQ(second.sent[1].assign().attempt(), 5);
}

// Whoever committed it need not know who runs what: after a restart nobody does at first.
TEST_F(AgentSessionsTest, AnOutcomeIsAnsweredOnceToWhoReportedIt) {
  Speaks of_b;
  of_b.agent = "b";
  hello(peer, {7});
  hello(second, of_b);
  wire::AgentMessage message;
  message.mutable_finished()->set_attempt(7);
  message.mutable_finished()->set_kind("succeeded");
  on_loop([&] { sessions_->on_message(peer, message); });
  size_t before = peer.sent.size(), before_other = second.sent.size();
  for (int64_t attempt : {7, 7, 8}) on_loop([&] { sessions_->acknowledge(AttemptId{attempt}); });
  ASSERT_EQ(peer.sent.size(), before + 1);
  EXPECT_EQ(peer.sent.back().acknowledge().attempt(), 7);
  EXPECT_EQ(second.sent.size(), before_other);
  // A session that ended hears nothing: its agent tells all of it again.
  on_loop([&] { sessions_->on_message(peer, message); });
  on_loop([&] { sessions_->on_closed(peer); });
  on_loop([&] { sessions_->acknowledge(AttemptId{7}); });
  EXPECT_EQ(peer.sent.size(), before + 1);
}

TEST_F(AgentSessionsTest, AnUnknownOutcomeKindIsALossNotAGuess) {
  hello(peer);
  wire::AgentMessage message;
  message.mutable_finished()->set_attempt(3);
  message.mutable_finished()->set_kind("exploded");
  on_loop([&] { sessions_->on_message(peer, message); });
  ASSERT_EQ(all_.outcomes.size(), 1u);
  EXPECT_EQ(all_.outcomes[0].kind, OutcomeKind::lost);
  EXPECT_NE(all_.outcomes[0].reason.find("exploded"), std::string::npos);
}

}  // namespace
}  // namespace leoflow
