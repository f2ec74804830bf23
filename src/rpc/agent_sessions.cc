// SPDX-License-Identifier: Apache-2.0
#include "rpc/agent_sessions.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/log.h"
#include "leoflow_agent.pb.h"
#include "model/pod_contract.h"
#include "rpc/attempt_token.h"
#include "rpc/pod_calls.h"

namespace leoflow {

namespace {

XCom to_xcom(const wire::XComEntry& entry) {
  XCom xcom;
  xcom.map_index = entry.map_index();
  xcom.key = entry.key();
  xcom.value = entry.value_json();
  xcom.spill_path = entry.spill_path();
  xcom.size_bytes = uint64_t(std::max<int64_t>(0, entry.size_bytes()));
  return xcom;
}

// What a session with this agent uses; nothing when it speaks no protocol of ours.
std::optional<int> common_protocol(const wire::Hello& hello) {
  int newest = std::max<int>(hello.protocol(), wire::PROTOCOL_OLDEST);
  int oldest = hello.protocol_oldest() > 0 ? hello.protocol_oldest() : wire::PROTOCOL_OLDEST;
  int common = std::min<int>(newest, wire::PROTOCOL_CURRENT);
  if (common < std::max<int>(oldest, wire::PROTOCOL_OLDEST)) return std::nullopt;
  return common;
}

}  // namespace

AgentSessions::AgentSessions(std::shared_ptr<LoopThread> thread, const AgentServiceOptions& options,
                             ExecutorListener& listener, ClaimProvider& provider, LogSink& sink)
    : thread_(std::move(thread)),
      loop_(thread_->loop()),
      options_(options),
      listener_(listener),
      provider_(provider),
      sink_(sink) {
  loop_.post([this] { on_tick(); });
}

AgentSessions::~AgentSessions() = default;

void AgentSessions::on_message(SessionPeer& peer, const wire::AgentMessage& message) {
  using Body = wire::AgentMessage;
  auto known = peers_.find(&peer);
  if (message.body_case() == Body::kHello) {
    if (known == peers_.end()) on_hello(peer, message.hello());
    return;
  }
  if (known == peers_.end())
    return peer.close(Error(Code::unauthenticated, "the session must begin with a hello"));
  const std::string& id = known->second;
  Agent& agent = agents_.at(id);
  agent.silent_ticks = 0;
  switch (message.body_case()) {
    case Body::kClaimed: {
      AttemptId attempt{message.claimed().attempt()};
      agent.unclaimed.erase(attempt);
      sink_.log_begun(attempt, 0);
      return listener_.on_claimed(attempt, id, agent.hostname);
    }
    case Body::kRunning: {
      auto& running = message.running();
      return listener_.on_running(AttemptId{running.attempt()}, running.pid(),
                                  from_micros(running.started_at_us()));
    }
    case Body::kRefused: {
      AttemptId attempt{message.refused().attempt()};
      agent.unclaimed.erase(attempt);
      sink_.log_ended(attempt, 0);
      return listener_.on_dispatch_failed(attempt,
                                          Error(Code::unavailable, message.refused().reason()));
    }
    case Body::kFinished:
      agent.unclaimed.erase(AttemptId{message.finished().attempt()});
      return on_finished(id, message.finished());
    case Body::kLogChunk: return on_log(id, message.log_chunk());
    case Body::kLogEnd:
      return sink_.log_ended(AttemptId{message.log_end().attempt()},
                             uint64_t(std::max<int64_t>(0, message.log_end().log_bytes())));
    case Body::kXcomPush: return on_xcom(id, message.xcom_push());
    default: return;  // a heartbeat, or a newer agent's message
  }
}

void AgentSessions::on_hello(SessionPeer& peer, const wire::Hello& hello) {
  const std::string id = hello.agent_id();
  if (!agent_admitted(options_, id, hello.secret())) {
    log::warning("an agent without the right secret was turned away",
                 {{"hostname", hello.hostname()}});
    return peer.close(
        Error(Code::unauthenticated, "the agent's secret does not belong to this installation"));
  }
  Agent& agent = agents_[id];
  if (agent.peer) {
    peers_.erase(agent.peer);
    agent.peer->close(Error(Code::conflict, "superseded by a newer session of the same agent"));
  }
  if (agent.lost_timer) loop_.cancel(agent.lost_timer);
  agent.lost_timer = 0;
  agent.peer = &peer;
  agent.hostname = hello.hostname();
  agent.version = hello.version();
  if (options_.clock != nullptr) agent.connected_at = options_.clock->now();
  agent.silent_ticks = 0;
  agent.local = peer.same_host();
  agent.pid = hello.pid();
  agent.retiring = hello.retiring() || !common_protocol(hello);
  peers_[&peer] = id;
  watch_process(id, agent);
  log::info("agent connected", {{"agent", id},
                                {"pid", agent.pid},
                                {"version", hello.version()},
                                {"protocol", hello.protocol()},
                                {"held", hello.held_size()}});
  welcome(id, agent, hello);
}

void AgentSessions::welcome(const std::string& id, Agent& agent, const wire::Hello& hello) {
  bool foreign = !hello.instance_id().empty() && hello.instance_id() != options_.instance_id;
  auto held = foreign ? std::vector<HeldAttempt>() : held_of(id, agent, hello);
  wire::ServerMessage message;
  auto* welcome = message.mutable_welcome();
  welcome->set_instance_id(options_.instance_id);
  agent.protocol = common_protocol(hello).value_or(wire::PROTOCOL_CURRENT);
  welcome->set_protocol(agent.protocol);
  welcome->set_version(options_.version);
  welcome->set_lease_ms(
      std::chrono::duration_cast<std::chrono::milliseconds>(options_.lease).count());
  for (auto& entry : hello.held()) {
    AttemptId attempt{entry.attempt()};
    if (foreign || (!entry.finished() && !provider_.attempt_open(attempt))) {
      welcome->add_unknown_attempts(attempt.value);
      std::erase_if(held, [&](auto& one) { return one.attempt == attempt; });
      continue;
    }
    auto* offset = welcome->add_log_offsets();
    offset->set_attempt(attempt.value);
    uint64_t stored = sink_.stored(attempt);
    offset->set_offset(int64_t(stored));
    sink_.log_begun(attempt, stored);
  }
  agent.peer->send(message);
  publish();
  listener_.on_agent_connected(id, std::move(held));
  consider_replacing(id, agent, hello);
  if (!agent.retiring) {
    for (auto& [attempt, assignment] : agent.unclaimed) send_assign(agent, attempt);
  }
  if (observer_) observer_->on_session_open(id);
}

// An agent of another version goes as soon as that costs nothing, so that one of ours is started;
// one that we cannot talk to goes when its tasks are over. What it holds is taken from it before.
void AgentSessions::consider_replacing(const std::string& id, Agent& agent,
                                       const wire::Hello& hello) {
  auto common = common_protocol(hello);
  std::string theirs = "the agent is of version " + hello.version();
  if (!common) {
    std::string why =
        theirs + " and speaks protocol " + std::to_string(std::max(hello.protocol_oldest(), 1)) +
        " to " + std::to_string(std::max(hello.protocol(), 1)) + ", this server " +
        std::to_string(wire::PROTOCOL_OLDEST) + " to " + std::to_string(wire::PROTOCOL_CURRENT);
    bool again = std::exchange(replaced_[id], hello.version()) == hello.version() &&
                 !hello.retiring();  // else the same process is back
    log::warning(why + (again ? "; install both programs of one version"
                              : "; it is replaced when its tasks are over, new ones wait for that"),
                 {{"agent", id}, {"held", hello.held_size()}});
    Error unfit(Code::unavailable, why, "install both programs of one version");
    if (again && observer_) observer_->on_unfit(id, unfit);
    return retire(id, why);
  }
  if (options_.version.empty() || hello.version() == options_.version || agent.retiring) return;
  std::string why = theirs + ", the server of " + options_.version;
  if (std::exchange(replaced_[id], hello.version()) == hello.version())
    return log::warning(why + "; install both programs of one version", {{"agent", id}});
  if (*common >= wire::PROTOCOL_RETIRE_WHEN_IDLE) {
    wire::ServerMessage message;
    message.mutable_retire()->set_reason(why);
    message.mutable_retire()->set_when_idle(true);
    agent.peer->send(message);
  } else if (hello.held_size() == 0) {
    retire(id, why);
  }
}

void AgentSessions::retire(const std::string& id, const std::string& reason) {
  auto found = agents_.find(id);
  if (found == agents_.end() || !found->second.peer) return;
  found->second.retiring = true;
  publish();
  wire::ServerMessage message;
  message.mutable_retire()->set_reason(reason);
  found->second.peer->send(message);
}

// What counts as held: what the agent says, plus what was or will be sent to it and cannot be in
// its hello.
std::vector<HeldAttempt> AgentSessions::held_of(const std::string& id, Agent& agent,
                                                const wire::Hello& hello) {
  std::vector<HeldAttempt> held;
  for (auto& entry : hello.held()) {
    HeldAttempt one{AttemptId{entry.attempt()}, entry.finished(), entry.running(), entry.pid()};
    if (entry.started_at_us() > 0) one.started_at = from_micros(entry.started_at_us());
    agent.unclaimed.erase(one.attempt);
    held.push_back(one);
  }
  for (auto& [attempt, assignment] : agent.unclaimed) held.push_back(HeldAttempt{attempt});
  if (observer_) {
    for (AttemptId attempt : observer_->waiting_for(id)) held.push_back(HeldAttempt{attempt});
  }
  return held;
}

void AgentSessions::assign(const std::string& id, const WorkItem& item, wire::ClaimReply* claim) {
  auto found = agents_.find(id);
  if (found == agents_.end()) return;
  found->second.unclaimed[item.attempt].environment = item.environment;
  if (found->second.peer && !found->second.retiring)
    send_assign(found->second, item.attempt, claim);  // else after a hello
}

void AgentSessions::send_assign(Agent& agent, AttemptId attempt, wire::ClaimReply* claim) {
  wire::ServerMessage message;
  auto* assign = message.mutable_assign();
  assign->set_attempt(attempt.value);
  assign->set_token(make_attempt_token(options_.token_key, attempt));
  assign->set_environment(agent.unclaimed.at(attempt).environment);
  if (claim) *assign->mutable_claim() = std::move(*claim);
  agent.peer->send(message);
}

void AgentSessions::forget_assignment(AttemptId attempt) {
  for (auto& [id, agent] : agents_) agent.unclaimed.erase(attempt);
}

void AgentSessions::send(const std::string& id, const wire::ServerMessage& message) {
  auto found = agents_.find(id);
  if (found == agents_.end()) return;
  if (found->second.peer) found->second.peer->send(message);
}

void AgentSessions::on_closed(SessionPeer& peer) {
  auto known = peers_.find(&peer);
  if (known == peers_.end()) return;  // never said hello, or superseded
  std::string id = known->second;
  peers_.erase(known);
  Agent& agent = agents_.at(id);
  agent.peer = nullptr;
  std::erase_if(reported_, [&](auto& entry) { return entry.second == id; });
  publish();
  log::info("agent session ended", {{"agent", id}});
  if (observer_) observer_->on_session_closed(id);
  if (pod::is_pod_agent(id)) {
    if (agent.unclaimed.empty()) {
      agents_.erase(id);
    } else {
      forget_later(id);
    }
  } else if (agent.process_gone) {
    arm_lost(id, options_.successor_grace, "the agent's process ended");
  } else if (!agent.local) {
    arm_lost(id, options_.lease,
             "nothing was heard of the agent for " + format_duration(options_.lease));
  }
}

void AgentSessions::end_sessions(const std::string& reason) {
  for (auto& [peer, id] : peers_) peer->close(Error(Code::unavailable, reason));
}

void AgentSessions::close_all() {
  for (auto& [peer, id] : peers_) peer->close(Error(Code::unavailable, "the server stops"));
  for (auto& [id, agent] : agents_) {
    agent.peer = nullptr;
    unwatch_process(agent);
    if (agent.lost_timer) loop_.cancel(agent.lost_timer);
  }
  if (tick_) loop_.cancel(tick_);
  peers_.clear();
  agents_.clear();
  publish();
}

void AgentSessions::watch_process(const std::string& id, Agent& agent) {
  unwatch_process(agent);
  agent.process_gone = false;
  if (!agent.local || agent.pid <= 0) return;
  agent.pidfd = Fd(int(syscall(SYS_pidfd_open, pid_t(agent.pid), 0)));
  if (!agent.pidfd) return;
  loop_.watch(agent.pidfd.get(), Loop::Ready::read, [this, id] { on_process_gone(id); });
}

void AgentSessions::unwatch_process(Agent& agent) {
  if (agent.pidfd) loop_.unwatch(agent.pidfd.get(), Loop::Ready::read);
  agent.pidfd.reset();
}

void AgentSessions::on_process_gone(const std::string& id) {
  Agent& agent = agents_.at(id);
  unwatch_process(agent);
  agent.process_gone = true;
  if (!agent.peer) arm_lost(id, options_.successor_grace, "the agent's process ended");
}

void AgentSessions::arm_lost(const std::string& id, Duration delay, const std::string& reason) {
  Agent& agent = agents_.at(id);
  if (agent.lost_timer) loop_.cancel(agent.lost_timer);
  agent.lost_timer = loop_.after(delay, [this, id, reason] {
    auto found = agents_.find(id);
    if (found == agents_.end()) return;
    unwatch_process(found->second);
    agents_.erase(found);
    log::warning("agent lost", {{"agent", id}, {"reason", reason}});
    listener_.on_agent_lost(id, reason);
  });
}

// Whether a pod is gone is for its executor to say, not for the silence of its agent: a node
// without network still runs it. What was sent to it waits for its next session.
void AgentSessions::forget_later(const std::string& id) {
  agents_.at(id).lost_timer = loop_.after(kPodForgottenAfter, [this, id] { agents_.erase(id); });
}

// Half a lease went by: sessions that said nothing for a whole one are ended.
void AgentSessions::on_tick() {
  for (auto& [id, agent] : agents_) {
    if (agent.peer && ++agent.silent_ticks > 2)
      agent.peer->close(Error(Code::timeout, "the agent is silent"));
  }
  tick_ = loop_.after(options_.lease / 2, [this] { on_tick(); });
}

void AgentSessions::on_finished(const std::string& id, const wire::Finished& finished) {
  Outcome outcome;
  outcome.attempt = AttemptId{finished.attempt()};
  reported_[outcome.attempt] = id;
  auto kind = parse_outcome_kind(finished.kind());
  outcome.kind = kind.value_or(OutcomeKind::lost);
  outcome.retryable = finished.retryable();
  outcome.reason =
      kind ? finished.reason() : "unknown outcome \"" + finished.kind() + "\" of a newer agent";
  outcome.exit_code = finished.exit_code();
  if (finished.started_at_us() > 0) outcome.started_at = from_micros(finished.started_at_us());
  outcome.ended_at = from_micros(finished.ended_at_us());
  outcome.use = {std::chrono::microseconds(finished.cpu_us()), finished.memory_peak_bytes()};
  for (auto& entry : finished.xcoms()) {
    outcome.xcoms.push_back(to_xcom(entry));
    spill(outcome.attempt, outcome.xcoms.back());
  }
  outcome.rendered_fields = finished.rendered_fields();
  auto teller = agents_.find(id);
  outcome.tells_assets =
      teller == agents_.end() || teller->second.protocol >= wire::PROTOCOL_ASSET_EVENTS;
  auto events = parse_asset_emissions(finished.asset_events());
  if (events) {
    outcome.asset_events = std::move(*events);
  } else {
    log::error("asset events of a task are left out: " + events.error().message(),
               {{"attempt", finished.attempt()}});
  }
  listener_.on_outcome(std::move(outcome));
}

void AgentSessions::acknowledge(AttemptId attempt) {
  auto reporter = reported_.extract(attempt);
  if (reporter.empty()) return;
  wire::ServerMessage message;
  message.mutable_acknowledge()->set_attempt(attempt.value);
  send(reporter.mapped(), message);
}

void AgentSessions::on_log(const std::string& id, const wire::LogChunk& chunk) {
  AttemptId attempt{chunk.attempt()};
  auto stored = sink_.append(attempt, uint64_t(std::max<int64_t>(0, chunk.offset())), chunk.data());
  if (!stored)
    return log::error(stored.error().message(),
                      {{"attempt", attempt.value}});  // the agent sends again
  sink_.sync(attempt, [this, thread = thread_, id, attempt](Result<uint64_t> durable) {
    thread->loop().post([this, id, attempt, durable = std::move(durable)] {
      if (!durable) return log::error(durable.error().message(), {{"attempt", attempt.value}});
      wire::ServerMessage message;
      message.mutable_log_ack()->set_attempt(attempt.value);
      message.mutable_log_ack()->set_offset(int64_t(*durable));
      send(id, message);
    });
  });
}

void AgentSessions::on_xcom(const std::string& id, const wire::XComPush& push) {
  AttemptId attempt{push.attempt()};
  int64_t sequence = push.sequence();
  auto committed = [this, thread = thread_, id, attempt, sequence](Status status) {
    thread->loop().post([this, id, attempt, sequence, status] {
      wire::ServerMessage message;
      message.mutable_xcom_ack()->set_attempt(attempt.value);
      message.mutable_xcom_ack()->set_sequence(sequence);
      if (!status) message.mutable_xcom_ack()->set_error(status.error().message());
      send(id, message);
    });
  };
  XCom xcom = to_xcom(push.entry());
  spill(attempt, xcom);
  listener_.on_xcom(attempt, std::move(xcom), std::move(committed));
}

// Of an agent that could not do it itself. On an error the value stays inline.
void AgentSessions::spill(AttemptId attempt, XCom& xcom) {
  if (auto spilled = provider_.spill(attempt, xcom); !spilled)
    log::warning(spilled.error().message(), {{"attempt", attempt.value}});
}

void AgentSessions::publish() {
  std::vector<AgentFacts> facts;
  for (auto& [id, agent] : agents_) {
    if (!agent.peer) continue;
    facts.push_back(
        {id, agent.hostname, agent.version, agent.pid, agent.connected_at, agent.retiring});
  }
  connected_.set(std::move(facts));
}

std::vector<AgentFacts> AgentSessions::agents() const { return *connected_.get(); }

std::vector<std::string> AgentSessions::connected() const {
  std::vector<std::string> names;
  auto facts = connected_.get();
  for (const AgentFacts& agent : *facts) names.push_back(agent.id);
  return names;
}

bool AgentSessions::takes_work(const std::string& agent) const {
  auto facts = connected_.get();
  return std::ranges::any_of(
      *facts, [&](const AgentFacts& one) { return one.id == agent && !one.retiring; });
}

}  // namespace leoflow
