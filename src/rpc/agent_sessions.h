// SPDX-License-Identifier: Apache-2.0
// Who is connected, what was sent to whom, and who is lost: the state behind AgentService, without
// gRPC. All functions on the thread of the loop except connected() and agents().
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "async/loop.h"
#include "async/published.h"
#include "rpc/agent_service.h"

namespace leoflow::agent::v1 {
class AgentMessage;
class ServerMessage;
class ClaimReply;
class Hello;
class Finished;
class LogChunk;
class XComPush;
}  // namespace leoflow::agent::v1

namespace leoflow {

namespace wire = agent::v1;

// How long orders that a pod has not heard of are kept for its next session.
constexpr Duration kPodForgottenAfter = std::chrono::hours(2);

// One open session towards an agent.
class SessionPeer {
 public:
  virtual ~SessionPeer() = default;
  virtual void send(const wire::ServerMessage& message) = 0;
  // Ends the session; on_closed follows later.
  virtual void close(const Error& reason) = 0;
  virtual bool same_host() const = 0;
};

class AgentSessions {
 public:
  // The loop thread is shared with callbacks that the engine may call after we are gone.
  AgentSessions(std::shared_ptr<LoopThread> thread, const AgentServiceOptions& options,
                ExecutorListener& listener, ClaimProvider& provider, LogSink& sink);
  ~AgentSessions();

  void on_message(SessionPeer& peer, const wire::AgentMessage& message);
  void on_closed(SessionPeer& peer);
  void end_sessions(const std::string& reason);  // agents come back at once
  void close_all();

  // With `claim` the agent need not ask for it. Null, or a session that breaks first: it asks.
  void assign(const std::string& agent, const WorkItem& item, wire::ClaimReply* claim);
  void forget_assignment(AttemptId attempt);  // its claim was refused for good
  // Answers who reported its outcome; nobody in a present session did: nothing is sent.
  void acknowledge(AttemptId attempt);
  void send(const std::string& agent, const wire::ServerMessage& message);
  void retire(const std::string& agent, const std::string& reason);
  void set_observer(AgentObserver* observer) { observer_ = observer; }

  // Any thread.
  std::vector<std::string> connected() const;
  // Connected and not on its way out.
  bool takes_work(const std::string& agent) const;
  std::vector<AgentFacts> agents() const;

 private:
  struct Assignment {
    std::string environment;
  };
  struct Agent {
    SessionPeer* peer = nullptr;
    bool retiring = false;
    std::string hostname, version;
    int protocol = 0;
    Time connected_at{};
    int64_t pid = 0;
    bool local = false;
    bool process_gone = false;
    Fd pidfd;
    int silent_ticks = 0;                       // half leases without a word
    std::map<AttemptId, Assignment> unclaimed;  // sent and not heard of
    Loop::TimerId lost_timer = 0;
  };

  void on_hello(SessionPeer& peer, const wire::Hello& hello);
  void welcome(const std::string& id, Agent& agent, const wire::Hello& hello);
  void consider_replacing(const std::string& id, Agent& agent, const wire::Hello& hello);
  std::vector<HeldAttempt> held_of(const std::string& id, Agent& agent, const wire::Hello& hello);
  void send_assign(Agent& agent, AttemptId attempt, wire::ClaimReply* claim = nullptr);
  void watch_process(const std::string& id, Agent& agent);
  void unwatch_process(Agent& agent);
  void on_process_gone(const std::string& id);
  void on_tick();
  void arm_lost(const std::string& id, Duration delay, const std::string& reason);
  void forget_later(const std::string& id);
  void spill(AttemptId attempt, XCom& xcom);
  void on_finished(const std::string& id, const wire::Finished& finished);
  void on_log(const std::string& id, const wire::LogChunk& chunk);
  void on_xcom(const std::string& id, const wire::XComPush& push);
  void publish();

  std::shared_ptr<LoopThread> thread_;
  Loop& loop_;
  const AgentServiceOptions& options_;
  ExecutorListener& listener_;
  ClaimProvider& provider_;
  LogSink& sink_;
  AgentObserver* observer_ = nullptr;
  std::map<std::string, Agent> agents_;
  std::unordered_map<SessionPeer*, std::string> peers_;
  // Who reported the outcome of an attempt in its present session and waits for our answer.
  std::unordered_map<AttemptId, std::string> reported_;
  // Version of the agent that was sent away last, by its id: an agent program that is of another
  // version for good is not sent away again.
  std::map<std::string, std::string> replaced_;
  Loop::TimerId tick_ = 0;
  // Read by other threads while sessions come and go: replaced as a whole.
  Published<std::vector<AgentFacts>> connected_;
};

}  // namespace leoflow
