// SPDX-License-Identifier: Apache-2.0
// The life of a task instance: evaluated when an upstream ends, tried, settled, tried again or finished.
#include <algorithm>

#include "base/check.h"
#include "engine/core.h"
#include "schedule/retry.h"

namespace leoflow {

void Core::touch(ActiveRun& run, TaskIndex task) {
  TaskSlot& slot = run.slots[task];
  if (slot.dirty) return;
  slot.dirty = true;
  dirty_slots_.emplace_back(run.row.key, task);
}

std::pair<ActiveRun*, TaskIndex> Core::slot_of(const OpenAttempt& attempt) {
  auto it = slots_.find(attempt.row.task_instance);
  if (it == slots_.end()) return {};
  ActiveRun* run = runs_.at(it->second.first).get();
  if (run->slots[it->second.second].row.attempt != attempt.row.id) return {};
  return {run, it->second.second};
}

// The one place where a task instance changes state: counters of the run, of pools and of downstream tasks follow.
void Core::set_state(ActiveRun& run, TaskIndex task, TaskState state, Time now) {
  TaskSlot& slot = run.slots[task];
  TaskState old = slot.row.state;
  if (old == state) return;
  slot.row.state = state;
  touch(run, task);
  run.unfinished += int(is_finished(old)) - int(is_finished(state));
  run.none += int(state == TaskState::none) - int(old == TaskState::none);
  if (slot.waits_for_past && state != TaskState::none) {
    slot.waits_for_past = false;
    --run.waiting_past;
  }
  if (occupies(old) != occupies(state)) {
    int sign = occupies(state) ? 1 : -1;
    run.active += sign;
    hold(slot, sign);
  }
  if (is_finished(state) && !slot.row.end_date)
    slot.row.end_date = std::max(now, slot.row.start_date.value_or(now));
  if (!run.version->ahead.empty()) note_ahead(run, task);
  if (!is_finished(old) && !is_finished(state)) return;
  for (TaskIndex next : run.version->plan.downstream(task)) {
    count_state(run.slots[next].upstream, old, -1);
    count_state(run.slots[next].upstream, state, 1);
  }
}

void Core::evaluate_from(ActiveRun& run, std::vector<TaskIndex> tasks, Time now) {
  while (!tasks.empty()) {
    TaskIndex task = tasks.back();
    tasks.pop_back();
    if (!evaluate(run, task, now)) continue;
    auto next = run.version->plan.downstream(task);
    tasks.insert(tasks.end(), next.begin(), next.end());
  }
  check_run(run, now);
}

bool Core::evaluate(ActiveRun& run, TaskIndex task, Time now) {
  TaskSlot& slot = run.slots[task];
  if (slot.row.state != TaskState::none || run.row.state != RunState::running) return false;
  const TaskSpec& spec = run.version->spec->tasks[task];
  Verdict verdict = leoflow::evaluate(spec.trigger_rule, slot.upstream);
  if (verdict == Verdict::wait) return false;
  bool waits = verdict == Verdict::run || (verdict == Verdict::skip && spec.wait_for_past_depends_before_skipping);
  if (waits && !past_satisfied(run, slot, spec)) {
    if (!slot.waits_for_past) ++run.waiting_past;
    slot.waits_for_past = true;
    return false;
  }
  if (verdict != Verdict::run) {
    slot.row.start_date = slot.row.end_date = now;
    set_state(run, task, verdict == Verdict::skip ? TaskState::skipped : TaskState::upstream_failed, now);
    return true;
  }
  begin_try(run, task, now);
  if (!spec.inline_success) {
    make_ready(run, task, now);
    return false;
  }
  slot.row.start_date = slot.row.end_date = now;
  set_state(run, task, TaskState::success, now);
  return true;
}

// depends_on_past and wait_for_downstream: the same task (and its direct downstream) in the
// previous run must have succeeded or been skipped. Runs without a logical date, first runs, and
// the first one of a backfill pass.
bool Core::past_satisfied(const ActiveRun& run, const TaskSlot& slot, const TaskSpec& spec) {
  if ((!spec.depends_on_past && !spec.wait_for_downstream) || !run.row.logical_date) return true;
  if (run.backfill != 0 && run.ordinal == 1) return true;
  bool scheduled_only = run.version->spec->catchup;
  auto previous = store_.engine().previous_run(run.row.dag_id, *run.row.logical_date, scheduled_only);
  if (!previous || !*previous) return previous.has_value();
  auto good = [](TaskState state) { return state == TaskState::success || state == TaskState::skipped; };
  RunKey key = (*previous)->key;
  auto in_memory = runs_.find(key);
  auto state_of = [&](const std::string& task_id) -> std::optional<bool> {
    if (in_memory != runs_.end()) {
      const ActiveRun& other = *in_memory->second;
      auto index = other.version->spec->index_of(task_id);
      if (!index || other.slots[*index].absent()) return std::nullopt;
      return good(other.slots[*index].row.state);
    }
    auto rows = store_.engine().task_instances_of(key, task_id);
    if (!rows) return false;
    if (rows->empty()) return std::nullopt;
    return std::ranges::all_of(*rows, [&](const TaskInstance& row) { return good(row.state); });
  };
  if (!state_of(slot.row.task_id).value_or(true)) return false;
  if (!spec.wait_for_downstream) return true;
  return std::ranges::all_of(spec.downstream, [&](const std::string& id) { return state_of(id).value_or(true); });
}

// Something ended in a DAG with such tasks: those that waited are looked at again.
void Core::recheck_past(const std::string& dag_id, Time now) {
  auto it = dags_.find(dag_id);
  if (it == dags_.end()) return;
  for (RunKey key : std::set<RunKey>(it->second.active)) {
    auto found = runs_.find(key);
    if (found == runs_.end() || found->second->waiting_past == 0) continue;
    std::vector<TaskIndex> waiting;
    for (TaskIndex i = 0; i < found->second->slots.size(); ++i) {
      if (found->second->slots[i].waits_for_past) waiting.push_back(i);
    }
    evaluate_from(*found->second, std::move(waiting), now);
  }
}

// A new try: its number rises, what the try before left (times, reason, XComs) goes to history.
void Core::begin_try(ActiveRun& run, TaskIndex task, Time now) {
  TaskSlot& slot = run.slots[task];
  TaskInstance& row = slot.row;
  if (row.state == TaskState::up_for_retry) archive_try(run, slot, TaskState::failed);
  if (row.try_number > 0) {
    step_.batch.xcoms_cleared.push_back(row.key);
    std::erase_if(step_.batch.xcoms, [&](const XCom& xcom) {
      return xcom.run == row.run && xcom.task_id == row.task_id && xcom.map_index == row.map_index;
    });
  }
  ++row.try_number;
  row.infra_losses = 0;
  row.attempt = {};
  row.scheduled_at = now;
  row.queued_at = row.start_date = row.end_date = row.next_at = std::nullopt;
  row.reason.clear();
  touch(run, task);
  set_state(run, task, TaskState::scheduled, now);
}

void Core::archive_try(ActiveRun& run, TaskSlot& slot, TaskState state) {
  const TaskInstance& row = slot.row;
  step_.batch.tries.push_back({row.key, row.try_number, state, row.max_tries, row.attempt, row.scheduled_at,
                               row.queued_at, row.start_date, row.end_date, row.reason, run.row.version});
}

void Core::close(OpenAttempt& attempt, AttemptState state, std::string outcome, std::string reason, Time at) {
  attempt.row.state = state;
  attempt.row.outcome = std::move(outcome);
  attempt.row.reason = std::move(reason);
  attempt.row.ended_at = std::max(at, attempt.row.started_at.value_or(at));
  attempt.dirty = true;
  dirty_attempts_.insert(attempt.row.id);
  closed_.push_back(attempt.row.id);
}

// Clocks of machines differ: nothing happened before its attempt was made, or is still to come.
Time Core::time_within(const OpenAttempt& attempt, Time told, Time now) const {
  return std::max(attempt.row.created_at, std::min(told, now));
}

void Core::settle(OpenAttempt& attempt, Outcome outcome, Time now) {
  if (outcome.started_at) attempt.row.started_at = time_within(attempt, *outcome.started_at, now);
  outcome.ended_at = time_within(attempt, outcome.ended_at, now);
  attempt.row.use = outcome.use;
  auto [run, task] = slot_of(attempt);
  bool expected = outcome.kind != OutcomeKind::cancelled || attempt.cancelling.has_value();
  if (outcome.kind == OutcomeKind::lost || !expected) {
    return lose(attempt, outcome.reason.empty() ? "the place of the task was lost" : outcome.reason, now);
  }
  close(attempt, AttemptState::settled, std::string(to_string(outcome.kind)), outcome.reason, outcome.ended_at);
  if (run != nullptr) settle_task(*run, task, attempt, std::move(outcome), now);
}

void Core::settle_task(ActiveRun& run, TaskIndex task, OpenAttempt& attempt, Outcome outcome, Time now) {
  TaskSlot& slot = run.slots[task];
  if (slot.row.state == TaskState::restarting) {
    archive_try(run, slot, TaskState::failed);
    set_state(run, task, TaskState::none, now);
    return evaluate_from(run, {task}, now);
  }
  if (!occupies(slot.row.state)) return;  // marked by hand meanwhile: the report is history
  if (attempt.row.started_at) slot.row.start_date = attempt.row.started_at;
  slot.row.end_date = std::max(outcome.ended_at, slot.row.start_date.value_or(outcome.ended_at));
  slot.row.reason = outcome.reason;
  touch(run, task);
  for (XCom& xcom : outcome.xcoms) store_xcom(attempt, std::move(xcom), now);
  if (!outcome.rendered_fields.empty()) step_.batch.rendered.push_back({slot.row.key, outcome.rendered_fields});
  std::vector<TaskIndex> next(run.version->plan.downstream(task).begin(), run.version->plan.downstream(task).end());
  switch (outcome.kind) {
    case OutcomeKind::succeeded:
      count_end(run, slot.row, TaskEnd::Kind::succeeded);
      note_duration(run, slot.row);
      emit_assets(run, task, outcome, now);
      set_state(run, task, TaskState::success, now);
      break;
    case OutcomeKind::skipped: set_state(run, task, TaskState::skipped, now); break;
    default: fail_try(run, task, outcome, now); break;
  }
  bool looks_at_past = run.version->plan.looks_at_past();
  std::string dag_id = run.row.dag_id;
  evaluate_from(run, std::move(next), now);
  if (looks_at_past) recheck_past(dag_id, now);
}

void Core::fail_try(ActiveRun& run, TaskIndex task, const Outcome& outcome, Time now) {
  TaskInstance& row = run.slots[task].row;
  const TaskSpec& spec = run.version->spec->tasks[task];
  if (outcome.kind == OutcomeKind::failed && outcome.retryable && row.try_number <= row.max_tries) {
    RetryIdentity identity{run.row.dag_id, row.task_id, run.row.run_id, row.try_number};
    row.next_at = outcome.ended_at + retry_delay(spec, identity);
    timers_.insert({*row.next_at, TimerKey::Kind::retry, row.key.value, {}});
    count_end(run, row, TaskEnd::Kind::retried);
    return set_state(run, task, TaskState::up_for_retry, now);
  }
  if (outcome.kind == OutcomeKind::failed) count_end(run, row, TaskEnd::Kind::failed);
  set_state(run, task, TaskState::failed, now);
  if (run.version->spec->fail_fast) fail_fast(run, now);
}

void Core::count_end(const ActiveRun& run, const TaskInstance& row, TaskEnd::Kind kind) {
  if (!row.start_date || !row.end_date) return;
  step_.batch.task_ends.push_back(
      {kind, run.row.dag_id, row.task_id, *row.end_date, *row.end_date - *row.start_date});
}

void Core::fail_fast(ActiveRun& run, Time now) {
  for (TaskIndex i = 0; i < run.slots.size(); ++i) {
    TaskSlot& slot = run.slots[i];
    if (is_finished(slot.row.state)) continue;
    bool running = slot.row.state == TaskState::running;
    unready(run, i);
    cancel_open(slot, CancelReason::run_ended);
    slot.row.reason = "another task failed and the DAG is fail_fast";
    set_state(run, i, running ? TaskState::failed : TaskState::skipped, now);
  }
}

// The place of an attempt is gone. The user's retries are not touched; its own budget is.
void Core::lose(OpenAttempt& attempt, const std::string& reason, Time now) {
  auto [run, task] = slot_of(attempt);
  close(attempt, AttemptState::lost, "lost", reason, now);
  if (attempt.row.kind == AttemptKind::dag_callback) return replace_callback(attempt, now);
  if (run == nullptr) return;
  TaskSlot& slot = run->slots[task];
  if (slot.row.state == TaskState::restarting) {
    archive_try(*run, slot, TaskState::failed);
    set_state(*run, task, TaskState::none, now);
    return evaluate_from(*run, {task}, now);
  }
  if (!occupies(slot.row.state)) return;
  ++slot.row.infra_losses;
  slot.row.start_date = std::nullopt;
  if (slot.row.infra_losses >= kInfraLossesMax) {
    slot.row.reason = "infrastructure: placed " + std::to_string(slot.row.infra_losses) +
                      " times and lost each time; the last loss: " + reason;
    set_state(*run, task, TaskState::failed, now);
    if (run->version->spec->fail_fast) fail_fast(*run, now);
    auto next = run->version->plan.downstream(task);
    return evaluate_from(*run, {next.begin(), next.end()}, now);
  }
  slot.row.reason = reason;
  set_state(*run, task, TaskState::scheduled, now);
  Duration delay = infra_retry_delay(slot.row.infra_losses);
  if (delay.count() <= 0) return make_ready(*run, task, now);
  slot.row.next_at = now + delay;
  timers_.insert({*slot.row.next_at, TimerKey::Kind::retry, slot.row.key.value, {}});
}

// Asks the place of a task instance's current attempt to end it, if there is one.
void Core::cancel_open(TaskSlot& slot, CancelReason reason) {
  auto it = attempts_.find(slot.row.attempt);
  if (it == attempts_.end() || is_finished(it->second.row.state)) return;
  it->second.cancelling = reason;
  step_.effects.cancelled.emplace_back(it->first, reason);
}

void Core::store_xcom(const OpenAttempt& attempt, XCom xcom, Time now) {
  xcom.run = attempt.row.run;
  xcom.task_id = attempt.row.task_id;
  xcom.map_index = attempt.row.map_index;
  xcom.timestamp = now;
  step_.batch.xcoms.push_back(std::move(xcom));
}

}  // namespace leoflow
