// SPDX-License-Identifier: Apache-2.0
#include "agent/task_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "agent/binary_size.h"
#include "agent/processes.h"
#include "base/log.h"

namespace leoflow {

namespace {

constexpr auto kSweepEvery = std::chrono::milliseconds(5);
constexpr int kSweepsMax = 2000;        // 10 s: what survives SIGKILL so long hangs in the kernel
constexpr int kStagingCheckShare = 20;  // a check may take 1/20 of the time

// How often the kernel killed for want of memory: on the whole host, or in a group.
int64_t oom_kills(const fs::path& counters) {
  std::ifstream file(counters);
  std::string key;
  int64_t value = 0;
  while (file >> key >> value) {
    if (key == "oom_kill") return value;
  }
  return 0;
}

int64_t host_oom_kills() { return oom_kills("/proc/vmstat"); }

}  // namespace

TaskProcess::TaskProcess(Host& host, Launch launch)
    : host_(host), launch_(std::move(launch)), log_(host.loop, host.clock, [this](uint64_t bytes) {
        host_.listener.on_log(launch_.attempt, bytes);
      }) {
  for (auto& text : launch_.masked) log_.mask(text);
}

TaskProcess::~TaskProcess() {
  for (int timer = 0; timer < kTimerCount; ++timer) disarm(Timer(timer));
}

void TaskProcess::arm(Timer timer, Duration delay, Loop::Task task) {
  disarm(timer);
  timers_[timer] = host_.loop.after(delay, [this, timer, task = std::move(task)]() mutable {
    timers_[timer] = 0;
    task();
  });
}

void TaskProcess::disarm(Timer timer) {
  if (timers_[timer]) host_.loop.cancel(timers_[timer]);
  timers_[timer] = 0;
}

Status TaskProcess::open(const fs::path& log_path) {
  begun_at_ = host_.clock.now();
  host_oom_kills_ = host_oom_kills();
  if (!host_.memory_events.empty()) container_oom_kills_ = oom_kills(host_.memory_events);
  return log_.open(log_path, launch_.attempt);
}

Result<SpawnRequest> TaskProcess::prepare_spawn() {
  groups_ = host_.cgroups.create(launch_.attempt, launch_.memory_bytes_max);
  SpawnRequest request{launch_.attempt, groups_.procs_files(), launch_.staging_path};
  log_.close_streams();
  far_ends_.clear();
  for (auto stream : {TaskLog::Stream::out, TaskLog::Stream::err, TaskLog::Stream::log}) {
    auto pipe = log_.pipe_for(stream);
    if (!pipe) return fail(pipe);
    far_ends_.push_back(std::move(*pipe));
  }
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
    return fail(from_errno("socketpair", "control"));
  far_ends_.emplace_back(pair[1]);
  control_ = std::make_unique<ControlChannel>(
      host_.loop, Fd(pair[0]), [this](std::string frame) { on_frame(std::move(frame)); });
  for (size_t i = 0; i < 4; ++i) request.fds[i] = far_ends_[i].get();
  spawn_sent_ = true;
  arm(kLimit, kSpawnTimeMax,
      [this] { after_exit({.kind = "lost", .reason = "the interpreter did not fork in time"}); });
  return request;
}

void TaskProcess::reset_spawn() {
  disarm(kLimit);
  spawn_sent_ = false;
}

Result<std::string> TaskProcess::start_frame() const {
  auto taken = take_member(launch_.start_json, "env");
  if (!taken) return fail(taken);
  json::Writer marker;
  marker.string(host_.agent_id + "/" + std::to_string(launch_.attempt.value));
  std::string env = taken->value.starts_with('{') ? taken->value : "{}";
  auto marked = append_members(env, "\"LEOFLOW_ATTEMPT\":" + marker.take());
  if (!marked) return marked;
  json::Writer secrets, masks, hostname;
  secrets.begin_object();
  for (auto& [name, value] : launch_.secrets) secrets.member(name, value);
  secrets.end_object();
  masks.begin_array();
  for (auto& text : launch_.masked) masks.string(text);
  masks.end_array();
  hostname.string(host_.hostname);
  return append_members(taken->rest,
                        "\"op\":\"start\",\"env\":" + *marked + ",\"secrets\":" + secrets.take() +
                            ",\"mask\":" + masks.take() + ",\"hostname\":" + hostname.take());
}

bool TaskProcess::limited_by_rlimit() const {
  return launch_.memory_bytes_max > 0 && !groups_.memory_limited();
}

void TaskProcess::apply_memory_limit() {
  // The agent's own protection from the kernel's memory killer is not for tasks.
  Fd score(
      ::open(("/proc/" + std::to_string(pid_) + "/oom_score_adj").c_str(), O_WRONLY | O_CLOEXEC));
  if (score && write(score.get(), "0", 1) < 0) log::debug("cannot reset oom_score_adj");
  if (!limited_by_rlimit()) return;
  rlimit limit{rlim_t(launch_.memory_bytes_max), rlim_t(launch_.memory_bytes_max)};
  rlimit_ = prlimit(pid_t(pid_), RLIMIT_DATA, &limit, nullptr) == 0;
  if (!rlimit_) log_.note("the memory limit cannot be enforced on this host", "warning");
}

void TaskProcess::send_start() {
  if (start_sent_ || forced_) return;
  auto frame = start_frame();
  if (!frame) return end("failed", frame.error().message());
  start_sent_ = true;
  control_->send(*frame);
}

// The frame waits in the socket for the process, unless that is to be limited first.
void TaskProcess::on_spawn_sent() {
  if (!limited_by_rlimit()) send_start();
}

void TaskProcess::on_spawned(int64_t pid) {
  if (pid_) return;
  if (exited_) {  // given up meanwhile
    kill(pid_t(pid), SIGKILL);
    return;
  }
  pid_ = pid;
  far_ends_.clear();
  ProcessRecord process{pid_, process_start(pid_t(pid_)).value_or(0), to_micros(host_.clock.now()),
                        false, groups_.folders()};
  host_.listener.on_process(launch_.attempt, process);
  log_.note("attempt " + std::to_string(launch_.attempt.value) + " started on " + host_.hostname +
            ", pid " + std::to_string(pid_));
  apply_memory_limit();
  send_start();
  if (forced_) {  // ended while it was being forked
    kill_everything();
    return;
  }
  watch_staging();
  if (started_at_) return host_.listener.on_running(launch_.attempt, pid_, *started_at_);
  if (decided_) return;
  arm(kLimit, kBeginTimeMax, [this] {
    end("failed", "the DAG file was not imported within " + format_duration(kBeginTimeMax));
  });
}

void TaskProcess::signal_everything(int signal) {
  if (groups_.holds_processes()) {
    groups_.signal_all(signal);
  } else if (pid_ > 1) {
    signal_group(pid_t(pid_), signal);
  }
}

// SIGKILL to all we can find; how many processes were there.
size_t TaskProcess::kill_everything() {
  size_t found = groups_.kill_all();
  if (pid_ <= 1) return found;
  bool grouped = groups_.holds_processes();  // else /proc tells, which takes milliseconds
  if (!exited_) {
    if (!grouped) {
      for (pid_t pid : descendants(pid_t(pid_))) kill(pid, SIGKILL);
    }
    kill(pid_t(pid_), SIGKILL);
  }
  signal_group(pid_t(pid_), SIGKILL);
  if (grouped) return found;
  auto marked = processes_with_environment("LEOFLOW_ATTEMPT=" + host_.agent_id + "/" +
                                           std::to_string(launch_.attempt.value));
  for (pid_t pid : marked) {
    if (process_start(pid)) ++found;
    kill(pid, SIGKILL);
  }
  return found;
}

void TaskProcess::end(const std::string& kind, const std::string& reason) {
  if (exited_) return;
  if (!forced_ && !decided_) {
    forced_ = Forced{kind, reason};
    log_.note("ending the task: " + reason, "warning");
  }
  if (!spawn_sent_) {
    exited_ = true;
    settle(FinishedRecord{.kind = forced_->kind, .reason = forced_->reason});
    return;
  }
  if (pid_ == 0) return;  // killed as soon as the fork is reported
  disarm(kLimit);
  signal_everything(SIGTERM);
  if (!timers_[kKill]) arm(kKill, host_.kill_grace, [this] { kill_everything(); });
}

void TaskProcess::on_exited(int wait_status, const ResourceUse& use) {
  if (exited_) return;
  auto record = record_for_exit(wait_status);
  record.use = use;
  after_exit(std::move(record));
}

void TaskProcess::on_template_ended(const std::string& reason) {
  if (exited_) return;
  FinishedRecord lost{.kind = "lost", .reason = reason};
  if (forced_) lost = {.kind = forced_->kind, .reason = forced_->reason};
  after_exit(lost);
}

// Whether its own limit killed it, be it that of its groups or of the container.
bool TaskProcess::out_of_memory() const {
  if (groups_.out_of_memory()) return true;
  return !host_.memory_events.empty() && oom_kills(host_.memory_events) > container_oom_kills_;
}

FinishedRecord TaskProcess::record_for_exit(int wait_status) const {
  FinishedRecord record{.kind = "failed", .reason = describe_wait_status(wait_status)};
  record.exit_code =
      WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
  bool sigkill = WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL;
  if (forced_) {
    record.kind = forced_->kind;
    record.reason = forced_->reason;
  } else if (sigkill && !out_of_memory() && host_oom_kills() > host_oom_kills_) {
    record.kind = "lost";
    record.reason = "the host ran out of memory";
  } else if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) {
    record.reason = "the process ended without an outcome (exit code 0)";
  }
  return record;
}

