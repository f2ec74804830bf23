// SPDX-License-Identifier: Apache-2.0
// One attempt's processes from spawn to the last of its descendants: start frame, calls, log,
// limits, ending. Loop only.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/cgroups.h"
#include "agent/control_channel.h"
#include "agent/launch.h"
#include "agent/task_log.h"
#include "agent/template_process.h"

namespace leoflow {

constexpr auto kTimeoutGrace =
    std::chrono::seconds(5);  // the runtime raises at the limit; we end it this later
constexpr auto kKillGrace = std::chrono::seconds(5);  // from SIGTERM to SIGKILL
constexpr auto kBeginTimeMax =
    std::chrono::minutes(10);  // from the process to "running" (import of the DAG file)
constexpr auto kCallbackTimeMax =
    std::chrono::minutes(10);  // from the outcome to the end of the process
constexpr auto kSpawnTimeMax = std::chrono::minutes(2);  // from the order to fork to the process
constexpr auto kStagingCheckEvery =
    std::chrono::seconds(1);  // adaptive: at least 20 times what a check took
constexpr size_t kXComKeyBytesMax = 512;
constexpr auto kDiskRetry = std::chrono::seconds(1);  // outcome and XComs wait for a full disk

class TaskProcess {
 public:
  // What it needs of the agent; outlives it.
  struct Host {
    Loop& loop;
    const Clock& clock;
    const Cgroups& cgroups;
    TaskRunnerListener& listener;
    Loop& files;  // a thread for walking folders
    std::string agent_id, hostname;
    // Called last: nothing is left; the host destroys it later (not within the call).
    std::function<void(AttemptId)> ended;
    Duration kill_grace = kKillGrace;  // from SIGTERM to SIGKILL
    // Where the container around us counts what the kernel killed for its memory limit; empty =
    // there is none.
    fs::path memory_events = {};
  };
  TaskProcess(Host& host, Launch launch);
  ~TaskProcess();

  // The log; before anything else. An error is a refusal.
  Status open(const fs::path& log_path);
  // Pipes and groups for a (new) template to fork into; our copies of the far ends live until
  // on_spawned.
  Result<SpawnRequest> prepare_spawn();
  // The interpreter has its order: the task may have its own.
  void on_spawn_sent();
  void on_spawned(int64_t pid);
  void on_exited(int wait_status, const ResourceUse& use);
  void on_template_ended(const std::string& reason);
  void end(const std::string& kind, const std::string& reason);
  void answer(const std::string& frame, const std::vector<std::string>& masked);

  AttemptId attempt() const { return launch_.attempt; }
  const Launch& launch() const { return launch_; }
  bool spawn_sent() const { return spawn_sent_; }
  // A process may have begun its work: it must not be forked again.
  bool started() const { return pid_ != 0 || start_sent_; }
  bool over() const { return exited_; }
  // The interpreter ended before it forked: ready for another one.
  void reset_spawn();
  int spawn_tries = 0;

 private:
  enum Timer { kLimit, kKill, kSweep, kStaging, kRetry, kTimerCount };
  struct Forced {
    std::string kind, reason;
  };

  // task_process.cc: life and limits
  void arm(Timer timer, Duration delay, Loop::Task task);
  void disarm(Timer timer);
  Result<std::string> start_frame() const;
  void send_start();
  bool limited_by_rlimit() const;
  bool out_of_memory() const;
  void apply_memory_limit();
  void signal_everything(int signal);
  size_t kill_everything();
  void after_exit(FinishedRecord record);
  void sweep_leftovers();
  FinishedRecord record_for_exit(int wait_status) const;
  void settle(FinishedRecord record);
  void commit(FinishedRecord record);
  void answer_outcome_soon();
  void finish();
  std::string used() const;
  void end_log();
  void measure_staging(std::function<void(uint64_t bytes, Duration took)> then);
  void watch_staging();
  std::string staging_full(uint64_t bytes) const;

  // task_calls.cc: what the task says
  void on_frame(std::string text);
  void on_running();
  void on_xcom_push(std::string_view frame);
  Result<JournaledXCom> make_xcom(std::string_view frame);
  Status spill(JournaledXCom& xcom);
  void on_outcome(const json::object& call);
  void reply_error(const Error& error, std::string_view code = {});

  Host& host_;
  Launch launch_;
  TaskLog log_;
  AttemptGroups groups_;
  std::unique_ptr<ControlChannel> control_;
  std::vector<Fd> far_ends_;
  // Lets results from the files thread find out that we are gone.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Loop::TimerId timers_[kTimerCount] = {};
  std::optional<Forced> forced_;
  std::string rendered_fields_;
  std::string kind_;  // of the outcome once decided
  std::string reason_;
  ResourceUse use_;  // as the outcome tells it
  int64_t pid_ = 0;
  int64_t host_oom_kills_ = 0, container_oom_kills_ = 0;  // when it began
  int64_t next_spill_ = 1;
  std::optional<Time> started_at_;  // user code began
  Time begun_at_{};
  int sweeps_ = 0;
  bool spawn_sent_ = false, start_sent_ = false, exited_ = false, settling_ = false,
       decided_ = false;
  bool outcome_waits_ = false, rlimit_ = false;
};

}  // namespace leoflow
