// SPDX-License-Identifier: Apache-2.0
// The life of a task instance: evaluated when an upstream ends, tried, settled, tried again or finished.
#include <algorithm>

#include "base/check.h"
#include "engine/core.h"
#include "schedule/retry.h"

namespace leoflow {

void Core::touch(ActiveRun& run, SlotIndex at) {
  TaskSlot& slot = run.slots[at];
  if (slot.dirty) return;
  slot.dirty = true;
  dirty_slots_.emplace_back(run.row.key, at);
}

std::pair<ActiveRun*, SlotIndex> Core::slot_of(const OpenAttempt& attempt) {
  auto it = slots_.find(attempt.row.task_instance);
  if (it == slots_.end()) return {};
  ActiveRun* run = runs_.at(it->second.first).get();
  if (run->slots[it->second.second].row.attempt != attempt.row.id) return {};
  return {run, it->second.second};
}

// The one place where a task instance changes state: counters of the run, of pools and of downstream tasks follow.
void Core::set_state(ActiveRun& run, SlotIndex at, TaskState state, Time now) {
  TaskSlot& slot = run.slots[at];
  TaskState old = slot.row.state;
  if (old == state) return;
  slot.row.state = state;
  touch(run, at);
  run.unfinished += int(is_finished(old)) - int(is_finished(state));
  run.none += int(state == TaskState::none) - int(old == TaskState::none);
  if (state != TaskState::none) wait_no_more(run, slot);
  if (occupies(old) != occupies(state)) {
    int sign = occupies(state) ? 1 : -1;
    run.active += sign;
    if (auto instances = run.mapped.find(slot.task); instances != run.mapped.end())
      instances->second.occupying += sign;
    hold(slot, sign);
  }
  if (is_finished(state) && !slot.row.end_date)
    slot.row.end_date = std::max(now, slot.row.start_date.value_or(now));
  if (!run.version->ahead.empty()) note_ahead(run, at);
  if (!is_finished(old) && !is_finished(state)) return;
  each_downstream(run, at, [&](SlotIndex next) {
    count_state(run.slots[next].upstream, old, -1);
    count_state(run.slots[next].upstream, state, 1);
  });
  if (!is_finished(state)) look_at_sources_again(run, slot.task);
}

void Core::evaluate_from(ActiveRun& run, std::vector<SlotIndex> open, Time now) {
  past_seen_.clear();
  while (!open.empty()) {
    SlotIndex at = open.back();
    open.pop_back();
    if (!evaluate(run, at, open, now)) continue;
    each_downstream(run, at, [&](SlotIndex next) { open.push_back(next); });
  }
  past_changed(run, now);
  check_run(run, now);
}

bool Core::evaluate(ActiveRun& run, SlotIndex at, std::vector<SlotIndex>& open, Time now) {
  if (run.slots[at].row.state != TaskState::none || run.row.state != RunState::running)
    return false;
  const TaskSpec& spec = run.spec_of(at);
  Verdict verdict = leoflow::evaluate(spec.trigger_rule, run.slots[at].upstream);
  if (auto mapping = run.version->plan.mapping_of(run.slots[at].task)) {
    Expanded expanded = expand(run, *mapping, at, verdict, now);
    if (expanded.state) {
      finish_without_try(run, at, *expanded.state, now);
      return true;
    }
    open.insert(open.end(), expanded.made.begin(), expanded.made.end());
    if (expanded.waits) return false;
  }
  TaskSlot& slot = run.slots[at];
  bool waits = verdict == Verdict::run || (verdict == Verdict::skip && spec.wait_for_past_depends_before_skipping);
  auto behind = waits ? waits_behind(run, slot.task) : std::nullopt;
  if (behind) {
    wait_for_past(run, at, *behind);
    return false;
  }
  switch (verdict) {
    case Verdict::wait: return false;
    case Verdict::skip: finish_without_try(run, at, TaskState::skipped, now); return true;
    case Verdict::upstream_fail:
      finish_without_try(run, at, TaskState::upstream_failed, now);
      return true;
    case Verdict::run: break;
  }
  begin_try(run, at, now);
  if (!spec.inline_success) {
    make_ready(run, at, now);
    return false;
  }
  finish_without_try(run, at, TaskState::success, now);
  return true;
}

// Decided without a process.
void Core::finish_without_try(ActiveRun& run, SlotIndex at, TaskState state, Time now) {
  TaskSlot& slot = run.slots[at];
  slot.row.start_date = slot.row.end_date = now;
  set_state(run, at, state, now);
}

// A new try: its number rises, what the try before left (times, reason, XComs) goes to history.
void Core::begin_try(ActiveRun& run, SlotIndex at, Time now) {
  TaskSlot& slot = run.slots[at];
  TaskInstance& row = slot.row;
  if (row.state == TaskState::up_for_retry) archive_try(run, slot, TaskState::failed);
  if (row.try_number > 0) {
    step_.batch.xcoms_cleared.push_back(row.key);
    std::erase_if(step_.batch.xcoms, [&](const XCom& xcom) {
      return xcom.run == row.run && xcom.task_id == row.task_id && xcom.map_index == row.map_index;
    });
  }
  slot.returned.reset();
  ++row.try_number;
  row.infra_losses = 0;
  row.attempt = {};
  row.scheduled_at = now;
  row.queued_at = row.start_date = row.end_date = row.next_at = std::nullopt;
  row.reason.clear();
  row.map_label.clear();
  touch(run, at);
  set_state(run, at, TaskState::scheduled, now);
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
  auto [run, at] = slot_of(attempt);
  bool expected = outcome.kind != OutcomeKind::cancelled || attempt.cancelling.has_value();
  if (outcome.kind == OutcomeKind::lost || !expected) {
    return lose(attempt, outcome.reason.empty() ? "the place of the task was lost" : outcome.reason, now);
  }
  close(attempt, AttemptState::settled, std::string(to_string(outcome.kind)), outcome.reason, outcome.ended_at);
  if (run != nullptr) settle_task(*run, at, attempt, std::move(outcome), now);
}

void Core::settle_task(ActiveRun& run, SlotIndex at, OpenAttempt& attempt, Outcome outcome,
                       Time now) {
  TaskSlot& slot = run.slots[at];
  if (slot.row.state == TaskState::restarting) {
    archive_try(run, slot, TaskState::failed);
    set_state(run, at, TaskState::none, now);
    return evaluate_from(run, {at}, now);
  }
  if (!occupies(slot.row.state)) return;  // marked by hand meanwhile: the report is history
  if (attempt.row.started_at) slot.row.start_date = attempt.row.started_at;
  slot.row.end_date = std::max(outcome.ended_at, slot.row.start_date.value_or(outcome.ended_at));
  slot.row.reason = outcome.reason;
  touch(run, at);
  for (XCom& xcom : outcome.xcoms) store_xcom(attempt, std::move(xcom), now);
  if (!outcome.rendered_fields.empty()) step_.batch.rendered.push_back({slot.row.key, outcome.rendered_fields});
  if (!outcome.map_label.empty()) slot.row.map_label = std::move(outcome.map_label);
  std::vector<SlotIndex> next;
  each_downstream(run, at, [&](SlotIndex one) { next.push_back(one); });
  switch (outcome.kind) {
    case OutcomeKind::succeeded:
      count_end(run, slot.row, TaskEnd::Kind::succeeded);
      note_duration(run, slot.row);
      emit_assets(run, at, outcome, now);
      set_state(run, at, TaskState::success, now);
      break;
    case OutcomeKind::skipped: set_state(run, at, TaskState::skipped, now); break;
    default: fail_try(run, at, outcome, now); break;
  }
  evaluate_from(run, std::move(next), now);
}

void Core::fail_try(ActiveRun& run, SlotIndex at, const Outcome& outcome, Time now) {
  TaskInstance& row = run.slots[at].row;
  const TaskSpec& spec = run.spec_of(at);
  if (outcome.kind == OutcomeKind::failed && outcome.retryable && row.try_number <= row.max_tries) {
    RetryIdentity identity{run.row.dag_id, row.task_id, run.row.run_id, row.try_number};
    row.next_at = outcome.ended_at + retry_delay(spec, identity);
    timers_.insert({*row.next_at, TimerKey::Kind::retry, row.key.value, {}});
    count_end(run, row, TaskEnd::Kind::retried);
    return set_state(run, at, TaskState::up_for_retry, now);
  }
  if (outcome.kind == OutcomeKind::failed) count_end(run, row, TaskEnd::Kind::failed);
  set_state(run, at, TaskState::failed, now);
  if (run.version->spec->fail_fast) fail_fast(run, now);
}

void Core::count_end(const ActiveRun& run, const TaskInstance& row, TaskEnd::Kind kind) {
  if (!row.start_date || !row.end_date) return;
  step_.batch.task_ends.push_back(
      {kind, run.row.dag_id, row.task_id, *row.end_date, *row.end_date - *row.start_date});
}

void Core::fail_fast(ActiveRun& run, Time now) {
  for (SlotIndex i = 0; i < run.slots.size(); ++i) {
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
  auto [run, at] = slot_of(attempt);
  close(attempt, AttemptState::lost, "lost", reason, now);
  if (attempt.row.kind == AttemptKind::dag_callback) return replace_callback(attempt, now);
  if (run == nullptr) return;
  TaskSlot& slot = run->slots[at];
  if (slot.row.state == TaskState::restarting) {
    archive_try(*run, slot, TaskState::failed);
    set_state(*run, at, TaskState::none, now);
    return evaluate_from(*run, {at}, now);
  }
  if (!occupies(slot.row.state)) return;
  ++slot.row.infra_losses;
  slot.row.start_date = std::nullopt;
  if (slot.row.infra_losses >= kInfraLossesMax) {
    slot.row.reason = "infrastructure: placed " + std::to_string(slot.row.infra_losses) +
                      " times and lost each time; the last loss: " + reason;
    set_state(*run, at, TaskState::failed, now);
    if (run->version->spec->fail_fast) fail_fast(*run, now);
    std::vector<SlotIndex> next;
    each_downstream(*run, at, [&](SlotIndex one) { next.push_back(one); });
    return evaluate_from(*run, std::move(next), now);
  }
  slot.row.reason = reason;
  set_state(*run, at, TaskState::scheduled, now);
  Duration delay = infra_retry_delay(slot.row.infra_losses);
  if (delay.count() <= 0) return make_ready(*run, at, now);
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
  auto [run, at] = slot_of(attempt);
  if (run != nullptr && xcom.key == kReturnValue)
    run->slots[at].returned = Returned{xcom.map_index, xcom.length};
  step_.batch.xcoms.push_back(std::move(xcom));
}

}  // namespace leoflow