// The process is gone (or unreachable): take what it still said, then decide and clear up.
void TaskProcess::after_exit(FinishedRecord record) {
  for (auto timer : {kLimit, kKill, kStaging}) disarm(timer);
  kill_everything();
  exited_ = true;
  far_ends_.clear();
  if (control_) control_->drain();
  log_.drain();
  if (decided_) return finish();
  if (!settling_) settle(std::move(record));
}

// Decides the outcome: staging is checked a last time, then it is made durable.
void TaskProcess::settle(FinishedRecord record) {
  if (settling_ || decided_) return;
  settling_ = true;
  if (forced_) {
    record.kind = forced_->kind;
    record.reason = forced_->reason;
  }
  bool own_end = record.kind == "succeeded" || record.kind == "failed";
  if (forced_ || !own_end || launch_.staging_path.empty() || launch_.staging_bytes_max <= 0) {
    return commit(std::move(record));
  }
  measure_staging([this, record](uint64_t bytes, Duration) mutable {
    if (bytes > uint64_t(launch_.staging_bytes_max)) {
      record.kind = "failed";
      record.reason = staging_full(bytes);
      record.exit_code = 1;
    }
    commit(std::move(record));
  });
}

void TaskProcess::commit(FinishedRecord record) {
  bool memory = record.reason.starts_with("MemoryError") && (rlimit_ || groups_.memory_limited());
  if (record.kind == "failed" && !forced_ && (memory || out_of_memory())) {
    record.reason = launch_.memory_bytes_max == 0
                        ? "the memory limit of the container was exceeded"
                        : "memory limit " + format_binary_size(uint64_t(launch_.memory_bytes_max)) +
                              " exceeded";
  }
  record.started_at_us = started_at_ ? to_micros(*started_at_) : 0;
  record.ended_at_us = to_micros(host_.clock.now());
  record.rendered_fields = rendered_fields_;
  log_.end_lines();  // what it printed before is in the log before the outcome is known
  auto durable = host_.listener.on_outcome(launch_.attempt, record);
  if (!durable) {
    log::error(durable.error().message(), {{"attempt", launch_.attempt.value}});
    return arm(kRetry, kDiskRetry, [this, record = std::move(record)] { commit(record); });
  }
  settling_ = false;
  decided_ = true;
  kind_ = record.kind;
  reason_ = record.reason;
  use_ = record.use;
  if (exited_) return finish();
  if (outcome_waits_) answer_outcome_soon();
  arm(kLimit, kCallbackTimeMax, [this] { end("failed", "its callbacks did not end"); });
}

