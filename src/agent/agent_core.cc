// SPDX-License-Identifier: Apache-2.0
#include "agent/agent_core.h"

#include <algorithm>

#include "agent/server_calls.h"
#include "base/log.h"
#include "leoflow_agent.pb.h"

namespace leoflow {

namespace {

bool unreachable(const Error& error) {
  return error.code() == Code::unavailable || error.code() == Code::timeout;
}

Launch make_launch(AttemptId id, const wire::ClaimReply& reply) {
  Launch launch;
  launch.attempt = id;
  launch.start_json = reply.start_json();
  launch.environment_json = reply.environment_json();
  for (auto& [name, value] : reply.secrets()) launch.secrets.emplace(name, value);
  launch.masked.assign(reply.masked().begin(), reply.masked().end());
  launch.execution_timeout = std::chrono::milliseconds(reply.execution_timeout_ms());
  launch.memory_bytes_max = reply.memory_limit_bytes();
  launch.staging_path = reply.staging_path();
  launch.staging_bytes_max = reply.staging_limit_bytes();
  if (reply.xcom_bytes_max() > 0) launch.xcom_bytes_max = reply.xcom_bytes_max();
  launch.spill_folder = reply.spill_folder();
  if (reply.has_sources()) launch.sources = read_sources(reply.sources());
  return launch;
}

}  // namespace

LaunchSources read_sources(const wire::Sources& from) {
  return {from.runtime(), from.environment(), from.bundle(), from.bundle_path(),
          from.python_version()};
}

AgentCore::AgentCore(Options options, AttemptStore& store, ServerLink& link, TaskRunner& runner,
                     AgentTimers& timers, const Clock& clock)
    : options_(std::move(options)),
      store_(store),
      link_(link),
      runner_(runner),
      timers_(timers),
      clock_(clock) {}

AgentCore::~AgentCore() {
  if (reconnect_timer_) timers_.cancel(reconnect_timer_);
  if (welcome_timer_) timers_.cancel(welcome_timer_);
  if (heartbeat_timer_) timers_.cancel(heartbeat_timer_);
  if (log_timer_) timers_.cancel(log_timer_);
  if (stuck_timer_) timers_.cancel(stuck_timer_);
  if (session_open_) link_.close();
}

void AgentCore::start(std::vector<StoredAttempt> stored) {
  for (StoredAttempt& attempt : stored) restore(std::move(attempt));
  taken_ = int(attempts_.size());
  if (options_.attempts_max > 0 && taken_ >= options_.attempts_max) retiring_ = true;
  connect();
}

// An attempt of an earlier agent: its processes are gone, so it is finished or lost.
void AgentCore::restore(StoredAttempt stored) {
  Attempt attempt;
  attempt.claimed = attempt.ended = true;
  attempt.process = stored.process;
  attempt.log = LogCursor(stored.log_bytes);
  for (auto& xcom : stored.xcoms) {
    attempt.last_sequence = std::max(attempt.last_sequence, xcom.sequence);
    attempt.xcom_bytes += int64_t(xcom.value_json.size());
    attempt.xcoms.emplace(xcom.sequence, std::move(xcom));
  }
  attempt.finished = std::move(stored.finished);
  if (!attempt.finished) {
    FinishedRecord lost{.kind = "lost", .reason = "agent ended"};
    lost.started_at_us = stored.process.started_at_us;
    lost.ended_at_us = to_micros(clock_.now());
    auto saved = store_.save_outcome(stored.id, lost);
    if (!saved) log::error(saved.error().message(), {{"attempt", stored.id.value}});
    attempt.finished = std::move(lost);
  }
  attempts_.emplace(stored.id, std::move(attempt));
}

void AgentCore::retire(const std::string& reason, bool when_idle) {
  if (!retiring_) log::info(when_idle ? "retiring when idle" : "retiring", {{"reason", reason}});
  (when_idle ? retiring_when_idle_ : retiring_) = true;
  consider_exit();
}

AgentCore::Attempt* AgentCore::find(AttemptId id) {
  auto found = attempts_.find(id);
  return found == attempts_.end() ? nullptr : &found->second;
}

int AgentCore::active() const {
  return int(std::count_if(attempts_.begin(), attempts_.end(),
                           [](auto& entry) { return !entry.second.finished; }));
}

void AgentCore::assign(AttemptId id, const wire::Assign& order) {
  if (Attempt* known = find(id)) {
    known->token = order.token();
    if (known->finished) send_finished(id, *known);
    return;
  }
  if (forgotten_.contains(id)) return;
  if (retiring_) return refuse(id, "the agent is retiring");
  if (active() >= options_.slots_max * kSlotsOverbooking) return refuse(id, "the agent is full");
  Attempt& attempt = attempts_[id];
  attempt.token = order.token();
  if (++taken_ == options_.attempts_max) retiring_ = true;
  if (order.has_claim()) return launch(id, attempt, order.claim());
  claim(id);
}

void AgentCore::claim(AttemptId id) {
  Attempt* attempt = find(id);
  if (!attempt || attempt->claimed || attempt->claim_in_flight) return;
  attempt->claim_in_flight = true;
  wire::ClaimRequest request;
  request.set_attempt(id.value);
  request.set_pod(options_.pod);
  link_.claim(attempt->token, request,
              [this, id](auto reply) { on_claim_reply(id, std::move(reply)); });
}

void AgentCore::on_claim_reply(AttemptId id, Result<std::shared_ptr<wire::ClaimReply>> reply) {
  Attempt* attempt = find(id);
  if (!attempt || attempt->claimed) return;
  attempt->claim_in_flight = false;
  if (attempt->unwanted) return drop(id);
  if (!attempt->cancel_reason.empty()) return cancel(id, std::string(attempt->cancel_reason));
  if (reply) return launch(id, *attempt, **reply);
  const Error& error = reply.error();
  if (unreachable(error)) {
    timers_.after(kCallRetryDelay, [this, id] {
      if (connected_) claim(id);
    });  // else with the next welcome
  } else if (error.code() == Code::not_found || error.code() == Code::denied) {
    drop(id);  // no longer wanted
  } else {
    give_back(id, error.text());
  }
}

void AgentCore::launch(AttemptId id, Attempt& attempt, const wire::ClaimReply& reply) {
  Launch launch = make_launch(id, reply);
  auto start = json::parse(launch.start_json);
  auto created =
      start ? store_.create(id) : Status(fail(start.error().within("start frame of the attempt")));
  if (!created) return give_back(id, created.error().text());
  if (start->is_object())
    launch.map_index = int(json::int_or(start->as_object(), "map_index", kUnmapped));
  attempt.claimed = true;
  wire::AgentMessage message;
  message.mutable_claimed()->set_attempt(id.value);
  if (connected_) link_.send(message);
  runner_.launch(std::move(launch));
}

void AgentCore::cancel(AttemptId id, const std::string& reason) {
  Attempt* attempt = find(id);
  if (attempt && attempt->finished) {
    if (!attempt->ended) runner_.end(id, "cancelled", reason);  // only its callbacks still run
    return send_finished(id, *attempt);
  }
  if (attempt && attempt->claimed) return runner_.end(id, "cancelled", reason);
  if (attempt && attempt->claim_in_flight) {
    attempt->cancel_reason = reason;
    return;
  }
  if (attempt) attempts_.erase(id);
  Attempt never;  // not here, and now it never will be
  never.finished =
      FinishedRecord{.kind = "cancelled", .reason = reason, .ended_at_us = to_micros(clock_.now())};
  send_finished(id, never);
  consider_exit();
}

void AgentCore::acknowledge(AttemptId id) {
  Attempt* attempt = find(id);
  if (!attempt || !attempt->finished || attempt->process.acknowledged) return;
  attempt->process.acknowledged = true;
  attempt->xcoms.clear();
  if (options_.witness) options_.witness->on_acknowledged(id);
  forget_if_done(id);
  // Not durable on purpose: at worst the outcome is reported and acknowledged once more.
  if (find(id)) (void)store_.save_process(id, attempt->process);
}

void AgentCore::forget_if_done(AttemptId id) {
  Attempt* attempt = find(id);
  if (!attempt || !attempt->ended) return;
  bool done = attempt->process.acknowledged && attempt->log.complete();
  if (!done && !attempt->unwanted) return;
  remember_forgotten(id);
  drop(id);
}

// Ids grow: the smallest is the one that an order can least be late for.
void AgentCore::remember_forgotten(AttemptId id) {
  forgotten_.insert(id);
  if (forgotten_.size() > kForgottenMax) forgotten_.erase(forgotten_.begin());
}

void AgentCore::drop(AttemptId id) {
  Attempt* attempt = find(id);
  if (!attempt) return;
  bool stored = attempt->claimed;
  attempts_.erase(id);
  if (stored) store_.forget(id);
  consider_exit();
}

void AgentCore::refuse(AttemptId id, const std::string& reason) {
  log::warning("attempt refused", {{"attempt", id.value}, {"reason", reason}});
  wire::AgentMessage message;
  message.mutable_refused()->set_attempt(id.value);
  message.mutable_refused()->set_reason(reason);
  if (connected_) link_.send(message);
}

// Unheard, the attempt is missing in the next hello: the same to the server.
void AgentCore::give_back(AttemptId id, const std::string& reason) {
  if (options_.witness) options_.witness->on_refused(id, reason);
  refuse(id, reason);
  drop(id);
}

void AgentCore::on_refused(AttemptId id, const std::string& reason) { give_back(id, reason); }

void AgentCore::on_process(AttemptId id, const ProcessRecord& process) {
  Attempt* attempt = find(id);
  if (!attempt) return;
  attempt->process = process;
  auto saved = store_.save_process(id, process);
  if (!saved) log::warning(saved.error().message(), {{"attempt", id.value}});
}

void AgentCore::on_running(AttemptId id, int64_t pid, Time started_at) {
  Attempt* attempt = find(id);
  if (!attempt) return;
  attempt->started_at = started_at;
  wire::AgentMessage message;
  auto* running = message.mutable_running();
  running->set_attempt(id.value);
  running->set_pid(pid);
  running->set_started_at_us(to_micros(started_at));
  if (connected_) link_.send(message);
}

void AgentCore::on_call(AttemptId id, const json::object& call) {
  Attempt* attempt = find(id);
  if (!attempt) return;
  attempt->call = call;
  if (connected_) make_call(id);  // else with the next welcome
}

void AgentCore::make_call(AttemptId id) {
  Attempt* attempt = find(id);
  if (!attempt || !attempt->call || attempt->call_in_flight) return;
  attempt->call_in_flight = true;
  call_server(link_, attempt->token, id, *attempt->call, [this, id](Result<CallAnswer> answer) {
    Attempt* attempt = find(id);
    if (!attempt || !attempt->call) return;
    attempt->call_in_flight = false;
    if (!answer) {
      timers_.after(kCallRetryDelay, [this, id] {
        if (connected_) make_call(id);
      });
      return;
    }
    attempt->call.reset();
    runner_.answer(id, answer->frame, answer->masked);
  });
}

Status AgentCore::on_xcom(AttemptId id, JournaledXCom xcom) {
  Attempt* attempt = find(id);
  if (!attempt) return fail(Code::not_found, "the attempt is unknown");
  auto bytes = int64_t(xcom.value_json.size());
  if (attempt->xcom_bytes + bytes > kUnacknowledgedXComBytesMax) {
    return fail(Code::exhausted, "more than 64Mi of XComs wait for the server");
  }
  xcom.sequence = attempt->last_sequence + 1;
  if (auto saved = store_.append_xcom(id, xcom); !saved) {
    return fail(Code::unavailable, saved.error().message());
  }
  attempt->last_sequence = xcom.sequence;
  attempt->xcom_bytes += bytes;
  if (connected_) send_xcom(id, xcom);
  attempt->xcoms.emplace(xcom.sequence, std::move(xcom));
  return {};
}

Status AgentCore::on_outcome(AttemptId id, const FinishedRecord& outcome) {
  Attempt* attempt = find(id);
  if (!attempt || attempt->finished) return {};
  if (auto saved = store_.save_outcome(id, outcome); !saved) return saved;
  if (options_.witness) {
    auto seen = options_.witness->on_outcome(id, outcome, attempt->xcoms);
    if (!seen) return seen;
  }
  attempt->finished = outcome;
  attempt->call.reset();
  pump_log(id, *attempt);  // what it printed is there before its outcome
  if (!attempt->unwanted) send_finished(id, *attempt);
  return {};
}

void AgentCore::on_log(AttemptId id, uint64_t bytes) {
  Attempt* attempt = find(id);
  if (!attempt) return;
  attempt->log.grew_to(bytes);
  if (attempt->log.sendable() >= kLogBytesAtOnce) return pump_log(id, *attempt);
  pump_logs_soon();
}

void AgentCore::on_ended(AttemptId id) {
  if (Attempt* attempt = find(id)) {
    attempt->ended = true;
    pump_log(id, *attempt);
    send_log_end(id, *attempt);
  }
  if (options_.witness) options_.witness->on_ended(id);
  forget_if_done(id);
  consider_exit();
}

}  // namespace leoflow
