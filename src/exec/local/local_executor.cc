// SPDX-License-Identifier: Apache-2.0
#include "exec/local/local_executor.h"

#include <utility>

#include "base/log.h"

namespace leoflow {

LocalExecutor::LocalExecutor(AgentLauncher& launcher, int slots_max, Duration check_every)
    : launcher_(launcher),
      slots_max_(slots_max),
      check_every_(check_every),
      thread_("exec-local") {}

LocalExecutor::~LocalExecutor() { stop(); }

void LocalExecutor::start(AgentGateway& gateway, ExecutorListener& listener) {
  gateway_ = &gateway;
  listener_ = &listener;
  gateway.observe(this);
  thread_.loop().post([this] {
    started_ = true;
    keep_alive();
  });
}

void LocalExecutor::stop() {
  if (stopped_) return;
  stopped_ = true;
  if (gateway_) gateway_->observe(nullptr);
  thread_.stop_and_join();
}

// Looks after the agent once a second while it has no session; the end of a session is told.
void LocalExecutor::keep_alive() {
  check_planned_ = false;
  if (letting_go_ || !agent_.empty()) return;
  plan_check();
  if (checks_to_skip_ > 0) return void(--checks_to_skip_);
  auto running = launcher_.ensure_running();
  if (!running) {
    silent_checks_ = 0;
    return set_launch_error(running.error());
  }
  adopt(*running);
  if (silent_checks_ >= kSilentChecksMax) {
    set_launch_error(Error(
        Code::unavailable, "the agent " + *running + " runs but does not connect",
        "agent/agent.log in the home says why; when its process is ended, a fresh agent is "
        "started and runs its tasks again"));
  }
}

void LocalExecutor::set_launch_error(const std::optional<Error>& error) {
  std::optional<std::string> said;
  if (error) said = error->message() + (error->hint().empty() ? "" : "; " + error->hint());
  if (std::exchange(launch_error_, said) == said) return;
  if (error) log::error(error->text());
  for (auto& [attempt, item] : waiting_) tell_waiting(attempt);
}

void LocalExecutor::tell_waiting(AttemptId attempt) {
  listener_->on_waiting(attempt, launch_error_ ? "waits for the agent: " + *launch_error_ : "");
}

// The agent runs: its session may be open already.
void LocalExecutor::adopt(const std::string& agent) {
  for (auto& id : gateway_->connected_agents()) {
    if (id == agent) agent_ = id;
  }
  silent_checks_ = agent_.empty() ? silent_checks_ + 1 : 0;
  flush();
}

void LocalExecutor::plan_check() {
  if (std::exchange(check_planned_, true)) return;
  thread_.loop().after(check_every_, [this] { keep_alive(); });
}

bool LocalExecutor::hand_over(const WorkItem& item) {
  return !agent_.empty() && gateway_->assign(agent_, item);
}

void LocalExecutor::place(const WorkItem& item) {
  thread_.loop().post([this, item] {
    if (started_ && hand_over(item)) return;
    bool full = waiting_.size() >= size_t(slots_max_) * kWaitingFactor;
    if (full && started_) {
      std::string why = launch_error_.value_or("the local agent is not connected");
      return listener_->on_dispatch_failed(item.attempt, Error(Code::unavailable, why));
    }
    waiting_.emplace(item.attempt, item);
    if (launch_error_) tell_waiting(item.attempt);
    flush();
  });
}

void LocalExecutor::flush() {
  if (started_) {
    std::erase_if(waiting_, [this](auto& entry) {
      bool handed = hand_over(entry.second);
      if (handed && launch_error_) listener_->on_waiting(entry.first, "");
      return handed;
    });
  }
  std::vector<AttemptId> ids;
  for (auto& [attempt, item] : waiting_) ids.push_back(attempt);
  waiting_ids_.set(std::move(ids));
}

void LocalExecutor::warm(std::string environment_json) {
  thread_.loop().post([this, environment = std::move(environment_json)] {
    std::erase(warm_, environment);
    if (warm_.size() >= kWarmMax) warm_.erase(warm_.begin());
    warm_.push_back(environment);
    if (!agent_.empty()) gateway_->warm(agent_, environment);
  });
}

void LocalExecutor::cancel(AttemptId attempt, CancelReason reason) {
  thread_.loop().post([this, attempt, reason] {
    if (waiting_.erase(attempt) > 0) {
      flush();
      Outcome outcome;
      outcome.attempt = attempt;
      outcome.kind = OutcomeKind::cancelled;
      outcome.reason = std::string(to_string(reason));
      outcome.ended_at = SystemClock().now();
      if (listener_) listener_->on_outcome(std::move(outcome));
    } else if (!agent_.empty()) {
      gateway_->cancel(agent_, attempt,
                       reason);  // unsent, the engine asks again when the agent is back
    }
  });
}

void LocalExecutor::acknowledge(AttemptId attempt) {
  thread_.loop().post([this, attempt] {
    if (gateway_) gateway_->acknowledge(attempt);
  });
}

void LocalExecutor::resync() {
  thread_.loop().post([this] {
    if (started_) gateway_->resync();  // else the first hello is still to come
  });
}

std::vector<AttemptId> LocalExecutor::waiting_for(const std::string&) {
  return *waiting_ids_.get();
}

void LocalExecutor::on_session_open(const std::string& agent) {
  thread_.loop().post([this, agent] {
    if (!agent.starts_with("node-")) return;
    agent_ = agent;
    silent_checks_ = 0;
    if (!std::exchange(unfit_session_, false)) {
      checks_to_skip_ = 0;
      set_launch_error(std::nullopt);
    }
    for (const std::string& environment : warm_) gateway_->warm(agent_, environment);
    flush();
  });
}

void LocalExecutor::on_session_closed(const std::string& agent) {
  thread_.loop().post([this, agent] {
    if (agent != agent_) return;
    agent_.clear();
    if (letting_go_) return;
    plan_check();
    if (checks_to_skip_ > 0) return;
    auto running = launcher_.ensure_running();  // restarts it at once when its process ended
    if (!running) set_launch_error(running.error());
  });
}

void LocalExecutor::on_unfit(const std::string& agent, const Error& why) {
  thread_.loop().post([this, agent, why] {
    if (!agent.starts_with("node-")) return;
    unfit_session_ = true;
    checks_to_skip_ = kUnfitChecks;
    set_launch_error(why);
  });
}

}  // namespace leoflow
