// SPDX-License-Identifier: Apache-2.0
// What may be placed next: told to the executor after the commit, so that it can make a place ready
// ahead. Nothing is decided here about the task instances themselves.
#include "base/check.h"
#include "engine/core.h"

namespace leoflow {
namespace {

// Holds only when something failed, or not at all: places for it would mostly be in vain.
bool only_after_trouble(TriggerRule rule) {
  return rule == TriggerRule::all_failed || rule == TriggerRule::one_failed ||
         rule == TriggerRule::all_skipped;
}

}  // namespace

StartAhead Core::ahead_of(const DagSpec& spec) const {
  if (options_.start_ahead == StartAhead::never || spec.start_ahead == StartAhead::inherit)
    return options_.start_ahead;
  return spec.start_ahead;
}

// Which tasks of a version qualify; empty when none does.
std::vector<bool> Core::tasks_ahead(const DagSpec& spec, const RunPlan& plan) const {
  StartAhead ahead = ahead_of(spec);
  if (ahead == StartAhead::never || ahead == StartAhead::inherit) return {};
  std::vector<bool> out(plan.size());
  bool any = false;
  for (TaskIndex task = 0; task < plan.size(); ++task) {
    const TaskSpec& one = spec.tasks[task];
    bool fits = !one.inline_success && !only_after_trouble(one.trigger_rule) &&
                !plan.upstream(task).empty();
    if (fits && ahead == StartAhead::single) {
      for (TaskIndex up : plan.upstream(task)) fits = fits && plan.downstream(up).size() == 1;
    }
    out[task] = fits;
    any = any || fits;
  }
  if (!any) out.clear();
  return out;
}

// Part of every change of state: who comes after it is looked at before the step is taken.
void Core::note_ahead(ActiveRun& run, TaskIndex task) {
  ahead_changed_.emplace_back(run.row.key, task);
  count_under_way(run, task);
  for (TaskIndex next : run.version->plan.downstream(task)) {
    if (run.version->ahead[next]) ahead_changed_.emplace_back(run.row.key, next);
  }
}

// An upstream that has a place, or (where all are started ahead) may get one, is under way.
void Core::count_under_way(ActiveRun& run, TaskIndex task) {
  TaskSlot& slot = run.slots[task];
  bool all = ahead_of(*run.version->spec) == StartAhead::all;
  bool under_way = occupies(slot.row.state) || (all && slot.expected_try > 0);
  if (under_way == slot.under_way) return;
  slot.under_way = under_way;
  for (TaskIndex next : run.version->plan.downstream(task))
    run.slots[next].upstream_under_way += under_way ? 1 : -1;
}

bool Core::may_come(const ActiveRun& run, TaskIndex task) const {
  const TaskSlot& slot = run.slots[task];
  return run.version->ahead[task] && run.row.state == RunState::running &&
         slot.row.state == TaskState::none && !slot.waits_for_past && !slot.expected_too_long &&
         slot.upstream_under_way > 0 &&
         slot.upstream_under_way + slot.upstream.done() == slot.upstream.total;
}

void Core::expect(ActiveRun& run, TaskIndex task, Time now) {
  TaskSlot& slot = run.slots[task];
  slot.expected_try = slot.row.try_number + 1;
  slot.expected_since = now;
  ++expected_;
  timers_.insert({now + options_.ahead_time_max, TimerKey::Kind::ahead, slot.row.key.value, {}});
  step_.effects.expected.push_back({.run = run.row.key, .task_instance = slot.row.key,
                                    .dag_id = run.row.dag_id, .run_id = run.row.run_id,
                                    .task_id = slot.row.task_id, .map_index = slot.row.map_index,
                                    .try_number = slot.expected_try,
                                    .max_tries = slot.row.max_tries,
                                    .version = run.row.version,
                                    .environment = run.version->environment});
  note_ahead(run, task);
}

// `drop`: it was not placed, so nobody needs what was made ready.
void Core::unexpect(ActiveRun& run, TaskIndex task, bool drop) {
  TaskSlot& slot = run.slots[task];
  if (slot.expected_try == 0) return;
  if (drop) step_.effects.forgotten.emplace_back(slot.row.key, slot.expected_try);
  slot.expected_try = 0;
  --expected_;
  note_ahead(run, task);
}

void Core::unexpect_all(ActiveRun& run) {
  if (run.version->ahead.empty()) return;
  for (TaskIndex task = 0; task < run.slots.size(); ++task) unexpect(run, task, true);
}

// Of a run whose slots were filled anew.
void Core::recount_ahead(ActiveRun& run) {
  if (run.version->ahead.empty()) return;
  for (TaskSlot& slot : run.slots) slot.under_way = false, slot.upstream_under_way = 0;
  for (TaskIndex task = 0; task < run.slots.size(); ++task) {
    count_under_way(run, task);
    if (run.version->ahead[task]) ahead_changed_.emplace_back(run.row.key, task);
  }
}

void Core::look_ahead(Time now) {
  for (size_t i = 0; i < ahead_changed_.size(); ++i) {
    auto [key, task] = ahead_changed_[i];
    auto found = runs_.find(key);
    if (found == runs_.end() || task >= found->second->slots.size()) continue;
    ActiveRun& run = *found->second;
    TaskSlot& slot = run.slots[task];
    bool may = may_come(run, task);
    bool waits = run.row.state == RunState::running && slot.row.state == TaskState::scheduled;
    if (slot.expected_try > 0 && !may && !waits) unexpect(run, task, !occupies(slot.row.state));
    if (slot.row.state != TaskState::none) slot.expected_too_long = slot.expected_too_long && waits;
    if (may && slot.expected_try == 0 && expected_ < options_.ahead_max) expect(run, task, now);
  }
  ahead_changed_.clear();
}

void Core::ahead_too_long(TaskInstanceKey key, Time now) {
  auto it = slots_.find(key);
  if (it == slots_.end()) return;
  ActiveRun& run = *runs_.at(it->second.first);
  TaskSlot& slot = run.slots[it->second.second];
  if (slot.expected_try == 0 || slot.expected_since + options_.ahead_time_max > now) return;
  slot.expected_too_long = true;
  unexpect(run, it->second.second, true);
}

}  // namespace leoflow
