// SPDX-License-Identifier: Apache-2.0
#include "agent/agent_core.h"

#include <gtest/gtest.h>

#include <deque>

#include "leoflow_agent.pb.h"

namespace leoflow {
namespace {

class FakeLink : public ServerLink {
 public:
  void open(ServerLinkListener& opened) override {
    listener = &opened;
    ++opens;
  }
  void close() override { listener = nullptr; }
  void send(const wire::AgentMessage& message) override { sent.push_back(message); }
  size_t queued_bytes() const override { return 0; }
  void claim(const std::string&, const wire::ClaimRequest&,
             CallDone<wire::ClaimReply> done) override {
    claims.push_back(std::move(done));
  }
  void pull_xcom(const std::string&, const wire::PullXComRequest&,
                 CallDone<wire::PullXComReply>) override {}
  void get_variable(const std::string&, const wire::GetVariableRequest&,
                    CallDone<wire::GetVariableReply> done) override {
    variables.push_back(std::move(done));
  }
  void set_variable(const std::string&, const wire::SetVariableRequest&,
                    CallDone<wire::Empty>) override {}
  void delete_variable(const std::string&, const wire::DeleteVariableRequest&,
                       CallDone<wire::Empty>) override {}
  void get_connection(const std::string&, const wire::GetConnectionRequest&,
                      CallDone<wire::GetConnectionReply>) override {}
  void query_assets(const std::string&, const wire::QueryAssetsRequest&,
                    CallDone<wire::QueryAssetsReply>) override {}

  ServerLinkListener* listener = nullptr;
  std::deque<wire::AgentMessage> sent;
  std::deque<CallDone<wire::ClaimReply>> claims;
  std::deque<CallDone<wire::GetVariableReply>> variables;
  int opens = 0;
};

class FakeRunner : public TaskRunner {
 public:
  void launch(Launch launch) override { launched.push_back(launch.attempt); }
  void end(AttemptId attempt, const std::string& kind, const std::string& reason) override {
    ends.push_back(std::to_string(attempt.value) + " " + kind + " " + reason);
  }
  void warm(const std::string& environment) override { warmed.push_back(environment); }
  void answer(AttemptId, const std::string& frame, const std::vector<std::string>&) override {
    answers.push_back(frame);
  }
  std::vector<AttemptId> launched;
  std::vector<std::string> ends, answers, warmed;
};

class FakeTimers : public AgentTimers {
 public:
  uint64_t after(Duration delay, std::move_only_function<void()> task) override {
    tasks.emplace(++last, std::pair(delay, std::move(task)));
    return last;
  }
  void cancel(uint64_t timer) override { tasks.erase(timer); }
  // Runs the oldest timer and returns its delay.
  Duration fire() {
    auto node = tasks.extract(tasks.begin());
    node.mapped().second();
    return node.mapped().first;
  }
  std::map<uint64_t, std::pair<Duration, std::move_only_function<void()>>> tasks;
  uint64_t last = 0;
};

class FixedClock : public Clock {
 public:
  Time now() const override { return from_micros(1'000'000); }
};

// Writes down what it is told, and what had been sent by then.
class FakeWitness : public OutcomeWitness {
 public:
  explicit FakeWitness(FakeLink& link) : link_(link) {}
  Status on_outcome(AttemptId, const FinishedRecord& outcome,
                    const std::map<int64_t, JournaledXCom>& unacknowledged) override {
    sent_before = link_.sent.size();
    told.push_back(outcome.kind + " with " + std::to_string(unacknowledged.size()));
    return full ? Status(fail(Code::unavailable, "full")) : Status();
  }
  void on_acknowledged(AttemptId) override { told.emplace_back("acknowledged"); }
  void on_refused(AttemptId, const std::string& reason) override { told.push_back(reason); }
  void on_ended(AttemptId) override { told.emplace_back("ended"); }

  std::vector<std::string> told;
  size_t sent_before = 0;
  bool full = false;