// Once the report of this turn is on its way: a task that ends takes a processor for milliseconds.
void TaskProcess::answer_outcome_soon() {
  host_.loop.post([this, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.lock() || exited_ || !std::exchange(outcome_waits_, false)) return;
    control_->send("{}");
    control_->resume();
  });
}

void TaskProcess::finish() {
  log_.drain();
  sweep_leftovers();
}

void TaskProcess::sweep_leftovers() {
  size_t left = kill_everything();
  if (left > 0 && ++sweeps_ < kSweepsMax) {
    return arm(kSweep, kSweepEvery, [this] { sweep_leftovers(); });
  }
  groups_.remove();
  log_.close_streams();
  control_.reset();
  log_.note("attempt " + std::to_string(launch_.attempt.value) + " ended: " + kind_ +
            (reason_.empty() ? "" : " (" + reason_ + ")") + " after " +
            format_duration(host_.clock.now() - begun_at_) + used());
  end_log();
}

// ", 1.2 s of CPU, 52 MiB of memory at most"; empty when nobody looked.
std::string TaskProcess::used() const {
  if (!use_.known()) return {};
  return ", " + format_duration(use_.cpu) + " of CPU, " +
         format_binary_size(uint64_t(use_.memory_peak_bytes)) + " of memory at most";
}

// On a full disk the log ends once it tells what is missing.
void TaskProcess::end_log() {
  if (!log_.tell_dropped()) return arm(kRetry, kDiskRetry, [this] { end_log(); });
  host_.listener.on_ended(launch_.attempt);
  host_.ended(launch_.attempt);
}

std::string TaskProcess::staging_full(uint64_t bytes) const {
  return "staging volume full: " + format_binary_size(bytes) + " of " +
         format_binary_size(uint64_t(launch_.staging_bytes_max));
}

void TaskProcess::measure_staging(std::function<void(uint64_t bytes, Duration took)> then) {
  host_.files.post([&loop = host_.loop, path = launch_.staging_path, then = std::move(then),
                    alive = std::weak_ptr<bool>(alive_)]() mutable {
    auto begin = std::chrono::steady_clock::now();
    uint64_t bytes = folder_size(path).value_or(0);
    auto took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begin);
    loop.post([then = std::move(then), alive, bytes, took] {
      if (alive.lock()) then(bytes, took);
    });
  });
}

void TaskProcess::watch_staging() {
  if (launch_.staging_path.empty() || launch_.staging_bytes_max <= 0) return;
  arm(kStaging, kStagingCheckEvery, [this] {
    measure_staging([this](uint64_t bytes, Duration took) {
      if (exited_ || decided_) return;
      if (bytes > uint64_t(launch_.staging_bytes_max)) return end("failed", staging_full(bytes));
      arm(kStaging, std::max<Duration>(kStagingCheckEvery, took * kStagingCheckShare),
          [this] { watch_staging(); });
    });
  });
}

}  // namespace leoflow
