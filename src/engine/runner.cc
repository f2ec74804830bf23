// SPDX-License-Identifier: Apache-2.0
#include "engine/runner.h"

#include <algorithm>
#include <unordered_set>

#include "base/log.h"

namespace leoflow {
namespace {

// The wait until a timer is cut into pieces of this length, so that a wall clock that was set is noticed.
constexpr Duration kTimerWaitMax = std::chrono::seconds(30);
constexpr Duration kCommitRetryFirst = std::chrono::milliseconds(20);

// Errors after which the same batch may be tried again: nothing of it was written.
bool can_retry(const Error& error) {
  return error.code() == Code::unavailable || error.code() == Code::exhausted || error.code() == Code::denied ||
         error.code() == Code::timeout;
}

}  // namespace

Runner::Runner(Store& store, Executor& executor, const Clock& clock, RunnerHooks hooks, CoreOptions options)
    : store_(store), executor_(executor), clock_(clock), hooks_(std::move(hooks)), core_(store, std::move(options)) {}

Runner::~Runner() { stop(); }

Status Runner::start() {
  if (auto loaded = core_.load(clock_.now()); !loaded) return loaded;
  feed_.with([&](Feed& feed) { feed.started_at = clock_.now(); });
  thread_ = std::make_unique<LoopThread>("engine");
  thread_->loop().post([this] { schedule_turn(); });
  return {};
}

void Runner::stop() {
  if (thread_) thread_->stop_and_join();
}

void Runner::post(Event event) {
  if (!thread_) return;
  thread_->loop().post([this, event = std::move(event)]() mutable {
    if (inbox_.size() >= kInboxMax) return log::error("engine inbox is full; an event was refused");
    inbox_.push_back(std::move(event));
    schedule_turn();
  });
}

// One turn for all events that are posted before it runs: that is the group of a group commit.
void Runner::schedule_turn() {
  if (turn_scheduled_ || pending_) return;
  turn_scheduled_ = true;
  thread_->loop().post([this] { turn(); });
}

void Runner::turn() {
  turn_scheduled_ = false;
  if (pending_) return;
  Time now = clock_.now();
  for (size_t i = 0; i < kEventsPerStepMax && !inbox_.empty(); ++i) {
    Event event = std::move(inbox_.front());
    inbox_.pop_front();
    core_.handle(std::move(event), now);
  }
  core_.advance(now);
  pending_ = core_.take_step(now);
  commit_step();
}

void Runner::commit_step() {
  Status committed;
  if (!pending_->batch.empty()) committed = store_.engine().commit(pending_->batch);
  if (!committed && can_retry(committed.error())) {
    log::error("commit failed; trying again", {{"error", committed.error().message()}});
    commit_retry_ = std::clamp(commit_retry_ * 2, kCommitRetryFirst, kCommitRetryMax);
    thread_->loop().after(commit_retry_, [this] { commit_step(); });
    return;
  }
  commit_retry_ = Duration(0);
  Step step = std::move(*pending_);
  pending_.reset();
  if (!committed) {
    for (auto& answer : step.effects.answers) answer(fail(committed.error()));
    return reload(committed.error());
  }
  core_.committed();
  perform(std::move(step.effects));
  auto stats = core_.stats();
  feed_.with([&](Feed& feed) {
    feed.stats = stats;
    feed.stats.started_at = feed.started_at;
    feed.stats.heartbeat = clock_.now();
  });
  if (!inbox_.empty()) return schedule_turn();
  arm_timer();
}

// Somebody else changed what we decided on, or it is unknown whether the commit happened: memory is rebuilt from the
// store and every agent is asked again what it holds.
void Runner::reload(const Error& why) {
  log::warning("engine state is rebuilt from the store", {{"why", why.message()}});
  if (auto loaded = core_.load(clock_.now()); !loaded) {
    log::error("engine state could not be rebuilt; trying again", {{"error", loaded.error().message()}});
    thread_->loop().after(kCommitRetryMax, [this, why] { reload(why); });
    return;
  }
  executor_.resync();
  schedule_turn();
}

void Runner::perform(Effects effects) {
  std::unordered_set<RunKey> without_staging;
  for (const StagingVolume& volume : effects.staging_created) {
    auto made = hooks_.make_staging(volume);
    if (made) continue;
    log::error("staging volume not created", {{"run", volume.run_id}, {"error", made.error().message()}});
    without_staging.insert(volume.run);
  }
  if (!effects.recalled.empty()) executor_.recall(effects.recalled);
  for (const WorkItem& item : effects.placed) {
    if (without_staging.contains(item.run)) {
      on_dispatch_failed(item.attempt, Error(Code::exhausted, "the staging volume could not be created"));
    } else {
      executor_.place(item);
    }
  }
  for (auto [attempt, reason] : effects.cancelled) executor_.cancel(attempt, reason);
  for (AttemptId attempt : effects.acknowledged) executor_.acknowledge(attempt);
  for (auto [instance, try_number] : effects.forgotten) executor_.forget(instance, try_number);
  for (const WorkItem& item : effects.expected) executor_.expect(item);
  for (auto& answer : effects.answers) answer(Status{});
  publish(std::move(effects.changes));
  for (const StagingVolume& volume : effects.staging_freed) hooks_.remove_staging(volume);
  for (const DagRun& run : effects.runs_deleted) hooks_.run_deleted(run);
  for (const TaskDeleted& gone : effects.tasks_deleted) hooks_.task_deleted(gone);
}

void Runner::publish(std::vector<Change> changes) {
  if (changes.empty()) return;
  Time now = clock_.now();
  auto listeners = feed_.with([&](Feed& feed) {
    for (Change& change : changes) {
      change.sequence = feed.next++;
      change.at = now;
      feed.kept.push_back(change);
    }
    while (feed.kept.size() > kChangesKept) feed.kept.pop_front();
    std::vector<std::shared_ptr<Listener>> alive;
    std::erase_if(feed.listeners, [&](const std::weak_ptr<Listener>& weak) {
      auto listener = weak.lock();
      if (listener) alive.push_back(listener);
      return !listener;
    });
    return alive;
  });
  for (const auto& listener : listeners) (*listener)(changes);
}

void Runner::arm_timer() {
  Loop& loop = thread_->loop();
  loop.cancel(timer_);
  Duration wait = kTimerWaitMax;
  if (auto next = core_.next_timer()) wait = std::clamp(*next - clock_.now(), Duration(0), kTimerWaitMax);
  timer_ = loop.after(wait, [this] { schedule_turn(); });
}

std::shared_ptr<void> Runner::subscribe(Listener listener) {
  auto shared = std::make_shared<Listener>(std::move(listener));
  feed_.with([&](Feed& feed) { feed.listeners.push_back(shared); });
  return shared;
}

std::optional<std::vector<Change>> Runner::changes_since(uint64_t sequence) const {
  return feed_.with([&](const Feed& feed) -> std::optional<std::vector<Change>> {
    uint64_t oldest = feed.kept.empty() ? feed.next : feed.kept.front().sequence;
    if (sequence + 1 < oldest || sequence >= feed.next) return std::nullopt;
    return std::vector<Change>(feed.kept.begin() + int64_t(sequence + 1 - oldest), feed.kept.end());
  });
}

EngineStats Runner::stats() const {
  return feed_.with([](const Feed& feed) { return feed.stats; });
}

void Runner::trigger(TriggerRequest request, Reply<DagRun> reply) {
  post(event::Trigger{std::move(request), std::move(reply)});
}
void Runner::clear(ClearRequest request, Reply<std::vector<Touched>> reply) {
  post(event::Clear{std::move(request), std::move(reply)});
}
void Runner::mark_task(MarkTaskRequest request, Reply<std::vector<Touched>> reply) {
  post(event::MarkTask{std::move(request), std::move(reply)});
}
void Runner::mark_run(MarkRunRequest request, Reply<DagRun> reply) {
  post(event::MarkRun{std::move(request), std::move(reply)});
}
void Runner::delete_run(std::string dag_id, std::string run_id, Reply<bool> reply) {
  post(event::DeleteRun{std::move(dag_id), std::move(run_id), std::move(reply)});
}
void Runner::delete_task(TaskInstanceName name, Reply<bool> reply) {
  post(event::DeleteTask{std::move(name), std::move(reply)});
}
void Runner::set_paused(std::string dag_id, bool paused, Reply<bool> reply) {
  post(event::SetPaused{std::move(dag_id), paused, std::move(reply)});
}
void Runner::backfill(BackfillRequest request, Reply<Backfill> reply) {
  post(event::StartBackfill{std::move(request), std::move(reply)});
}
void Runner::move_backfill(std::string dag_id, int64_t id, BackfillMove move,
                           Reply<Backfill> reply) {
  post(event::MoveBackfill{std::move(dag_id), id, move, std::move(reply)});
}
void Runner::create_asset_event(AssetEventRequest request, Reply<AssetEvent> reply) {
  post(event::CreateAssetEvent{std::move(request), std::move(reply)});
}
void Runner::forget_queued_assets(QueuedAssets which, Reply<int64_t> reply) {
  post(event::ForgetQueuedAssets{std::move(which), std::move(reply)});
}
void Runner::dag_changed(std::string dag_id) { post(event::DagChanged{std::move(dag_id)}); }
void Runner::import_errors_changed() { post(event::ImportErrorsChanged{}); }
void Runner::pools_changed() { post(event::PoolsChanged{}); }
void Runner::reasons(std::string dag_id, std::string run_id, Reply<std::vector<Reason>> reply) {
  post(event::AskReasons{std::move(dag_id), std::move(run_id), std::move(reply)});
}

void Runner::on_claimed(AttemptId attempt, const std::string& agent, const std::string& hostname) {
  post(event::AttemptClaimed{attempt, agent, hostname});
}
void Runner::on_running(AttemptId attempt, int64_t pid, Time started_at) {
  post(event::AttemptRunning{attempt, pid, started_at});
}
void Runner::on_outcome(Outcome outcome) { post(event::OutcomeReported{std::move(outcome)}); }
void Runner::on_xcom(AttemptId attempt, XCom xcom, std::function<void(Status)> on_committed) {
  post(event::XComPushed{attempt, std::move(xcom), std::move(on_committed)});
}
void Runner::on_agent_connected(const std::string& agent, std::vector<HeldAttempt> held) {
  post(event::AgentConnected{agent, std::move(held)});
}
void Runner::on_agent_lost(const std::string& agent, const std::string& reason) {
  post(event::AgentLost{agent, reason});
}
void Runner::on_dispatch_failed(AttemptId attempt, Error error) {
  post(event::DispatchFailed{attempt, std::move(error)});
}
void Runner::on_waiting(AttemptId attempt, const std::string& reason) {
  post(event::AttemptWaits{attempt, reason});
}
void Runner::on_held(AttemptId attempt, Time since) { post(event::AttemptHeld{attempt, since}); }

}  // namespace leoflow