 private:
  FakeLink& link_;
};

class AgentCoreTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/leoflow-core-test-XXXXXX";
    root_ = mkdtemp(pattern);
    start();
  }
  void TearDown() override {
    core_.reset();
    (void)remove_tree(root_);
  }
  void start() {
    core_.reset();
    store_.emplace(*AttemptStore::open(root_));
    AgentCore::Options options{"node-1", "0.1.0", "host", "secret", 1, 2};
    options.exit = [this](const std::string& reason) { exit_ = reason; };
    if (change_options_) change_options_(options);
    core_ = std::make_unique<AgentCore>(options, *store_, link_, runner_, timers_, clock_);
    core_->start(*store_->load());
  }
  void welcome(std::vector<int64_t> unknown = {}) {
    wire::ServerMessage message;
    message.mutable_welcome()->set_instance_id("one");
    message.mutable_welcome()->set_lease_ms(9000);
    for (int64_t id : unknown) message.mutable_welcome()->add_unknown_attempts(id);
    link_.listener->on_message(message);
  }
  void assign(int64_t id) {
    wire::ServerMessage message;
    message.mutable_assign()->set_attempt(id);
    message.mutable_assign()->set_token("token");
    link_.listener->on_message(message);
  }
  void answer_claim(Result<std::shared_ptr<wire::ClaimReply>> reply) {
    auto done = std::move(link_.claims.front());
    link_.claims.pop_front();
    done(std::move(reply));
  }
  void begin(int64_t id) {
    assign(id);
    auto reply = std::make_shared<wire::ClaimReply>();
    reply->set_start_json("{}");
    answer_claim(reply);
  }
  void acknowledge(int64_t id) {
    wire::ServerMessage message;
    message.mutable_acknowledge()->set_attempt(id);
    link_.listener->on_message(message);
  }
  // The runner appends to the log of attempt one.
  void write_log(const std::string& lines) {
    auto spool = LogSpool::open(store_->log_path(one_), one_);
    ASSERT_TRUE(spool->append(lines));
    core_->on_log(one_, spool->size());
  }
  void assign_with_claim(int64_t id) {
    wire::ServerMessage message;
    message.mutable_assign()->set_attempt(id);
    message.mutable_assign()->mutable_claim()->set_start_json("{}");
    link_.listener->on_message(message);
  }
  // Messages of one kind sent since the last call.
  std::vector<wire::AgentMessage> take(wire::AgentMessage::BodyCase body) {
    std::vector<wire::AgentMessage> found;
    for (auto& message : link_.sent) {
      if (message.body_case() == body) found.push_back(message);
    }
    link_.sent.clear();
    return found;
  }

  fs::path root_;
  FakeLink link_;
  FakeRunner runner_;
  FakeTimers timers_;
  FixedClock clock_;
  std::optional<AttemptStore> store_;
  std::unique_ptr<AgentCore> core_;
  std::string exit_;
  std::function<void(AgentCore::Options&)> change_options_;
  AttemptId one_{1};
};

using Body = wire::AgentMessage;
const Error kGone(Code::unavailable, "gone");

TEST_F(AgentCoreTest, ReportsAnOutcomeUntilItIsAcknowledged) {
  welcome();
  begin(1);
  ASSERT_EQ(runner_.launched.size(), 1u);
  ASSERT_TRUE(core_->on_outcome(one_, {.kind = "succeeded"}));
  core_->on_ended(one_);
  EXPECT_EQ(take(Body::kFinished).size(), 1u);
  link_.listener->on_disconnected(kGone);
  EXPECT_EQ(timers_.fire(), kReconnectDelayMin);
  welcome();
  EXPECT_EQ(take(Body::kFinished).size(), 1u) << "again with the new session";
  acknowledge(1);
  EXPECT_EQ(core_->held(), 0u);
  EXPECT_TRUE(AttemptStore::open(root_)->load()->empty());
}

TEST_F(AgentCoreTest, RepeatsAnOutcomeThatNobodyAnswered) {
  welcome();
  begin(1);
  ASSERT_TRUE(core_->on_outcome(one_, {.kind = "succeeded"}));
  core_->on_ended(one_);
  EXPECT_EQ(take(Body::kFinished).size(), 1u);
  auto told_with_heartbeat = [&] {
    while (link_.sent.empty()) timers_.fire();
    return take(Body::kFinished).size();
  };
  EXPECT_EQ(told_with_heartbeat(), 0u) << "the answer may be on its way";
  EXPECT_EQ(told_with_heartbeat(), 1u);
  acknowledge(1);
  EXPECT_EQ(core_->held(), 0u);
}

TEST_F(AgentCoreTest, RestartReportsDurableOutcomesAndLostAttempts) {
  welcome();
  begin(1);
  begin(2);
  ASSERT_TRUE(core_->on_xcom(one_, {.key = "k", .value_json = "5"}));
  ASSERT_TRUE(core_->on_outcome(one_, {.kind = "failed", .reason = "exit code 3"}));
  link_.sent.clear();
  start();
  EXPECT_EQ(link_.sent.front().hello().held_size(), 2);
  welcome();
  auto finished = take(Body::kFinished);
  ASSERT_EQ(finished.size(), 2u);
  EXPECT_EQ(finished[0].finished().reason(), "exit code 3");
  ASSERT_EQ(finished[0].finished().xcoms_size(), 1);
  EXPECT_EQ(finished[0].finished().xcoms(0).value_json(), "5");
  EXPECT_EQ(finished[1].finished().kind(), "lost");
  EXPECT_EQ(finished[1].finished().reason(), "agent ended");
}

