// SPDX-License-Identifier: Apache-2.0
// The agent's state machine: what it holds, what the server knows of it, and how both find together
// again after a break. No sockets, processes, threads or clocks of its own: link, runner and timers
// are handed in (the simulation drives it the same way). Everything runs on one thread. After a
// crash, start() rebuilds from the AttemptStore: attempts with an outcome are reported as finished,
// the others as lost.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "agent/attempt_store.h"
#include "agent/launch.h"
#include "agent/log_stream.h"
#include "agent/server_link.h"
#include "base/time.h"

namespace leoflow {

constexpr auto kReconnectDelayMin = std::chrono::milliseconds(20);
constexpr auto kReconnectDelayMax = std::chrono::seconds(1);
constexpr auto kWelcomeMax = std::chrono::seconds(20);  // for a server to answer a hello
constexpr auto kIdleWithoutServerMax = std::chrono::minutes(10);
constexpr auto kNeverWelcomedMax = std::chrono::minutes(1);  // idle and never with a server
constexpr auto kCallRetryDelay = std::chrono::milliseconds(200);
constexpr int kSlotsOverbooking = 4;  // the server enforces slots; past this factor we refuse
constexpr auto kLogDelay = std::chrono::milliseconds(20);  // lines gather so long
constexpr auto kStuckLogDelay = std::chrono::seconds(2);   // unacknowledged, sent again
constexpr uint64_t kLogBytesAtOnce = 64 * 1024;            // or until they are so many
constexpr size_t kForgottenMax = 4096;  // ids kept, so that a late order starts nothing twice
constexpr int64_t kUnacknowledgedXComBytesMax = 64 << 20;  // per attempt, while the server is away

class AgentTimers {
 public:
  virtual ~AgentTimers() = default;
  virtual uint64_t after(Duration delay, std::move_only_function<void()> task) = 0;
  virtual void cancel(uint64_t timer) = 0;
};

// Told what becomes of attempts, before the server is.
class OutcomeWitness {
 public:
  virtual ~OutcomeWitness() = default;
  // The outcome is journalled; `unacknowledged` are the XComs that go with it. On an error it is
  // not told to the server, and tried again later.
  virtual Status on_outcome(AttemptId attempt, const FinishedRecord& outcome,
                            const std::map<int64_t, JournaledXCom>& unacknowledged) = 0;
  virtual void on_acknowledged(AttemptId attempt) = 0;
  // It was taken, and given back before a process existed.
  virtual void on_refused(AttemptId attempt, const std::string& reason) = 0;
  virtual void on_ended(AttemptId attempt) = 0;  // no process is left
};

class AgentCore : public TaskRunnerListener, private ServerLinkListener {
 public:
  struct Options {
    std::string agent_id, version, hostname, secret;
    int64_t pid = 0;
    int slots_max = 16;
    int attempts_max = 0;  // takes no more than so many, then retires; 0 = any number
    // In a pod: no path of the server's disk means anything, and an outcome that is not
    // acknowledged keeps the agent alive however long the server is away.
    bool pod = false;
    OutcomeWitness* witness = nullptr;  // outlives the core
    std::function<bool()> home_exists;
    std::function<void(const std::string& reason)> exit;  // called once: nothing is left to do
  };
  AgentCore(Options options, AttemptStore& store, ServerLink& link, TaskRunner& runner,
            AgentTimers& timers, const Clock& clock);
  ~AgentCore() override;

  // Requires: no process of an earlier agent of this home is alive.
  // `stored` is what the store loaded.
  void start(std::vector<StoredAttempt> stored);
  // Exits when everything held is reported and acknowledged; takes no more work unless
  // `when_idle`, which waits for a moment in which nothing is held.
  void retire(const std::string& reason, bool when_idle = false);

  bool connected() const { return connected_; }
  size_t held() const { return attempts_.size(); }

