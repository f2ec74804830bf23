// SPDX-License-Identifier: Apache-2.0
// Executor "local": places attempts with the node agent of this home, keeping it alive. Placements
// wait here until the agent is connected; nothing here is durable (the engine places again after a
// restart).
#pragma once

#include <atomic>
#include <map>
#include <optional>
#include <string>

#include "async/loop.h"
#include "async/published.h"
#include "exec/agent_gateway.h"
#include "exec/local/agent_launcher.h"

namespace leoflow {

constexpr auto kAgentCheckEvery = std::chrono::seconds(1);
constexpr int kSilentChecksMax = 30;  // of an agent that runs and has no session; then it is told
constexpr int kUnfitChecks = 30;      // after which an unfit agent program is tried again
constexpr size_t kWarmMax = 4;
constexpr size_t kWaitingFactor = 4;  // placements that may wait, in units of slots

class LocalExecutor : public Executor, private AgentObserver {
 public:
  // place() and friends may be called at once; they wait for start().
  LocalExecutor(AgentLauncher& launcher, int slots_max, Duration check_every = kAgentCheckEvery);
  ~LocalExecutor() override;  // stop()

  // Gateway and listener outlive stop().
  void start(AgentGateway& gateway, ExecutorListener& listener);
  // The agent may end for good: it is not started again. Orders still reach it until stop().
  void let_go() { letting_go_ = true; }
  void stop();  // the agent goes on

  // Keeps an interpreter of this environment (ClaimReply.environment_json) warm at the agent. The
  // latest kWarmMax environments are remembered and told to each new agent. Any thread.
  void warm(std::string environment_json);

  std::string_view name() const override { return "local"; }
  void place(const WorkItem& item) override;
  void cancel(AttemptId attempt, CancelReason reason) override;
  void acknowledge(AttemptId attempt) override;
  void resync() override;
  int slots_max() const override { return slots_max_; }

 private:
  std::vector<AttemptId> waiting_for(const std::string& agent) override;
  void on_session_open(const std::string& agent) override;
  void on_session_closed(const std::string& agent) override;
  void on_unfit(const std::string& agent, const Error& why) override;

  void keep_alive();
  void adopt(const std::string& agent);
  void plan_check();
  void flush();
  bool hand_over(const WorkItem& item);
  // Logs it and makes it the reason of what waits; nothing = an agent is there.
  void set_launch_error(const std::optional<Error>& error);
  void tell_waiting(AttemptId attempt);

  AgentLauncher& launcher_;
  const int slots_max_;
  const Duration check_every_;
  AgentGateway* gateway_ = nullptr;  // set once by start(), before anything is posted that uses it
  ExecutorListener* listener_ = nullptr;
  // Read by the gateway's thread.
  Published<std::vector<AttemptId>> waiting_ids_;
  std::atomic<bool> letting_go_ = false;
  std::map<AttemptId, WorkItem> waiting_;  // the rest: loop's thread
  std::string agent_;                      // id of the session to use; empty = none
  std::optional<std::string> launch_error_;  // logged once, told to what waits and to what cannot
  int silent_checks_ = 0;
  int checks_to_skip_ = 0;      // while the agent program is unfit
  bool unfit_session_ = false;  // on_unfit was said of the session that opens next
  std::vector<std::string> warm_;  // latest last
  bool started_ = false, stopped_ = false, check_planned_ = false;
  LoopThread thread_;  // last: its tasks use the rest
};

}  // namespace leoflow