TEST_F(AgentCoreTest, AcknowledgedXComsAreNotRepeated) {
  welcome();
  begin(1);
  ASSERT_TRUE(core_->on_xcom(one_, {.key = "k", .value_json = "5"}));
  auto pushes = take(Body::kXcomPush);
  ASSERT_EQ(pushes.size(), 1u);
  wire::ServerMessage ack;
  ack.mutable_xcom_ack()->set_attempt(1);
  ack.mutable_xcom_ack()->set_sequence(pushes[0].xcom_push().sequence());
  link_.listener->on_message(ack);
  ASSERT_TRUE(core_->on_outcome(one_, {.kind = "succeeded"}));
  EXPECT_EQ(take(Body::kFinished)[0].finished().xcoms_size(), 0);
}

TEST_F(AgentCoreTest, CallsWaitForTheServerToComeBack) {
  welcome();
  begin(1);
  link_.listener->on_disconnected(kGone);
  json::object call{{"op", "variable_get"}, {"key", "k"}};
  core_->on_call(one_, call);
  EXPECT_TRUE(link_.variables.empty());
  timers_.fire();
  welcome();
  ASSERT_EQ(link_.variables.size(), 1u);
  auto reply = std::make_shared<wire::GetVariableReply>();
  reply->set_found(true);
  reply->set_value("v");
  link_.variables.front()(reply);
  ASSERT_EQ(runner_.answers.size(), 1u);
  EXPECT_EQ(runner_.answers[0], R"({"found":true,"value":"v"})");
}

TEST_F(AgentCoreTest, DropsWhatTheServerNoLongerWants) {
  welcome();
  assign(1);
  answer_claim(fail(Code::not_found, "superseded"));
  EXPECT_EQ(core_->held(), 0u);
  EXPECT_TRUE(take(Body::kRefused).empty());
  begin(2);
  link_.listener->on_disconnected(kGone);
  timers_.fire();
  welcome({2});
  EXPECT_EQ(runner_.ends, std::vector<std::string>{"2 cancelled superseded"});
  ASSERT_TRUE(core_->on_outcome(AttemptId{2}, {.kind = "cancelled"}));
  core_->on_ended(AttemptId{2});
  EXPECT_EQ(core_->held(), 0u);
  EXPECT_TRUE(take(Body::kFinished).empty());
}

TEST_F(AgentCoreTest, AnswersACancelForWhatItDoesNotHave) {
  welcome();
  wire::ServerMessage cancel;
  cancel.mutable_cancel()->set_attempt(9);
  cancel.mutable_cancel()->set_reason("cleared");
  link_.listener->on_message(cancel);
  auto finished = take(Body::kFinished);
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].finished().kind(), "cancelled");
}

TEST_F(AgentCoreTest, RefusesBeyondFourTimesItsSlots) {
  welcome();
  for (int64_t id = 1; id <= 8; ++id) assign(id);
  EXPECT_TRUE(take(Body::kRefused).empty());
  assign(9);
  EXPECT_EQ(take(Body::kRefused).size(), 1u);
}

TEST_F(AgentCoreTest, RetiresWhenEverythingIsAcknowledged) {
  welcome();
  begin(1);
  core_->retire("upgrade");
  assign(2);
  EXPECT_EQ(take(Body::kRefused).size(), 1u);
  ASSERT_TRUE(core_->on_outcome(one_, {.kind = "succeeded"}));
  core_->on_ended(one_);
  EXPECT_EQ(exit_, "");
  acknowledge(1);
  EXPECT_EQ(exit_, "retired");
}

TEST_F(AgentCoreTest, KeepsTheSpoolUntilTheServerHasAllOfTheLog) {
  welcome();
  begin(1);
  write_log("{\"event\":\"a\"}\n");
  EXPECT_TRUE(take(Body::kLogChunk).empty()) << "lines gather";
  while (timers_.fire() != kLogDelay) continue;
  auto chunks = take(Body::kLogChunk);
  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_EQ(chunks[0].log_chunk().data(), "{\"event\":\"a\"}\n");
  ASSERT_TRUE(core_->on_outcome(one_, {.kind = "succeeded"}));
  core_->on_ended(one_);
  acknowledge(1);
  EXPECT_EQ(core_->held(), 1u);
  wire::ServerMessage ack;
  ack.mutable_log_ack()->set_attempt(1);
  ack.mutable_log_ack()->set_offset(14);
  link_.listener->on_message(ack);
  EXPECT_EQ(core_->held(), 0u);
}

