// SPDX-License-Identifier: Apache-2.0
// How the open part of the store becomes memory.
#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "engine/core.h"

namespace leoflow {

Status Core::load(Time now) {
  dags_.clear(), runs_.clear(), slots_.clear(), attempts_.clear(), with_ready_.clear(), timers_.clear();
  dirty_runs_.clear(), dirty_slots_.clear(), dirty_attempts_.clear(), dirty_dags_.clear();
  finished_.clear(), closed_.clear(), to_place_.clear(), to_recall_.clear(), ahead_changed_.clear();
  expected_ = 0;
  dirty_backfills_.clear();
  step_ = Step{};
  step_taken_ = false;
  placed_ = 0;
  if (auto pools = load_pools(); !pools) return pools;
  auto marks = store_.engine().watermarks();
  if (!marks) return fail(marks);
  keys_ = *marks;
  if (auto loaded = load_assets(); !loaded) return loaded;
  if (auto resumed = load_backfills(now); !resumed) return resumed;  // runs ask what they belong to
  auto active = store_.engine().load_active();
  if (!active) return fail(active);
  for (RunRecord& record : *active) {
    if (auto run = activate(std::move(record), now); !run) return fail(run);
  }
  auto stray = store_.engine().load_stray_attempts();
  if (!stray) return fail(stray);
  for (Attempt& row : *stray) {
    AttemptId id = row.id;
    attempts_.emplace(id, OpenAttempt{.row = std::move(row), .stored = true});
  }
  for (auto& [id, attempt] : attempts_) {
    if (attempt.row.state <= AttemptState::dispatched) {
      to_place_.push_back(id);
    } else if (!is_finished(attempt.row.state) && attempt.row.executor == options_.executor) {
      to_recall_.push_back(id);
    }
  }
  std::ranges::sort(to_place_);
  std::ranges::sort(to_recall_);
  int64_t offset = 0;
  for (bool more = true; more;) {
    auto dags = store_.dags().list_dags({.page = {.limit = kPageLimitMax, .offset = offset}});
    if (!dags) return fail(dags);
    for (const Dag& row : dags->rows) {
      auto state = dag(row.dag_id);
      if (!state) {
        log::error("DAG not schedulable", {{"dag", row.dag_id}, {"error", state.error().message()}});
        continue;
      }
      plan_next(**state, now);
      look(**state, now);
    }
    offset += int64_t(dags->rows.size());
    more = !dags->rows.empty() && offset < dags->total;
  }
  timers_.insert({now + std::chrono::seconds(1), TimerKey::Kind::staging_sweep, 0, {}});
  // What a crash interrupted between a commit and its consequences is decided again.
  std::vector<RunKey> keys;
  for (auto& [key, run] : runs_) keys.push_back(key);
  std::ranges::sort(keys);
  for (RunKey key : keys) {
    auto it = runs_.find(key);
    if (it == runs_.end() || it->second->row.state != RunState::running) continue;
    std::vector<SlotIndex> all(it->second->slots.size());
    for (SlotIndex i = 0; i < all.size(); ++i) all[i] = i;
    evaluate_from(*it->second, std::move(all), now);
  }
  return {};
}

Status Core::load_pools() {
  auto pools = store_.pools().list_pools();
  if (!pools) return fail(pools);
  for (auto& [name, pool] : pools_) {
    pool.exists = false;
    if (runs_.empty()) pool.used = 0;
  }
  for (const Pool& pool : *pools) {
    PoolState& state = pools_[pool.name];
    state.slots = pool.slots;
    state.exists = true;
  }
  return {};
}

Result<std::shared_ptr<const PlannedVersion>> Core::version(DagVersionId id) {
  if (auto it = versions_.find(id); it != versions_.end()) return it->second;
  auto row = store_.dags().get_version(id);
  if (!row) return fail(row);
  if (!*row) return fail(Code::not_found, "DAG version " + std::to_string(id.value) + " is not stored");
  auto spec = parse_dag_spec((*row)->dag_json);
  if (!spec) return fail(spec.error().within("stored version of " + (*row)->dag_id));
  auto shared = std::make_shared<const DagSpec>(std::move(*spec));
  RunPlan plan(*shared);
  auto ahead = tasks_ahead(*shared, plan);
  auto planned = std::make_shared<const PlannedVersion>(
      PlannedVersion{id, (*row)->version_number, (*row)->environment, shared, std::move(plan),
                     std::move(ahead)});
  versions_.emplace(id, planned);
  return planned;
}

Result<DagState*> Core::dag(const std::string& dag_id) {
  if (auto it = dags_.find(dag_id); it != dags_.end()) return &it->second;
  auto row = store_.dags().get_dag(dag_id);
  if (!row) return fail(row);
  if (!*row) return fail(Code::not_found, "no DAG '" + dag_id + "'", "leoflow dags list shows the known ones");
  auto current = version((*row)->current_version);
  if (!current) return fail(current);
  auto timetable = make_timetable((*current)->spec->schedule);
  if (!timetable) return fail(timetable);
  DagState& state = dags_[dag_id];
  state.row = std::move(**row);
  state.current = std::move(*current);
  state.timetable = std::move(*timetable);
  index_assets(state);
  return &state;
}

// A slot for each task of the version, filled from the stored rows; what the version does not know goes to removed.
Result<ActiveRun*> Core::activate(RunRecord record, Time now) {
  auto planned = version(record.run.version);
  if (!planned) return fail(planned);
  auto owner = dag(record.run.dag_id);
  if (!owner) return fail(owner);
  RunKey key = record.run.key;
  auto inserted = runs_.emplace(key, std::make_unique<ActiveRun>());
  CHECK(inserted.second);
  ActiveRun& run = *inserted.first->second;
  run.row = std::move(record.run);
  run.committed = run.row.state;
  run.stored = true;
  run.version = *planned;
  start_slots(run);
  for (TaskInstance& row : record.task_instances) {
    auto at = slot_for(run, row);
    if (!at) {
      run.removed.push_back(std::move(row));
      continue;
    }
    TaskSlot& slot = run.slots[*at];
    slot.committed = row.state;
    slot.stored = true;
    slots_[row.key] = {key, *at};
    slot.row = std::move(row);
  }
  for (Attempt& row : record.open_attempts) {
    AttemptId id = row.id;
    attempts_.emplace(id, OpenAttempt{.row = std::move(row), .dag_id = run.row.dag_id, .run_id = run.row.run_id,
                                      .stored = true});
  }
  auto staging = store_.engine().staging_of(key);
  if (!staging) return fail(staging);
  if (*staging && (*staging)->state == "active") run.staging = std::move(**staging);
  recount(run);
  DagState& dag = **owner;
  if (dag.backfill && dag.backfill->ordinals.contains(key)) {
    run.backfill = dag.backfill->row.id;
    run.ordinal = dag.backfill->ordinals.at(key);
  }
  if (run.row.logical_date) dag.dated.emplace(*run.row.logical_date, key);
  if (is_finished(run.row.state)) {
    finished_.push_back(key);
    return &run;
  }
  dag.active.insert(key);
  if (run.row.state == RunState::queued) {
    enqueue(dag, run);
    if (run.row.run_after > now) timers_.insert({run.row.run_after, TimerKey::Kind::run_start, key.value, dag.row.dag_id});
  } else {
    ++running_beside(dag, run);
    if (auto limit = run.version->spec->dagrun_timeout; limit && run.row.start_date) {
      timers_.insert({*run.row.start_date + *limit, TimerKey::Kind::run_timeout, key.value, {}});
    }
  }
  return &run;
}

// Rebuilds every counter of a run from its rows, and its queues and timers.
void Core::recount(ActiveRun& run) {
  run.unfinished = run.active = run.waiting_past = run.none = 0;
  run.past_waits.clear();
  run.ready.clear();
  for (auto& [task, instances] : run.mapped) instances.occupying = 0;
  for (SlotIndex i = 0; i < run.slots.size(); ++i) {
    TaskSlot& slot = run.slots[i];
    slot.upstream = count_upstream(run, i);
    slot.ready = slot.waits_for_past = false;
    if (!is_finished(slot.row.state)) ++run.unfinished;
    if (slot.row.state == TaskState::none) ++run.none;
    if (occupies(slot.row.state)) {
      ++run.active;
      if (auto instances = run.mapped.find(slot.task); instances != run.mapped.end())
        ++instances->second.occupying;
      hold(slot, 1);
    }
  }
  recount_ahead(run);
  if (run.row.state != RunState::running) return;
  for (SlotIndex i = 0; i < run.slots.size(); ++i) {
    const TaskInstance& row = run.slots[i].row;
    bool later = row.next_at.has_value() &&
                 (row.state == TaskState::up_for_retry || row.state == TaskState::scheduled);
    if (later) {
      timers_.insert({*row.next_at, TimerKey::Kind::retry, row.key.value, {}});
    } else if (row.state == TaskState::scheduled) {
      make_ready(run, i, row.scheduled_at.value_or(run.row.run_after));
    }
  }
}

ActiveRun* Core::find_run(const std::string& dag_id, const std::string& run_id) {
  auto it = dags_.find(dag_id);
  if (it == dags_.end()) return nullptr;
  for (RunKey key : it->second.active) {
    ActiveRun* run = runs_.at(key).get();
    if (run->row.run_id == run_id) return run;
  }
  return nullptr;
}

Result<ActiveRun*> Core::find_or_load(const std::string& dag_id, const std::string& run_id, Time now) {
  if (ActiveRun* run = find_run(dag_id, run_id)) return run;
  for (RunKey key : finished_) {
    auto it = runs_.find(key);
    if (it != runs_.end() && it->second->row.dag_id == dag_id && it->second->row.run_id == run_id) {
      return it->second.get();
    }
  }
  auto record = store_.engine().load_run(dag_id, run_id);
  if (!record) return fail(record);
  if (!*record) return fail(Code::not_found, "no run '" + run_id + "' of DAG '" + dag_id + "'");
  // Attempts of a finished run that still end are in memory already; they keep their state.
  std::erase_if((*record)->open_attempts, [&](const Attempt& row) { return attempts_.contains(row.id); });
  return activate(std::move(**record), now);
}

void Core::forget(RunKey key) {
  auto it = runs_.find(key);
  if (it == runs_.end()) return;
  ActiveRun& run = *it->second;
  unexpect_all(run);
  for (TaskSlot& slot : run.slots) {
    if (occupies(slot.row.state)) hold(slot, -1);
    slots_.erase(slot.row.key);
  }
  with_ready_.erase(key);
  if (auto dag = dags_.find(run.row.dag_id); dag != dags_.end()) {
    dag->second.active.erase(key);
    if (run.row.logical_date) dag->second.dated.erase(*run.row.logical_date);
    dequeue(dag->second, run);
  }
  runs_.erase(it);
}

void Core::on(event::DagChanged e, Time now) {
  step_.effects.changes.push_back({.kind = Change::Kind::dag, .dag_id = e.dag_id});
  auto row = store_.dags().get_dag(e.dag_id);
  if (!row) return log::error("DAG not reloaded", {{"dag", e.dag_id}, {"error", row.error().message()}});
  auto known = dags_.find(e.dag_id);
  if (!*row) {
    if (known == dags_.end()) return;
    auto active = known->second.active;
    for (RunKey key : active) drop_run(key);
    dags_.erase(e.dag_id);
    forget_assets(e.dag_id);
    return;
  }
  if (known == dags_.end()) {
    if (auto state = dag(e.dag_id); !state) {
      return log::error("DAG not schedulable", {{"dag", e.dag_id}, {"error", state.error().message()}});
    }
    known = dags_.find(e.dag_id);
  }
  DagState& state = known->second;
  auto planned = version((*row)->current_version);
  if (!planned) return log::error("DAG not reloaded", {{"dag", e.dag_id}, {"error", planned.error().message()}});
  auto timetable = make_timetable((*planned)->spec->schedule);
  if (!timetable) return log::error("DAG not reloaded", {{"dag", e.dag_id}, {"error", timetable.error().message()}});
  state.row = std::move(**row);
  state.current = std::move(*planned);
  state.timetable = std::move(*timetable);
  index_assets(state);
  plan_next(state, now);
  look(state, now);
}

// Removes a run whose rows are gone (or go with this batch): its places are ended, nothing of it is written any more.
void Core::drop_run(RunKey key) {
  auto it = runs_.find(key);
  if (it == runs_.end()) return;
  std::string dag_id = it->second->row.dag_id;
  bool running = it->second->row.state == RunState::running;
  for (auto& [id, attempt] : attempts_) {
    if (attempt.row.run != key || is_finished(attempt.row.state)) continue;
    step_.effects.cancelled.emplace_back(id, CancelReason::run_ended);
    attempt.row.state = AttemptState::settled;
    dirty_attempts_.erase(id);
    closed_.push_back(id);
  }
  dirty_runs_.erase(key);
  std::erase_if(dirty_slots_, [&](const auto& dirty) { return dirty.first == key; });
  if (auto dag = dags_.find(dag_id); running && dag != dags_.end())
    --running_beside(dag->second, *it->second);
  forget(key);
}

}  // namespace leoflow
