// SPDX-License-Identifier: Apache-2.0
// The session half of AgentCore: hello and welcome, orders, logs, breaks.
#include <algorithm>

#include "agent/agent_core.h"
#include "base/log.h"
#include "leoflow_agent.pb.h"

namespace leoflow {

namespace {

void fill(wire::XComEntry& entry, const JournaledXCom& xcom) {
  entry.set_key(xcom.key);
  entry.set_value_json(xcom.value_json);
  entry.set_spill_path(xcom.spill_path);
  entry.set_size_bytes(xcom.size_bytes);
  entry.set_map_index(xcom.map_index);
}

}  // namespace

void AgentCore::connect() {
  if (exited_) return;
  session_open_ = true;
  welcome_timer_ = timers_.after(kWelcomeMax, [this] {
    welcome_timer_ = 0;
    on_no_welcome();
  });
  link_.open(*this);
  if (session_open_) say_hello();
}

void AgentCore::say_hello() {
  wire::AgentMessage message;
  auto* hello = message.mutable_hello();
  hello->set_agent_id(options_.agent_id);
  hello->set_version(options_.version);
  hello->set_hostname(options_.hostname);
  hello->set_pid(options_.pid);
  hello->set_instance_id(store_.instance_id());
  hello->set_secret(options_.secret);
  hello->set_protocol(wire::PROTOCOL_CURRENT);
  hello->set_protocol_oldest(wire::PROTOCOL_OLDEST);
  hello->set_retiring(retiring_);
  for (auto& [id, attempt] : attempts_) {
    if (attempt.unwanted) continue;
    auto* held = hello->add_held();
    held->set_attempt(id.value);
    held->set_finished(attempt.finished.has_value());
    held->set_running(attempt.started_at.has_value());
    held->set_pid(attempt.process.pid);
    if (attempt.started_at) held->set_started_at_us(to_micros(*attempt.started_at));
    held->set_log_bytes(int64_t(attempt.log.size()));
  }
  link_.send(message);
}

// Something listens there and does not answer.
void AgentCore::on_no_welcome() {
  link_.close();
  without_server_ += kWelcomeMax;
  on_disconnected(Error(Code::timeout, "the server did not answer the hello"));
}

void AgentCore::on_disconnected(const Error& reason) {
  session_open_ = false;
  if (exited_) return;
  connected_ = false;
  if (told_ != reason.text())
    log::warning("no session with the server", {{"reason", reason.text()}});
  told_ = reason.text();
  turned_away_ = reason.code() == Code::unauthenticated ? reason.message() : "";
  if (welcome_timer_) timers_.cancel(welcome_timer_);
  if (heartbeat_timer_) timers_.cancel(heartbeat_timer_);
  welcome_timer_ = heartbeat_timer_ = 0;
  without_server_ += reconnect_delay_;
  consider_exit();
  if (exited_) return;
  reconnect_timer_ = timers_.after(reconnect_delay_, [this] {
    reconnect_timer_ = 0;
    connect();
  });
  reconnect_delay_ = std::min<Duration>(reconnect_delay_ * 2, kReconnectDelayMax);
}

void AgentCore::on_message(const wire::ServerMessage& message) {
  using Body = wire::ServerMessage;
  if (message.body_case() == Body::kWelcome) return on_welcome(message);
  if (!connected_) return;
  switch (message.body_case()) {
    case Body::kAssign: return assign(AttemptId{message.assign().attempt()}, message.assign());
    case Body::kCancel:
      return cancel(AttemptId{message.cancel().attempt()}, message.cancel().reason());
    case Body::kAcknowledge: return acknowledge(AttemptId{message.acknowledge().attempt()});
    case Body::kRetire: return retire(message.retire().reason(), message.retire().when_idle());
    case Body::kWarm: return runner_.warm(message.warm().environment_json());
    case Body::kStagingFull:
      return runner_.end(AttemptId{message.staging_full().attempt()}, "failed",
                         message.staging_full().message());
    case Body::kLogAck: {
      AttemptId id{message.log_ack().attempt()};
      Attempt* attempt = find(id);
      if (!attempt) return;
      attempt->log.acknowledged(uint64_t(message.log_ack().offset()));
      pump_log(id, *attempt);
      return forget_if_done(id);
    }
    case Body::kXcomAck: {
      Attempt* attempt = find(AttemptId{message.xcom_ack().attempt()});
      if (!attempt) return;
      auto found = attempt->xcoms.find(message.xcom_ack().sequence());
      if (found == attempt->xcoms.end()) return;
      if (!message.xcom_ack().error().empty()) {  // repeated with the outcome
        return log::warning("an XCom was not taken", {{"error", message.xcom_ack().error()}});
      }
      attempt->xcom_bytes -= int64_t(found->second.value_json.size());
      attempt->xcoms.erase(found);
      return;
    }
    default: return;  // a newer server's message
  }
}

// A home that was given to another installation: nothing that we hold is of use there.
bool AgentCore::adopt_instance(const std::string& instance_id) {
  std::string known = store_.instance_id();
  if (known == instance_id) return true;
  if (auto saved = store_.set_instance_id(instance_id); !saved)
    log::warning(saved.error().message());
  return known.empty();
}

void AgentCore::on_welcome(const wire::ServerMessage& message) {
  auto& welcome = message.welcome();
  connected_ = welcomed_ = true;
  told_.clear();
  if (welcome_timer_) timers_.cancel(welcome_timer_);
  welcome_timer_ = 0;
  reconnect_delay_ = kReconnectDelayMin;
  without_server_ = Duration(0);
  if (welcome.lease_ms() > 0) lease_ = std::chrono::milliseconds(welcome.lease_ms());
  bool same = adopt_instance(welcome.instance_id());
  std::map<int64_t, int64_t> offsets;
  for (auto& offset : welcome.log_offsets()) offsets[offset.attempt()] = offset.offset();
  std::vector<AttemptId> unwanted;
  for (int64_t id : welcome.unknown_attempts()) unwanted.push_back(AttemptId{id});
  if (!same) {
    unwanted.clear();
    for (auto& [id, attempt] : attempts_) unwanted.push_back(id);
  }
  log::info("session open", {{"server", welcome.version()},
                             {"protocol", std::max<int>(welcome.protocol(), wire::PROTOCOL_OLDEST)},
                             {"held", attempts_.size()},
                             {"unwanted", unwanted.size()}});
  for (AttemptId id : unwanted) {
    Attempt* attempt = find(id);
    if (!attempt) continue;
    attempt->unwanted = true;
    if (attempt->claimed && !attempt->ended) {
      runner_.end(id, "cancelled", "superseded");
    } else if (!attempt->claim_in_flight) {
      drop(id);
    }
  }
  std::vector<AttemptId> ids;  // forgetting changes the map
  for (auto& [id, attempt] : attempts_) ids.push_back(id);
  for (AttemptId id : ids) {
    Attempt* attempt = find(id);
    if (!attempt || attempt->unwanted) continue;
    auto offset = offsets.find(id.value);
    attempt->log.resume(offset == offsets.end() ? 0 : uint64_t(offset->second));
    if (!attempt->claimed) claim(id);
    for (auto& [sequence, xcom] : attempt->xcoms) {
      if (!attempt->finished) send_xcom(id, xcom);
    }
    if (attempt->finished && !attempt->process.acknowledged) send_finished(id, *attempt);
    make_call(id);
    pump_log(id, *attempt);
    if (attempt->ended) send_log_end(id, *attempt);
    forget_if_done(id);
  }
  on_heartbeat();
}

void AgentCore::on_heartbeat() {
  wire::AgentMessage message;
  message.mutable_heartbeat()->set_sent_at_us(to_micros(clock_.now()));
  link_.send(message);
  heartbeat_timer_ = timers_.after(lease_ / 3, [this] {
    heartbeat_timer_ = 0;
    repeat_unanswered();
    on_heartbeat();
    consider_exit();
  });
}

// An answer that was lost on the server's side would be waited for as long as the session lasts.
void AgentCore::repeat_unanswered() {
  for (auto& [id, attempt] : attempts_) {
    bool waits = attempt.finished && !attempt.process.acknowledged && !attempt.unwanted;
    if (waits && attempt.unanswered) send_finished(id, attempt);
    attempt.unanswered = waits;
  }
}

void AgentCore::send_finished(AttemptId id, const Attempt& attempt) {
  if (!connected_) return;
  const FinishedRecord& record = *attempt.finished;
  wire::AgentMessage message;
  auto* finished = message.mutable_finished();
  finished->set_attempt(id.value);
  finished->set_kind(record.kind);
  finished->set_retryable(record.retryable);
  finished->set_reason(record.reason);
  finished->set_exit_code(record.exit_code);
  finished->set_started_at_us(record.started_at_us);
  finished->set_ended_at_us(record.ended_at_us);
  finished->set_cpu_us(record.use.cpu / std::chrono::microseconds(1));
  finished->set_memory_peak_bytes(record.use.memory_peak_bytes);
  finished->set_rendered_fields(record.rendered_fields);
  finished->set_asset_events(record.asset_events);
  finished->set_log_bytes(int64_t(attempt.log.size()));
  for (auto& [sequence, xcom] : attempt.xcoms) fill(*finished->add_xcoms(), xcom);
  link_.send(message);
}

// Nothing more is written to the log; what of it is not sent yet may follow.
void AgentCore::send_log_end(AttemptId id, const Attempt& attempt) {
  if (!connected_ || attempt.unwanted) return;
  wire::AgentMessage message;
  message.mutable_log_end()->set_attempt(id.value);
  message.mutable_log_end()->set_log_bytes(int64_t(attempt.log.size()));
  link_.send(message);
}

void AgentCore::send_xcom(AttemptId id, const JournaledXCom& xcom) {
  wire::AgentMessage message;
  auto* push = message.mutable_xcom_push();
  push->set_attempt(id.value);
  push->set_sequence(xcom.sequence);
  fill(*push->mutable_entry(), xcom);
  link_.send(message);
}

void AgentCore::pump_log(AttemptId id, Attempt& attempt) {
  while (connected_ && !attempt.unwanted && link_.queued_bytes() < kLinkQueueBytes) {
    uint64_t count = attempt.log.sendable();
    if (count == 0) return;
    auto bytes = read_spool(store_.log_path(id), attempt.log.next_offset(), count);
    if (!bytes) return log::warning(bytes.error().message(), {{"attempt", id.value}});
    if (bytes->empty()) return;
    bool cut_by_window =
        count < kLogChunkBytesMax && attempt.log.waiting() && bytes->find('\n') == bytes->npos;
    if (cut_by_window) return;  // the rest of the line follows with the next acknowledgement
    bytes->resize(whole_lines(*bytes));
    wire::AgentMessage message;
    auto* chunk = message.mutable_log_chunk();
    chunk->set_attempt(id.value);
    chunk->set_offset(int64_t(attempt.log.next_offset()));
    attempt.log.sent(bytes->size());
    chunk->set_data(std::move(*bytes));
    link_.send(message);
    watch_for_stuck_logs();
  }
}

void AgentCore::pump_logs() {
  for (auto& [id, attempt] : attempts_) pump_log(id, attempt);
}

void AgentCore::pump_logs_soon() {
  if (log_timer_) return;
  log_timer_ = timers_.after(kLogDelay, [this] {
    log_timer_ = 0;
    pump_logs();
  });
}

void AgentCore::watch_for_stuck_logs() {
  if (stuck_timer_) return;
  stuck_timer_ = timers_.after(kStuckLogDelay, [this] {
    stuck_timer_ = 0;
    resend_stuck_logs();
  });
}

// The server could not store a chunk: nothing was acknowledged since we looked last.
void AgentCore::resend_stuck_logs() {
  bool waiting = false;
  for (auto& [id, attempt] : attempts_) {
    if (attempt.log.waiting() && attempt.log.acked() == attempt.acked_before) attempt.log.rewind();
    attempt.acked_before = attempt.log.acked();
    waiting = waiting || attempt.log.waiting();
  }
  if (waiting) watch_for_stuck_logs();
  pump_logs();
}

void AgentCore::on_writable() { pump_logs(); }

std::string AgentCore::reason_to_exit() const {
  if ((retiring_ || retiring_when_idle_) && attempts_.empty()) return "retired";
  // Outcomes of what has ended stay on disk for the next agent.
  bool idle = std::all_of(attempts_.begin(), attempts_.end(),
                          [](auto& entry) { return entry.second.ended; });
  if (!idle) return "";
  if (options_.home_exists && !options_.home_exists()) return "its home is gone";
  if (connected_) return "";
  if (options_.pod && !attempts_.empty()) return "";  // its disk goes with it
  if (!turned_away_.empty()) return "turned away: " + turned_away_;
  Duration patience = welcomed_ ? Duration(kIdleWithoutServerMax) : Duration(kNeverWelcomedMax);
  return without_server_ >= patience ? "no server for " + format_duration(patience) : "";
}

void AgentCore::consider_exit() {
  if (exited_) return;
  std::string reason = reason_to_exit();
  if (reason.empty()) return;
  exited_ = true;
  options_.exit(reason);
}

}  // namespace leoflow
