// SPDX-License-Identifier: Apache-2.0
// Drives the Core for real: one strand, events in, group commit, then effects. Owns nothing it is given by reference;
// store, executor and clock outlive it.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "async/guarded.h"
#include "async/loop.h"
#include "engine/core.h"

namespace leoflow {

// What the runner does outside store and executor; each returns at once or does a few file system calls.
struct RunnerHooks {
  std::function<Status(const StagingVolume&)> make_staging;
  std::function<void(const StagingVolume&)> remove_staging;
  std::function<void(const DagRun&)> run_deleted;      // logs of the run can go
  std::function<void(const TaskDeleted&)> task_deleted;
};

class Runner : public Engine, public ExecutorListener {
 public:
  static constexpr size_t kEventsPerStepMax = 2'000;
  static constexpr size_t kInboxMax = 200'000;         // events waiting; requests past it are refused
  static constexpr size_t kChangesKept = 20'000;
  static constexpr Duration kCommitRetryMax = std::chrono::seconds(1);

  Runner(Store& store, Executor& executor, const Clock& clock, RunnerHooks hooks, CoreOptions options);
  ~Runner() override;

  // Loads the open part of the store and starts the strand. Errors are those of Core::load.
  Status start();
  // Finishes the step in progress and ends the strand; unanswered requests see `unavailable`. Idempotent.
  void stop();

  void trigger(TriggerRequest request, Reply<DagRun> reply) override;
  void clear(ClearRequest request, Reply<std::vector<Touched>> reply) override;
  void mark_task(MarkTaskRequest request, Reply<std::vector<Touched>> reply) override;
  void mark_run(MarkRunRequest request, Reply<DagRun> reply) override;
  void delete_run(std::string dag_id, std::string run_id, Reply<bool> reply) override;
  void delete_task(TaskInstanceName name, Reply<bool> reply) override;
  void backfill(BackfillRequest request, Reply<Backfill> reply) override;
  void move_backfill(std::string dag_id, int64_t id, BackfillMove move,
                     Reply<Backfill> reply) override;
  void create_asset_event(AssetEventRequest request, Reply<AssetEvent> reply) override;
  void forget_queued_assets(QueuedAssets which, Reply<int64_t> reply) override;
  void set_paused(std::string dag_id, bool paused, Reply<bool> reply) override;
  void dag_changed(std::string dag_id) override;
  void import_errors_changed() override;
  void pools_changed() override;
  void reasons(std::string dag_id, std::string run_id, Reply<std::vector<Reason>> reply) override;
  std::shared_ptr<void> subscribe(Listener listener) override;
  std::optional<std::vector<Change>> changes_since(uint64_t sequence) const override;
  EngineStats stats() const override;

  void on_claimed(AttemptId attempt, const std::string& agent, const std::string& hostname) override;
  void on_running(AttemptId attempt, int64_t pid, Time started_at) override;
  void on_outcome(Outcome outcome) override;
  void on_xcom(AttemptId attempt, XCom xcom, std::function<void(Status)> on_committed) override;
  void on_agent_connected(const std::string& agent, std::vector<HeldAttempt> held) override;
  void on_agent_lost(const std::string& agent, const std::string& reason) override;
  void on_dispatch_failed(AttemptId attempt, Error error) override;
  void on_waiting(AttemptId attempt, const std::string& reason) override;
  void on_held(AttemptId attempt, Time since) override;

 private:
  struct Feed {
    uint64_t next = 1;
    std::deque<Change> kept;
    std::vector<std::weak_ptr<Listener>> listeners;
    Time started_at{};
    EngineStats stats;
  };

  void post(Event event);
  void schedule_turn();
  void turn();
  void commit_step();
  void reload(const Error& why);
  void perform(Effects effects);
  void publish(std::vector<Change> changes);
  void arm_timer();

  Store& store_;
  Executor& executor_;
  const Clock& clock_;
  RunnerHooks hooks_;
  Core core_;
  // On the strand:
  std::deque<Event> inbox_;
  bool turn_scheduled_ = false;
  std::optional<Step> pending_;          // taken, not yet committed
  Duration commit_retry_{0};
  Loop::TimerId timer_ = 0;
  // Shared:
  Guarded<Feed> feed_;
  std::unique_ptr<LoopThread> thread_;
};

}  // namespace leoflow
