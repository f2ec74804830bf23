// SPDX-License-Identifier: Apache-2.0
#include "exec/local/local_executor.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <set>

#include "base/file.h"
#include "base/log.h"

namespace leoflow {
namespace {

const std::string kAgent = "node-1";
constexpr int kSlots = 2;

// Launcher, gateway and engine in one: what the executor did, readable under one mutex. wait() is
// how tests see it happen.
class World : public AgentLauncher, public AgentGateway, public ExecutorListener {
 public:
  bool wait(const std::function<bool()>& holds) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(30), holds);
  }
  void change(const std::function<void()>& apply) {
    std::lock_guard lock(mutex);
    apply();
    changed.notify_all();
  }
  void open() {  // the agent's session
    AgentObserver* told = nullptr;
    change([&] {
      connected = {kAgent};
      told = observer;
    });
    told->on_session_open(kAgent);
  }
  void close() {
    change([&] { connected.clear(); });
    observer->on_session_closed(kAgent);
  }

  Result<std::string> ensure_running() override {
    std::lock_guard lock(mutex);
    ++launches;
    changed.notify_all();
    if (!launch_error.empty()) return fail(Code::unavailable, launch_error);
    return kAgent;
  }

  bool assign(const std::string& agent, const WorkItem& item) override {
    std::lock_guard lock(mutex);
    if (!takes_work || !std::ranges::count(connected, agent)) return false;
    assigned.push_back(item.attempt.value);
    changed.notify_all();
    return true;
  }
  bool cancel(const std::string&, AttemptId attempt, CancelReason) override {
    change([&] { cancelled.push_back(attempt.value); });
    return true;
  }
  void acknowledge(AttemptId) override {}
  bool warm(const std::string&, const std::string& environment) override {
    change([&] { warmed.push_back(environment); });
    return true;
  }
  std::vector<std::string> connected_agents() const override {
    std::lock_guard lock(mutex);
    return connected;
  }
  void resync() override {
    change([&] { ++resyncs; });
  }
  void observe(AgentObserver* given) override {
    change([&] { observer = given; });
  }

  void on_claimed(AttemptId, const std::string&, const std::string&) override {}
  void on_running(AttemptId, int64_t, Time) override {}
  void on_outcome(Outcome outcome) override {
    change([&] { outcomes.push_back(std::move(outcome)); });
  }
  void on_xcom(AttemptId, XCom, std::function<void(Status)>) override {}
  void on_agent_connected(const std::string&, std::vector<HeldAttempt>) override {}
  void on_agent_lost(const std::string&, const std::string&) override {}
  void on_waiting(AttemptId attempt, const std::string& reason) override {
    change([&] { waits[attempt.value] = reason; });
  }
  void on_dispatch_failed(AttemptId attempt, Error error) override {
    change([&] { refused[attempt.value] = error.text(); });
  }

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> connected, warmed;
  std::string launch_error;
  bool takes_work = true;
  std::atomic<int> launches = 0, resyncs = 0;
  std::vector<int64_t> assigned, cancelled;
  std::vector<Outcome> outcomes;
  std::map<int64_t, std::string> refused, waits;
  AgentObserver* observer = nullptr;
};

class LocalExecutorTest : public testing::Test {
 protected:
  void start() { executor_.start(world_, world_); }
  void place(int64_t id) {
    WorkItem item;
    item.attempt = AttemptId{id};
    executor_.place(item);
  }
  // Returns when all that was asked for before is done.
  void settle() {
    int before = world_.resyncs;
    executor_.resync();
    ASSERT_TRUE(world_.wait([&] { return world_.resyncs > before; }));
  }
  std::vector<int64_t> waiting() {
    std::vector<int64_t> ids;
    for (AttemptId id : world_.observer->waiting_for(kAgent)) ids.push_back(id.value);
    return ids;
  }

  World world_;
  LocalExecutor executor_{world_, kSlots, std::chrono::milliseconds(1)};
};

using Ids = std::vector<int64_t>;

TEST_F(LocalExecutorTest, PlacementsWaitForTheAgent) {
  place(1);
  start();
  place(2);
  settle();
  EXPECT_EQ(waiting(), (Ids{1, 2})) << "they count as held";
  EXPECT_TRUE(world_.assigned.empty());
  world_.open();
  ASSERT_TRUE(world_.wait([&] { return world_.assigned.size() == 2; }));
  settle();
  EXPECT_TRUE(waiting().empty());
  place(3);
  EXPECT_TRUE(world_.wait([&] { return world_.assigned == Ids{1, 2, 3}; }));
}

TEST_F(LocalExecutorTest, WhatCannotWaitIsRefusedWithTheReason) {
  world_.launch_error = "there is no agent program";
  start();
  constexpr int64_t kWaitMax = kSlots * int64_t(kWaitingFactor);
  for (int64_t id = 1; id <= kWaitMax + 1; ++id) place(id);
  ASSERT_TRUE(world_.wait([&] { return world_.refused.contains(kWaitMax + 1); }));
  EXPECT_EQ(world_.refused[kWaitMax + 1], "there is no agent program");
  EXPECT_EQ(waiting().size(), size_t(kWaitMax));
}

TEST_F(LocalExecutorTest, CancelOfWhatWaitsIsItsOutcome) {
  start();
  place(1);
  place(2);
  executor_.cancel(AttemptId{1}, CancelReason::cleared);
  ASSERT_TRUE(world_.wait([&] { return world_.outcomes.size() == 1; }));
  EXPECT_EQ(world_.outcomes[0].attempt, AttemptId{1});
  EXPECT_EQ(world_.outcomes[0].kind, OutcomeKind::cancelled);
  EXPECT_EQ(world_.outcomes[0].reason, "cleared");
  EXPECT_TRUE(world_.cancelled.empty());
  world_.open();
  ASSERT_TRUE(world_.wait([&] { return world_.assigned == Ids{2}; }));
  executor_.cancel(AttemptId{2}, CancelReason::marked);
  EXPECT_TRUE(world_.wait([&] { return world_.cancelled == Ids{2}; })) << "the agent's to do";
}