  // TaskRunnerListener
  void on_refused(AttemptId attempt, const std::string& reason) override;
  void on_process(AttemptId attempt, const ProcessRecord& process) override;
  void on_running(AttemptId attempt, int64_t pid, Time started_at) override;
  void on_call(AttemptId attempt, const json::object& call) override;
  Status on_xcom(AttemptId attempt, JournaledXCom xcom) override;
  Status on_outcome(AttemptId attempt, const FinishedRecord& outcome) override;
  void on_log(AttemptId attempt, uint64_t bytes) override;
  void on_ended(AttemptId attempt) override;

 private:
  struct Attempt {
    std::string token;
    bool claimed = false;   // the runner has it
    bool unwanted = false;  // end it and forget
    bool ended = false;     // no process is left
    bool claim_in_flight = false;
    std::string cancel_reason;  // asked for before it was claimed
    ProcessRecord process;
    std::optional<Time> started_at;
    std::optional<FinishedRecord> finished;
    bool unanswered = false;                 // its outcome had no answer at the heartbeat before
    std::map<int64_t, JournaledXCom> xcoms;  // not acknowledged, by sequence
    int64_t last_sequence = 0;
    int64_t xcom_bytes = 0;
    std::optional<json::object> call;  // waits for the server
    bool call_in_flight = false;
    LogCursor log;
    uint64_t acked_before = 0;  // when stuck logs were looked for
  };

  // agent_session.cc: the session
  void connect();
  void say_hello();
  void on_message(const wire::ServerMessage& message) override;
  void on_disconnected(const Error& reason) override;
  void on_no_welcome();
  std::string reason_to_exit() const;
  void on_writable() override;
  void on_welcome(const wire::ServerMessage& message);
  void on_heartbeat();
  void repeat_unanswered();
  bool adopt_instance(const std::string& instance_id);
  void send_finished(AttemptId id, const Attempt& attempt);
  void send_log_end(AttemptId id, const Attempt& attempt);
  void send_xcom(AttemptId id, const JournaledXCom& xcom);
  void pump_log(AttemptId id, Attempt& attempt);
  void pump_logs();
  void pump_logs_soon();
  void watch_for_stuck_logs();
  void resend_stuck_logs();
  void consider_exit();

  // agent_core.cc: attempts
  Attempt* find(AttemptId id);
  void restore(StoredAttempt stored);
  void assign(AttemptId id, const wire::Assign& order);
  void claim(AttemptId id);
  void on_claim_reply(AttemptId id, Result<std::shared_ptr<wire::ClaimReply>> reply);
  void launch(AttemptId id, Attempt& attempt, const wire::ClaimReply& reply);
  void cancel(AttemptId id, const std::string& reason);
  void acknowledge(AttemptId id);
  void make_call(AttemptId id);
  void refuse(AttemptId id, const std::string& reason);
  void give_back(AttemptId id, const std::string& reason);
  void drop(AttemptId id);
  void forget_if_done(AttemptId id);
  void remember_forgotten(AttemptId id);
  int active() const;

  Options options_;
  AttemptStore& store_;
  ServerLink& link_;
  TaskRunner& runner_;
  AgentTimers& timers_;
  const Clock& clock_;
  std::map<AttemptId, Attempt> attempts_;
  bool connected_ = false;  // welcomed
  bool session_open_ = false;
  bool retiring_ = false, retiring_when_idle_ = false, exited_ = false;
  bool welcomed_ = false;    // ever
  std::string turned_away_;  // why the server would not have us, last time
  std::string told_;         // why there is no session; logged once
  int taken_ = 0;            // attempts, over its life
  Duration reconnect_delay_ = kReconnectDelayMin;
  Duration lease_ = std::chrono::seconds(10);
  Duration without_server_{0};  // how long, counted while waiting to reconnect
  uint64_t reconnect_timer_ = 0, welcome_timer_ = 0, heartbeat_timer_ = 0, log_timer_ = 0,
           stuck_timer_ = 0;
  std::set<AttemptId> forgotten_;
};

}  // namespace leoflow
