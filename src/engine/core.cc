// SPDX-License-Identifier: Apache-2.0
#include "engine/core.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"

namespace leoflow {

bool Effects::empty() const {
  return staging_created.empty() && recalled.empty() && placed.empty() && cancelled.empty() &&
         acknowledged.empty() && staging_freed.empty() && runs_deleted.empty() &&
         tasks_deleted.empty() && answers.empty() && changes.empty() && forgotten.empty() &&
         expected.empty();
}

Core::Core(Store& store, CoreOptions options) : store_(store), options_(std::move(options)) {}

void Core::handle(Event event, Time now) {
  ++stats_.events;
  std::visit([&](auto&& e) { on(std::move(e), now); }, std::move(event));
}

template <typename T>
void Core::answer(Reply<T> reply, Result<T> result) {
  auto deliver = [reply = std::move(reply), result = std::move(result)](const Status& commit) mutable {
    if (!commit && result) {
      reply(fail(commit.error()));
    } else {
      reply(std::move(result));
    }
  };
  step_.effects.answers.push_back(std::move(deliver));
}

void Core::on(event::AttemptClaimed e, Time) {
  auto it = attempts_.find(e.attempt);
  if (it == attempts_.end() || it->second.row.state > AttemptState::dispatched) return;
  // Not written on its own: the next batch carries it, and a crash before that re-places the same attempt id.
  OpenAttempt& attempt = it->second;
  attempt.row.state = AttemptState::claimed;
  attempt.row.agent = e.agent;
  attempt.row.hostname = e.hostname;
  attempt.dirty = true;
}

void Core::on(event::AttemptRunning e, Time now) {
  auto it = attempts_.find(e.attempt);
  if (it == attempts_.end() || it->second.row.state >= AttemptState::running) return;
  OpenAttempt& attempt = it->second;
  attempt.row.state = AttemptState::running;
  attempt.row.pid = e.pid;
  attempt.row.started_at = time_within(attempt, e.started_at, now);
  attempt.dirty = true;
  dirty_attempts_.insert(e.attempt);
  auto [run, at] = slot_of(attempt);
  if (run == nullptr || run->slots[at].row.state != TaskState::queued) return;
  run->slots[at].row.start_date = attempt.row.started_at;
  set_state(*run, at, TaskState::running, now);
}

void Core::on(event::OutcomeReported e, Time now) {
  AttemptId id = e.outcome.attempt;
  auto it = attempts_.find(id);
  // Unknown or closed attempts were settled before (or their run is gone): the agent may forget them.
  if (it != attempts_.end() && !is_finished(it->second.row.state)) settle(it->second, std::move(e.outcome), now);
  step_.effects.acknowledged.push_back(id);
}

void Core::on(event::XComPushed e, Time now) {
  auto it = attempts_.find(e.attempt);
  bool open = it != attempts_.end() && !is_finished(it->second.row.state);
  auto [run, at] = open ? slot_of(it->second) : std::pair<ActiveRun*, SlotIndex>{};
  if (run == nullptr) {
    if (e.on_committed) e.on_committed(fail(Code::conflict, "the attempt is no longer current"));
    return;
  }
  store_xcom(it->second, std::move(e.xcom), now);
  if (e.on_committed) {
    step_.effects.answers.push_back([done = std::move(e.on_committed)](const Status& commit) { done(commit); });
  }
}

void Core::on(event::AgentConnected e, Time now) {
  std::unordered_map<AttemptId, HeldAttempt> held;
  for (HeldAttempt& one : e.held) held.emplace(one.attempt, one);
  std::vector<AttemptId> open;
  for (auto& [id, attempt] : attempts_) {
    bool speaks = !options_.agent_per_attempt || held.contains(id);
    if (!speaks || is_finished(attempt.row.state)) continue;
    if (attempt.row.executor == options_.executor) open.push_back(id);
  }
  std::ranges::sort(open);
  for (AttemptId id : open) {
    OpenAttempt& attempt = attempts_.at(id);
    auto found = held.find(id);
    if (found == held.end()) {
      if (attempt.row.state <= AttemptState::dispatched) {
        to_place_.push_back(id);
      } else {
        lose(attempt, "the agent that held it is gone", now);
      }
      continue;
    }
    on(event::AttemptClaimed{id, e.agent, attempt.row.hostname}, now);
    attempt.row.agent = e.agent;
    if (found->second.running && !found->second.finished) {
      on(event::AttemptRunning{id, found->second.pid, found->second.started_at.value_or(now)}, now);
    }
    if (attempt.cancelling) step_.effects.cancelled.emplace_back(id, *attempt.cancelling);
  }
}

void Core::on(event::AgentLost e, Time now) {
  std::vector<AttemptId> open;
  for (auto& [id, attempt] : attempts_) {
    if (!is_finished(attempt.row.state) && attempt.row.agent == e.agent) open.push_back(id);
  }
  std::ranges::sort(open);
  for (AttemptId id : open) lose(attempts_.at(id), e.reason, now);
}

void Core::on(event::DispatchFailed e, Time now) {
  auto it = attempts_.find(e.attempt);
  if (it == attempts_.end() || is_finished(it->second.row.state)) return;
  lose(it->second, e.error.message(), now);
}

void Core::on(event::AttemptWaits e, Time) {
  auto it = attempts_.find(e.attempt);
  if (it == attempts_.end() || it->second.row.state >= AttemptState::running) return;
  it->second.waits = std::move(e.reason);
  auto [run, at] = slot_of(it->second);
  if (run == nullptr) return;
  // Nothing is stored: whoever looks is told to look again.
  const TaskInstance& row = run->slots[at].row;
  step_.effects.changes.push_back({.kind = Change::Kind::task_instance, .dag_id = run->row.dag_id,
                                   .run_id = run->row.run_id, .task_id = row.task_id,
                                   .map_index = row.map_index, .try_number = row.try_number,
                                   .state = std::string(to_string(row.state))});
}

void Core::on(event::AttemptHeld e, Time) {
  auto it = attempts_.find(e.attempt);
  if (it == attempts_.end() || is_finished(it->second.row.state)) return;
  it->second.row.held_since = e.since;  // the next batch carries it
  it->second.dirty = true;
}

void Core::on(event::StartBackfill e, Time now) {
  answer(std::move(e.reply), start_backfill(e.request, now));
}
void Core::on(event::MoveBackfill e, Time now) {
  auto moved = move_backfill(e, now);
  answer(std::move(e.reply), std::move(moved));
}
void Core::on(event::Trigger e, Time now) { answer(std::move(e.reply), create_run(std::move(e.request), now)); }
void Core::on(event::Clear e, Time now) { answer(std::move(e.reply), clear(e.request, now)); }
void Core::on(event::MarkTask e, Time now) { answer(std::move(e.reply), mark_task(e.request, now)); }
void Core::on(event::MarkRun e, Time now) { answer(std::move(e.reply), mark_run(e.request, now)); }
void Core::on(event::DeleteRun e, Time now) { answer(std::move(e.reply), delete_run(e.dag_id, e.run_id, now)); }
void Core::on(event::DeleteTask e, Time now) {
  answer(std::move(e.reply), delete_task(e.request, now));
}

void Core::on(event::CreateAssetEvent e, Time now) {
  answer(std::move(e.reply), Result<AssetEvent>(post_asset_event(e.request, now)));
}
void Core::on(event::ForgetQueuedAssets e, Time) {
  answer(std::move(e.reply), Result<int64_t>(forget_queued(e.request)));
}

void Core::on(event::AskReasons e, Time) {
  ActiveRun* run = find_run(e.dag_id, e.run_id);
  Result<std::vector<Engine::Reason>> reasons;
  if (run != nullptr) reasons = reasons_of(*run);
  answer(std::move(e.reply), std::move(reasons));
}

void Core::on(event::SetPaused e, Time now) {
  auto state = dag(e.dag_id);
  if (!state) return answer(std::move(e.reply), Result<bool>(fail(state)));
  DagState& dag = **state;
  bool changed = dag.row.is_paused != e.paused;
  dag.row.is_paused = e.paused;
  dirty_dags_.insert(e.dag_id);
  if (changed) step_.effects.changes.push_back({.kind = Change::Kind::dag, .dag_id = e.dag_id});
  if (changed && !e.paused) {
    plan_next(dag, now);
    look(dag, now);
  }
  answer(std::move(e.reply), Result<bool>(changed));
}

void Core::on(event::ImportErrorsChanged, Time) {
  step_.effects.changes.push_back({.kind = Change::Kind::import_error});
}

void Core::on(event::PoolsChanged, Time) {
  if (auto loaded = load_pools(); !loaded) log::error("pools not reloaded", {{"error", loaded.error().message()}});
}

void Core::advance(Time now) {
  for (int fired = 0; fired < options_.timers_per_step_max; ++fired) {
    if (timers_.empty() || timers_.begin()->at > now) return;
    TimerKey timer = timers_.extract(timers_.begin()).value();
    switch (timer.kind) {
      case TimerKey::Kind::retry: {
        auto it = slots_.find(TaskInstanceKey{timer.id});
        if (it == slots_.end()) break;
        ActiveRun& run = *runs_.at(it->second.first);
        TaskSlot& slot = run.slots[it->second.second];
        if (!slot.row.next_at || *slot.row.next_at > now) break;
        if (slot.row.state == TaskState::up_for_retry) begin_try(run, it->second.second, now);
        if (slot.row.state == TaskState::scheduled) make_ready(run, it->second.second, now);
        break;
      }
      case TimerKey::Kind::run_timeout:
        if (auto it = runs_.find(RunKey{timer.id}); it != runs_.end()) run_timed_out(*it->second, now);
        break;
      case TimerKey::Kind::run_start:
      case TimerKey::Kind::schedule:
        if (auto it = dags_.find(timer.dag_id); it != dags_.end()) {
          look(it->second, now);
        }
        break;
      case TimerKey::Kind::past: recheck_past(timer.dag_id, RunKey{timer.id}, now); break;
      case TimerKey::Kind::ahead: ahead_too_long(TaskInstanceKey{timer.id}, now); break;
      case TimerKey::Kind::staging_sweep:
        sweep_staging(now);
        timers_.insert({now + options_.staging_sweep_interval, TimerKey::Kind::staging_sweep, 0, {}});
        break;
    }
  }
}

Step Core::take_step(Time now) {
  CHECK(!step_taken_);
  dispatch(now);
  look_ahead(now);
  for (AttemptId id : to_place_) {
    auto it = attempts_.find(id);
    if (it == attempts_.end() || is_finished(it->second.row.state)) continue;
    step_.effects.placed.push_back(work_item(it->second));
  }
  to_place_.clear();
  for (AttemptId id : to_recall_) {
    auto it = attempts_.find(id);
    if (it != attempts_.end() && !is_finished(it->second.row.state))
      step_.effects.recalled.push_back(work_item(it->second));
  }
  to_recall_.clear();
  Batch& batch = step_.batch;
  for (RunKey key : dirty_runs_) {
    auto it = runs_.find(key);
    if (it == runs_.end()) continue;
    ActiveRun& run = *it->second;
    if (!run.stored || run.reopened || run.committed != run.row.state) {
      step_.effects.changes.push_back({.kind = Change::Kind::run, .dag_id = run.row.dag_id, .run_id = run.row.run_id,
                                       .state = std::string(to_string(run.row.state)),
                                       .queued_at = run.row.queued_at,
                                       .start_date = run.row.start_date,
                                       .end_date = run.row.end_date,
                                       .version_number = run.version->number,
                                       .reason = run.row.end_reason});
    }
    if (run.stored) ++run.row.version_stamp;
    (run.stored ? batch.runs_updated : batch.runs_inserted).push_back(run.row);
    run.stored = true, run.dirty = run.reopened = false, run.committed = run.row.state;
  }
  for (auto [key, task] : dirty_slots_) {
    auto it = runs_.find(key);
    if (it == runs_.end() || task >= it->second->slots.size()) continue;
    ActiveRun& run = *it->second;
    TaskSlot& slot = run.slots[task];
    if (!slot.dirty) continue;
    if (slot.cleared || slot.committed != slot.row.state) {
      step_.effects.changes.push_back({.kind = Change::Kind::task_instance, .dag_id = run.row.dag_id,
                                       .run_id = run.row.run_id, .task_id = slot.row.task_id,
                                       .map_index = slot.row.map_index, .try_number = slot.row.try_number,
                                       .state = std::string(to_string(slot.row.state)),
                                       .queued_at = slot.row.queued_at,
                                       .start_date = slot.row.start_date,
                                       .end_date = slot.row.end_date,
                                       .version_number = run.version->number,
                                       .reason = slot.row.reason});
      ++stats_.moves;
    }
    if (slot.stored) ++slot.row.version_stamp;
    (slot.stored ? batch.task_instances_updated : batch.task_instances_inserted).push_back(slot.row);
    slot.stored = true, slot.dirty = slot.cleared = false, slot.committed = slot.row.state;
  }
  for (AttemptId id : dirty_attempts_) {
    auto it = attempts_.find(id);
    if (it == attempts_.end()) continue;
    OpenAttempt& attempt = it->second;
    (attempt.stored ? batch.attempts_updated : batch.attempts_inserted).push_back(attempt.row);
    attempt.stored = true, attempt.dirty = false;
  }
  take_plans(batch);
  dirty_runs_.clear(), dirty_slots_.clear(), dirty_attempts_.clear();
  step_taken_ = true;
  return std::exchange(step_, Step{});
}

// What is known of DAGs and backfills beside their runs.
void Core::take_plans(Batch& batch) {
  for (const std::string& dag_id : std::exchange(dirty_dags_, {})) {
    auto it = dags_.find(dag_id);
    if (it != dags_.end()) batch.dags_planned.push_back(it->second.row);
  }
  for (auto& [id, row] : std::exchange(dirty_backfills_, {}))
    batch.backfills_updated.push_back(std::move(row));
}

void Core::committed() {
  CHECK(step_taken_);
  step_taken_ = false;
  ++stats_.batches;
  for (AttemptId id : closed_) attempts_.erase(id);
  closed_.clear();
  for (RunKey key : std::exchange(finished_, {})) {
    auto it = runs_.find(key);
    if (it != runs_.end() && is_finished(it->second->row.state)) forget(key);
  }
}

std::optional<Time> Core::next_timer() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->at;
}

EngineStats Core::stats() const {
  EngineStats stats = stats_;
  stats.runs_active = int64_t(runs_.size());
  stats.task_instances_active = placed_;
  stats.attempts_open = int64_t(attempts_.size());
  return stats;
}

}  // namespace leoflow