TEST_F(LocalExecutorTest, StartsTheAgentAgainWhenItsSessionEnds) {
  start();
  world_.open();
  settle();
  int before = world_.launches;
  world_.close();
  ASSERT_TRUE(world_.wait([&] { return world_.launches > before; }));
  place(1);
  settle();
  EXPECT_EQ(waiting(), Ids{1});
  world_.open();
  EXPECT_TRUE(world_.wait([&] { return world_.assigned == Ids{1}; }));
}

TEST_F(LocalExecutorTest, AnAgentThatRetiresGetsCancelsButNoWork) {
  start();
  world_.change([&] { world_.takes_work = false; });
  world_.open();
  place(1);
  executor_.cancel(AttemptId{7}, CancelReason::cleared);
  ASSERT_TRUE(world_.wait([&] { return world_.cancelled == Ids{7}; }));
  settle();
  EXPECT_EQ(waiting(), Ids{1});
  world_.close();
  world_.change([&] { world_.takes_work = true; });
  world_.open();
  EXPECT_TRUE(world_.wait([&] { return world_.assigned == Ids{1}; }));
}

TEST_F(LocalExecutorTest, TellsALaunchErrorOnce) {
  fs::path file = fs::temp_directory_path() / ("leoflow-log-" + std::to_string(getpid()));
  log::configure(log::Level::info, false, file);
  world_.launch_error = "no agent program here";
  start();
  ASSERT_TRUE(world_.wait([&] { return world_.launches >= 5; }));
  executor_.stop();
  log::configure(log::Level::info, false);
  std::string text = read_file(file, 1 << 20).value_or("");
  size_t first = text.find("no agent program here");
  EXPECT_NE(first, text.npos);
  EXPECT_EQ(text.find("no agent program here", first + 1), text.npos) << text;
  (void)remove_tree(file);
}

TEST_F(LocalExecutorTest, AnAgentThatRunsButNeverConnectsIsNamed) {
  start();
  ASSERT_TRUE(world_.wait([&] { return world_.launches > kSilentChecksMax; }));
  constexpr int64_t kOneTooMany = kSlots * int64_t(kWaitingFactor) + 1;
  for (int64_t id = 1; id <= kOneTooMany; ++id) place(id);
  ASSERT_TRUE(world_.wait([&] { return world_.refused.contains(kOneTooMany); }));
  EXPECT_NE(world_.refused[kOneTooMany].find("node-1 runs but does not connect"), std::string::npos)
      << world_.refused[kOneTooMany];
  EXPECT_NE(world_.refused[kOneTooMany].find("agent/agent.log"), std::string::npos);
}

TEST_F(LocalExecutorTest, WhatWaitsSaysThatNoAgentCanBeStarted) {
  world_.launch_error = "there is no agent program";
  start();
  place(1);
  const std::string why = "waits for the agent: there is no agent program";
  ASSERT_TRUE(world_.wait([&] { return world_.waits[1] == why; }));
  world_.change([&] { world_.launch_error.clear(); });
  world_.open();
  ASSERT_TRUE(world_.wait([&] { return world_.waits[1].empty() && !world_.assigned.empty(); }));
}

TEST_F(LocalExecutorTest, AnUnfitProgramIsNotStartedAgainAndAgain) {
  start();
  world_.change([&] { world_.takes_work = false; });
  world_.observer->on_unfit(kAgent, Error(Code::unavailable, "it speaks protocol 9", "install"));
  world_.open();
  place(1);
  ASSERT_TRUE(world_.wait([&] { return !world_.waits[1].empty(); }));
  EXPECT_EQ(world_.waits[1], "waits for the agent: it speaks protocol 9; install");
  settle();
  int before = world_.launches;
  world_.close();
  settle();
  EXPECT_EQ(world_.launches, before) << "not at once";
  ASSERT_TRUE(world_.wait([&] { return world_.launches > before; })) << "but later";
  world_.change([&] { world_.takes_work = true; });
  world_.open();
  EXPECT_TRUE(world_.wait([&] { return world_.assigned == Ids{1} && world_.waits[1].empty(); }));
}

TEST_F(LocalExecutorTest, AnAgentThatWasLetGoIsNotStartedAgain) {
  start();
  world_.open();
  settle();
  executor_.let_go();
  int before = world_.launches;
  world_.close();
  settle();
  executor_.stop();
  EXPECT_EQ(world_.launches, before);
}

TEST_F(LocalExecutorTest, StopLeavesWhatIsQueuedToTheNextServer) {
  start();
  place(1);
  settle();
  executor_.stop();
  EXPECT_EQ(world_.observer, nullptr);
  EXPECT_TRUE(world_.outcomes.empty() && world_.refused.empty() && world_.assigned.empty());
  place(2);
  executor_.cancel(AttemptId{1}, CancelReason::cleared);
  executor_.stop();
  EXPECT_TRUE(world_.outcomes.empty());
}

TEST_F(LocalExecutorTest, EveryAgentHearsOfTheLatestEnvironments) {
  for (const char* name : {"a", "b", "a", "c", "d", "e"}) executor_.warm(name);
  start();
  world_.open();
  std::vector<std::string> latest{"a", "c", "d", "e"};
  EXPECT_TRUE(world_.wait([&] { return world_.warmed == latest; }));
}

}  // namespace
}  // namespace leoflow