TEST_F(AgentCoreTest, TellsWhereALogEndsAndAgainAfterABreak) {
  welcome();
  begin(1);
  write_log("{\"event\":\"a\"}\n");
  ASSERT_TRUE(core_->on_outcome(one_, {.kind = "succeeded"}));
  EXPECT_TRUE(take(Body::kLogEnd).empty());
  core_->on_ended(one_);
  auto ends = take(Body::kLogEnd);
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].log_end().log_bytes(), 14);
  link_.listener->on_disconnected(kGone);
  timers_.fire();
  welcome();
  EXPECT_EQ(take(Body::kLogEnd).size(), 1u);
}

TEST_F(AgentCoreTest, SendsWhatWasPrintedBeforeTheOutcome) {
  welcome();
  begin(1);
  link_.sent.clear();
  write_log("{\"event\":\"a\"}\n");
  ASSERT_TRUE(core_->on_outcome(one_, {.kind = "succeeded"}));
  ASSERT_EQ(link_.sent.size(), 2u);
  EXPECT_EQ(link_.sent[0].body_case(), Body::kLogChunk);
  EXPECT_EQ(link_.sent[1].body_case(), Body::kFinished);
}

// The server's disk was full for a moment.
TEST_F(AgentCoreTest, SendsAgainWhatTheServerDidNotStore) {
  welcome();
  begin(1);
  write_log(std::string(kLogBytesAtOnce, 'x') + "\n");
  EXPECT_EQ(take(Body::kLogChunk).size(), 1u);
  size_t again = 0;
  for (int fired = 0; fired < 8 && again == 0; ++fired) {
    timers_.fire();
    again = take(Body::kLogChunk).size();
  }
  EXPECT_EQ(again, 1u);
}

TEST_F(AgentCoreTest, SendsManyLinesAtOnce) {
  welcome();
  begin(1);
  write_log(std::string(kLogBytesAtOnce, 'x') + "\n");
  EXPECT_EQ(take(Body::kLogChunk).size(), 1u);
}

TEST_F(AgentCoreTest, StartsWhatCameWithItsClaimOnce) {
  welcome();
  assign_with_claim(1);
  EXPECT_TRUE(link_.claims.empty());
  ASSERT_EQ(runner_.launched.size(), 1u);
  EXPECT_EQ(take(Body::kClaimed).size(), 1u);
  ASSERT_TRUE(core_->on_outcome(one_, {.kind = "succeeded"}));
  core_->on_ended(one_);
  acknowledge(1);
  EXPECT_EQ(core_->held(), 0u);
  assign_with_claim(1);  // the order again, late
  EXPECT_EQ(runner_.launched.size(), 1u);
}

TEST_F(AgentCoreTest, RetiresWhenIdleButTakesWorkUntilThen) {
  welcome();
  begin(1);
  wire::ServerMessage order;
  order.mutable_retire()->set_reason("another version");
  order.mutable_retire()->set_when_idle(true);
  link_.listener->on_message(order);
  assign_with_claim(2);
  EXPECT_EQ(runner_.launched.size(), 2u);
  for (int64_t id : {1, 2}) {
    EXPECT_EQ(exit_, "");
    ASSERT_TRUE(core_->on_outcome(AttemptId{id}, {.kind = "succeeded"}));
    core_->on_ended(AttemptId{id});
    acknowledge(id);
  }
  EXPECT_EQ(exit_, "retired");
}

TEST_F(AgentCoreTest, SaysItsProtocolAndWhetherItRetires) {
  auto hellos = take(Body::kHello);
  ASSERT_EQ(hellos.size(), 1u);
  EXPECT_EQ(hellos[0].hello().protocol(), wire::PROTOCOL_CURRENT);
  EXPECT_EQ(hellos[0].hello().protocol_oldest(), wire::PROTOCOL_OLDEST);
  EXPECT_FALSE(hellos[0].hello().retiring());
  welcome();  // of a server that is older than the number
  begin(1);
  core_->retire("upgrade");
  link_.listener->on_disconnected(kGone);
  link_.sent.clear();
  timers_.fire();
  EXPECT_TRUE(link_.sent.front().hello().retiring());
}

