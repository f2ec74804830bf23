// SPDX-License-Identifier: Apache-2.0
// The life of a run: created by hand or by its timetable, started within its DAG's limit, ended by its leaves.
#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "engine/core.h"
#include "model/json_schema.h"
#include "schedule/retry.h"

namespace leoflow {

Result<DagRun> Core::create_run(TriggerRequest request, Time now) {
  auto found = dag(request.dag_id);
  if (!found) return fail(found);
  DagState& dag = **found;
  if (dag.row.is_stale) {
    return fail(Code::not_found, "DAG '" + request.dag_id + "' is no longer defined by " + dag.row.fileloc);
  }
  const DagSpec& spec = *dag.current->spec;
  if (auto ok = check_params(spec.params, request.conf); !ok) return fail(ok);
  DagRun row{.dag_id = request.dag_id,
             .version = dag.row.current_version,
             .type = request.type,
             .queued_at = now};
  const std::string prefix = std::string(to_string(row.type)) + "__";
  row.logical_date = request.logical_date;
  if (request.interval_start && request.interval_end) {
    row.interval_start = request.interval_start, row.interval_end = request.interval_end;
  } else if (request.logical_date) {
    DataInterval interval = dag.timetable->manual_interval(*request.logical_date);
    row.interval_start = interval.start, row.interval_end = interval.end;
  }
  row.run_after = request.run_after.value_or(row.interval_end.value_or(now));
  bool named = !request.run_id.empty();
  row.run_id = named ? request.run_id : prefix + format_iso(row.run_after);
  if (!valid_run_id(row.run_id)) {
    return fail(Code::invalid, "'" + row.run_id + "' cannot be a run id",
                "letters, digits and _ . ~ : + - are allowed, at most 250 characters");
  }
  for (int suffix = 1; !named && find_run(row.dag_id, row.run_id) != nullptr; ++suffix) {
    row.run_id = prefix + format_iso(row.run_after + Duration(suffix));
  }
  auto taken = store_.engine().load_run(row.dag_id, row.run_id);
  if (!taken) return fail(taken);
  if (*taken || find_run(row.dag_id, row.run_id) != nullptr) {
    return fail(Code::exists, "run '" + row.run_id + "' of DAG '" + row.dag_id + "' exists already");
  }
  if (row.logical_date) {
    auto same = run_at(row.dag_id, *row.logical_date);
    if (!same) return fail(same);
    if (*same) {
      return fail(Code::exists, "DAG '" + row.dag_id + "' has a run with logical date " +
                                    format_time(*row.logical_date) + " already");
    }
  }
  row.triggered_by = request.triggered_by;
  row.triggering_user = request.user;
  row.conf = json::dump(request.conf);
  row.note = request.note;
  ActiveRun& run = insert_run(dag, std::move(row), now);
  DagRun created = run.row;
  start_runs(dag, now);
  return created;
}

// The run with this logical date, in memory or in the store.
Result<std::optional<DagRun>> Core::run_at(const std::string& dag_id, Time logical_date) {
  const DagState& dag = dags_.at(dag_id);
  auto known = dag.dated.find(logical_date);
  if (known != dag.dated.end()) return runs_.at(known->second)->row;
  auto previous = store_.engine().previous_run(dag_id, logical_date + Duration(1), false);
  if (previous && *previous && (*previous)->logical_date != logical_date) previous->reset();
  return previous;
}

ActiveRun& Core::insert_run(DagState& dag, DagRun row, Time now) {
  row.key = RunKey{++keys_.run};
  row.state = RunState::queued;
  RunKey key = row.key;
  auto& owned = runs_[key] = std::make_unique<ActiveRun>();
  ActiveRun& run = *owned;
  run.row = std::move(row);
  run.version = dag.current;
  start_slots(run);
  for (SlotIndex i = 0; i < run.slots.size(); ++i) add_slot(run, i);
  run.unfinished = run.none = int(run.slots.size());
  expand_literals(run, now);
  touch(run);
  dag.active.insert(key);
  if (run.row.logical_date) dag.dated.emplace(*run.row.logical_date, key);
  if (run.version->plan.looks_at_past()) past_changed(dag.row.dag_id, now);
  enqueue(dag, run);
  if (run.row.run_after > now) timers_.insert({run.row.run_after, TimerKey::Kind::run_start, key.value, dag.row.dag_id});
  return run;
}

TaskInstance fresh_row(RunKey run, const TaskSpec& spec) {
  return {.run = run,
          .task_id = spec.task_id,
          .max_tries = spec.retries,
          .operator_name = spec.operator_name,
          .pool = spec.pool,
          .pool_slots = spec.pool_slots,
          .queue = spec.queue,
          .priority_weight = spec.effective_weight};
}

// A fresh row for the instance at a place; its map index stays.
void Core::add_slot(ActiveRun& run, SlotIndex at) {
  TaskSlot& slot = run.slots[at];
  int map_index = slot.row.map_index;
  slot.row = fresh_row(run.row.key, run.spec_of(at));
  slot.row.map_index = map_index;
  slot.row.key = TaskInstanceKey{++keys_.task_instance};
  if (run.mapped.empty()) {  // what is counted stays
    slot.upstream.total = int(run.version->plan.upstream(slot.task).size());
  } else {
    slot.upstream = count_upstream(run, at);
  }
  slots_[slot.row.key] = {run.row.key, at};
  touch(run, at);
}

void Core::enqueue(DagState& dag, ActiveRun& run) {
  if (dag.backfill && dag.backfill->row.id == run.backfill) {
    dag.backfill->queued.insert({run.ordinal, run.row.key});
  } else {
    dag.queued.insert({run.row.run_after, run.row.key});
  }
}

void Core::dequeue(DagState& dag, const ActiveRun& run) {
  if (dag.backfill && dag.backfill->row.id == run.backfill) {
    dag.backfill->queued.erase({run.ordinal, run.row.key});
  } else {
    dag.queued.erase({run.row.run_after, run.row.key});
  }
}

int& Core::running_beside(DagState& dag, const ActiveRun& run) {
  return dag.backfill && dag.backfill->row.id == run.backfill ? dag.backfill->running : dag.running;
}

void Core::look(DagState& dag, Time now) {
  create_scheduled(dag, now);
  advance_backfill(dag, now);
  start_runs(dag, now);
  if (create_asset_run(dag, now)) start_runs(dag, now);
}

void Core::start_runs(DagState& dag, Time now) {
  if (dag.row.is_paused) return;
  int limit = dag.current->spec->max_active_runs;
  while (dag.running < limit && !dag.queued.empty() && dag.queued.begin()->first <= now) {
    RunKey key = dag.queued.begin()->second;
    dag.queued.erase(dag.queued.begin());
    start_run(dag, *runs_.at(key), now);
  }
}

void Core::set_run_state(ActiveRun& run, RunState state) {
  run.row.state = state;
  touch(run);
}

void Core::start_run(DagState& dag, ActiveRun& run, Time now) {
  set_run_state(run, RunState::running);
  run.row.start_date = run.row.last_scheduling_decision = now;
  ++running_beside(dag, run);
  if (auto limit = run.version->spec->dagrun_timeout) {
    timers_.insert({now + *limit, TimerKey::Kind::run_timeout, run.row.key.value, {}});
  }
  std::vector<SlotIndex> open;
  for (SlotIndex i = SlotIndex(run.slots.size()); i-- > 0;) {
    if (run.slots[i].row.state == TaskState::none) open.push_back(i);
    if (run.slots[i].row.state == TaskState::scheduled && !run.slots[i].row.next_at) make_ready(run, i, now);
  }
  evaluate_from(run, std::move(open), now);
}

void Core::check_run(ActiveRun& run, Time now) {
  if (run.row.state != RunState::running) return;
  if (run.unfinished == 0) {
    std::vector<TaskState> leaves;
    for (TaskIndex leaf : run.version->plan.leaves())
      each_instance(run, leaf, [&](SlotIndex at) { leaves.push_back(run.slots[at].row.state); });
    RunState state = outcome_of_leaves(leaves);
    return finish_run(run, state, state == RunState::success ? "success" : "task_failure", now);
  }
  // Nothing is under way and nothing waits for time or another run: the rest can never start.
  bool stuck = run.none == run.unfinished && run.waiting_past == 0;
  if (stuck) finish_run(run, RunState::failed, "all_tasks_deadlocked", now);
}

void Core::finish_run(ActiveRun& run, RunState state, std::string reason, Time now) {
  bool was_running = run.row.state == RunState::running;
  RunKey key = run.row.key;
  set_run_state(run, state);
  run.row.end_date = std::max(now, run.row.start_date.value_or(now));  // clocks are set back
  run.row.end_reason = std::move(reason);
  with_ready_.erase(key);
  unexpect_all(run);
  finished_.push_back(key);
  DagState& dag = dags_.at(run.row.dag_id);
  dequeue(dag, run);
  dag.active.erase(key);
  if (was_running) --running_beside(dag, run);
  if (state == RunState::success) free_staging(run, "run_succeeded", now);
  if (run.row.end_reason != "marked") request_callback(run, now);
  // What a person marked or cancelled says nothing of the DAG.
  bool failed = state == RunState::failed && run.row.end_reason != "marked";
  if (failed) pause_after_failures(dag, run.row);
  if (dag.current->spec->schedule.kind == ScheduleSpec::Kind::continuous) plan_next(dag, now);
  look_again(dag.row.dag_id, now);
  if (run.version->plan.looks_at_past()) past_changed(dag.row.dag_id, now);
}

// Not at once but from advance(): a chain of runs that end as they start must not become a chain of calls.
void Core::look_again(const std::string& dag_id, Time now) {
  timers_.insert({now, TimerKey::Kind::schedule, 0, dag_id});
}

void Core::run_timed_out(ActiveRun& run, Time now) {
  auto limit = run.version->spec->dagrun_timeout;
  bool due = limit && run.row.state == RunState::running && run.row.start_date && *run.row.start_date + *limit <= now;
  if (!due) return;
  for (SlotIndex i = 0; i < run.slots.size(); ++i) {
    TaskSlot& slot = run.slots[i];
    if (is_finished(slot.row.state)) continue;
    unready(run, i);
    cancel_open(slot, CancelReason::run_timed_out);
    slot.row.reason = "the run exceeded its dagrun_timeout of " + format_duration(*limit);
    set_state(run, i, TaskState::skipped, now);
  }
  finish_run(run, RunState::failed, "timed_out", now);
}

// max_consecutive_failed_dag_runs: the DAG pauses itself when its last N runs all failed.
void Core::pause_after_failures(DagState& dag, const DagRun& last) {
  int limit = dag.current->spec->max_consecutive_failed_dag_runs;
  if (limit <= 0) return;
  auto runs = store_.runs().list_runs({.dag_id = dag.row.dag_id,
                                       .page = {.limit = limit, .order = {{"run_after", true}}}});
  if (!runs) return log::error("failed runs not counted", {{"dag", dag.row.dag_id}, {"error", runs.error().message()}});
  int failed = 1;
  for (const DagRun& run : runs->rows) {
    if (run.key == last.key) continue;
    auto known = runs_.find(run.key);  // it may have ended in this step
    if ((known == runs_.end() ? run : known->second->row).state != RunState::failed) break;
    ++failed;
  }
  if (failed < limit) return;
  dag.row.is_paused = true;
  dirty_dags_.insert(dag.row.dag_id);
  step_.effects.changes.push_back({.kind = Change::Kind::dag, .dag_id = dag.row.dag_id});
}

void Core::request_callback(ActiveRun& run, Time now) {
  const DagSpec& spec = *run.version->spec;
  bool wanted = run.row.state == RunState::success ? spec.has_success_callback : spec.has_failure_callback;
  if (wanted) add_callback(run.row, 1, now);
}

void Core::add_callback(const DagRun& run, int try_number, Time now) {
  AttemptId id{++keys_.attempt};
  Attempt row{.id = id, .kind = AttemptKind::dag_callback, .run = run.key, .try_number = try_number,
              .state = AttemptState::dispatched, .version = run.version, .executor = options_.executor,
              .created_at = now, .dispatched_at = now};
  attempts_.emplace(id, OpenAttempt{.row = std::move(row), .dag_id = run.dag_id, .run_id = run.run_id, .dirty = true});
  dirty_attempts_.insert(id);
  to_place_.push_back(id);
}

void Core::replace_callback(const OpenAttempt& lost, Time now) {
  if (lost.row.try_number >= kInfraLossesMax) {
    return log::error("DAG callback given up", {{"run", lost.run_id}, {"reason", lost.row.reason}});
  }
  DagRun run{.key = lost.row.run, .dag_id = lost.dag_id, .run_id = lost.run_id, .version = lost.row.version};
  add_callback(run, lost.row.try_number + 1, now);
}

// Computes the DAG's next automated run and its timer.
void Core::plan_next(DagState& dag, Time now) {
  auto last = store_.engine().latest_automated_run(dag.row.dag_id);
  if (!last) return log::error("next run not planned", {{"dag", dag.row.dag_id}, {"error", last.error().message()}});
  std::optional<DataInterval> interval;
  if (*last && (*last)->interval_start) interval = DataInterval{*(*last)->interval_start, *(*last)->interval_end};
  // Runs created since the last commit are not in the store yet.
  for (RunKey key : dag.active) {
    const DagRun& row = runs_.at(key)->row;
    bool automated = row.type == RunType::scheduled && row.interval_end;
    if (automated && (!interval || *row.interval_end > interval->end)) interval = {*row.interval_start, *row.interval_end};
  }
  plan_after(dag, interval, now);
}

void Core::plan_after(DagState& dag, const std::optional<DataInterval>& last, Time now) {
  const DagSpec& spec = *dag.current->spec;
  std::optional<PlannedRun> next;
  if (!dag.row.is_stale) next = dag.timetable->next(last, {spec.start_date, spec.end_date, spec.catchup}, now);
  Dag planned = dag.row;
  planned.next_logical_date = next ? next->logical_date : std::nullopt;
  planned.next_interval_start = next ? std::optional(next->interval.start) : std::nullopt;
  planned.next_interval_end = next ? std::optional(next->interval.end) : std::nullopt;
  planned.next_run_after = next ? std::optional(next->run_after) : std::nullopt;
  bool changed = planned.next_run_after != dag.row.next_run_after ||
                 planned.next_logical_date != dag.row.next_logical_date ||
                 planned.next_interval_start != dag.row.next_interval_start;
  dag.row = std::move(planned);
  if (changed) dirty_dags_.insert(dag.row.dag_id);
  if (next && next->run_after > now) timers_.insert({next->run_after, TimerKey::Kind::schedule, 0, dag.row.dag_id});
}

void Core::create_scheduled(DagState& dag, Time now) {
  int limit = dag.current->spec->max_active_runs;
  for (int made = 0; made < options_.scheduled_runs_per_step_max; ++made) {
    bool due = dag.row.next_run_after && *dag.row.next_run_after <= now && !dag.row.is_paused && !dag.row.is_stale;
    int made_up = dag.backfill ? int(dag.backfill->queued.size()) + dag.backfill->running : 0;
    if (!due || int(dag.active.size()) - made_up >= limit) return;
    DagRun row{.dag_id = dag.row.dag_id, .version = dag.row.current_version, .type = RunType::scheduled,
               .logical_date = dag.row.next_logical_date, .interval_start = dag.row.next_interval_start,
               .interval_end = dag.row.next_interval_end, .run_after = *dag.row.next_run_after, .queued_at = now,
               .triggered_by = "timetable"};
    row.run_id = "scheduled__" + format_iso(row.run_after);
    DataInterval interval{row.interval_start.value_or(row.run_after), row.interval_end.value_or(row.run_after)};
    bool taken = false;
    if (row.logical_date) {
      auto existing = run_at(row.dag_id, *row.logical_date);
      taken = !existing || existing->has_value();
    }
    if (!taken) insert_run(dag, std::move(row), now);
    plan_after(dag, interval, now);
  }
  look_again(dag.row.dag_id, now);
}

void Core::free_staging(ActiveRun& run, const std::string& reason, Time now) {
  if (!run.staging) return;
  StagingVolume volume = std::move(*run.staging);
  run.staging.reset();
  volume.state = "deleted";
  volume.deleted_at = now;
  volume.delete_reason = reason;
  step_.batch.staging_updated.push_back(volume);
  step_.effects.changes.push_back({.kind = Change::Kind::staging, .dag_id = volume.dag_id, .run_id = volume.run_id,
                                   .state = "deleted"});
  step_.effects.staging_freed.push_back(std::move(volume));
}

// Volumes past their time: of runs that ended without success long enough ago, and of runs that are gone.
void Core::sweep_staging(Time now) {
  auto due = store_.engine().staging_due(now - options_.staging_ttl);
  if (!due) return log::error("staging sweep failed", {{"error", due.error().message()}});
  for (StagingVolume& volume : *due) {
    auto run = runs_.find(volume.run);
    if (run != runs_.end() && !is_finished(run->second->row.state)) continue;
    volume.state = "deleted";
    volume.deleted_at = now;
    volume.delete_reason = volume.run ? "ttl_expired" : "orphaned";
    step_.batch.staging_updated.push_back(volume);
    step_.effects.staging_freed.push_back(std::move(volume));
  }
}

}  // namespace leoflow