// A server that accepts and then says nothing.
TEST_F(AgentCoreTest, TriesAgainWhenAHelloIsNotAnswered) {
  EXPECT_EQ(timers_.fire(), kWelcomeMax);
  EXPECT_EQ(link_.listener, nullptr) << "the silent session is closed";
  EXPECT_EQ(timers_.fire(), kReconnectDelayMin);
  EXPECT_EQ(link_.opens, 2);
  for (int i = 0; i < 100 && exit_.empty(); ++i) timers_.fire();
  EXPECT_EQ(exit_, "no server for 1m 00.0s");
}

TEST_F(AgentCoreTest, EndsWhenTurnedAwayUnlessTasksRun) {
  const Error no(Code::unauthenticated, "the secret is another");
  welcome();
  begin(1);
  link_.listener->on_disconnected(no);
  EXPECT_EQ(exit_, "") << "a task runs";
  ASSERT_TRUE(core_->on_outcome(one_, {.kind = "succeeded"}));
  core_->on_ended(one_);
  EXPECT_EQ(exit_, "turned away: the secret is another");
  EXPECT_EQ(AttemptStore::open(root_)->load()->size(), 1u) << "for the next agent to report";
}

TEST_F(AgentCoreTest, EndsAfterTenMinutesWithoutAServer) {
  welcome();
  for (int i = 0; i < 10'000 && exit_.empty(); ++i) {
    link_.listener->on_disconnected(kGone);
    if (exit_.empty()) {
      EXPECT_LE(timers_.fire(), kReconnectDelayMax);
    }
  }
  EXPECT_EQ(exit_, "no server for 10m 00.0s");
}

// As in a pod: one attempt, and a witness.
class PodCoreTest : public AgentCoreTest {
 protected:
  void SetUp() override {
    change_options_ = [this](AgentCore::Options& options) {
      options.pod = true;
      options.attempts_max = 1;
      options.witness = &witness_;
    };
    AgentCoreTest::SetUp();
  }
  FakeWitness witness_{link_};
};

TEST_F(PodCoreTest, TakesOneAttemptAndEndsWhenItIsAcknowledged) {
  welcome();
  begin(1);
  assign(2);
  EXPECT_EQ(take(Body::kRefused).size(), 1u);
  ASSERT_TRUE(core_->on_xcom(one_, {.key = "k", .value_json = "5"}));
  link_.sent.clear();
  ASSERT_TRUE(core_->on_outcome(one_, {.kind = "succeeded"}));
  EXPECT_EQ(witness_.sent_before, 0u) << "the witness knows before the server";
  core_->on_ended(one_);
  EXPECT_EQ(exit_, "");
  acknowledge(1);
  EXPECT_EQ(exit_, "retired");
  EXPECT_EQ(witness_.told, (std::vector<std::string>{"succeeded with 1", "ended", "acknowledged"}))
      << "what it never took is not its outcome";
}

TEST_F(PodCoreTest, EndsWhenItGivesItsAttemptBack) {
  welcome();
  begin(1);
  link_.sent.clear();
  core_->on_refused(one_, "no such interpreter");
  EXPECT_EQ(take(Body::kRefused).size(), 1u);
  EXPECT_EQ(witness_.told, std::vector<std::string>{"no such interpreter"});
  EXPECT_EQ(exit_, "retired");
}

TEST_F(PodCoreTest, AnOutcomeThatTheWitnessCannotKeepIsNotTold) {
  welcome();
  begin(1);
  link_.sent.clear();
  witness_.full = true;
  EXPECT_FALSE(core_->on_outcome(one_, {.kind = "succeeded"}));
  EXPECT_TRUE(take(Body::kFinished).empty());
  witness_.full = false;
  EXPECT_TRUE(core_->on_outcome(one_, {.kind = "succeeded"}));
  EXPECT_EQ(take(Body::kFinished).size(), 1u);
}

TEST_F(PodCoreTest, KeepsAnOutcomeHoweverLongTheServerIsAway) {
  welcome();
  begin(1);
  ASSERT_TRUE(core_->on_outcome(one_, {.kind = "succeeded"}));
  core_->on_ended(one_);
  Duration away{0};
  while (away < 2 * kIdleWithoutServerMax) {
    link_.listener->on_disconnected(kGone);
    away += timers_.fire();
  }
  EXPECT_EQ(exit_, "");
  welcome();
  acknowledge(1);
  EXPECT_EQ(exit_, "retired");
}

}  // namespace
}  // namespace leoflow
