// SPDX-License-Identifier: Apache-2.0
// What may be placed next: told to the executor after the commit, so that it can make a place ready
// ahead. Nothing is decided here about the task instances themselves.
#include "base/check.h"
#include "engine/core.h"

namespace leoflow {
namespace {

// Of tasks, as they took before. A place takes about a second to start.
constexpr Duration kLongTask = std::chrono::seconds(5);    // time enough once it runs
constexpr size_t kUsualMax = 10'000;                       // of a DAG, whatever it generates
constexpr Duration kShortTasks = std::chrono::seconds(3);  // in all: over before a place is there

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

void Core::note_duration(const ActiveRun& run, const TaskInstance& row) {
  if (run.version->ahead.empty() || !row.start_date || !row.end_date) return;
  auto dag = dags_.find(run.row.dag_id);
  if (dag == dags_.end()) return;
  if (dag->second.usual.size() >= kUsualMax) dag->second.usual.clear();
  Duration took = *row.end_date - *row.start_date;
  auto [known, fresh] = dag->second.usual.try_emplace(row.task_id, took);
  if (!fresh) known->second = (known->second + took) / 2;
}

std::optional<Duration> Core::usual_duration(const ActiveRun& run, TaskIndex task) const {
  auto dag = dags_.find(run.row.dag_id);
  if (dag == dags_.end()) return std::nullopt;
  auto known = dag->second.usual.find(run.slots[task].row.task_id);
  return known == dag->second.usual.end() ? std::nullopt : std::optional(known->second);
}

// How long after the last upstream that runs has ended; max: one of them does not run yet, or
// nobody knows.
Duration Core::comes_in(const ActiveRun& run, TaskIndex task) const {
  Duration in{0};
  for (TaskIndex up : run.version->plan.upstream(task)) {
    const TaskSlot& slot = run.slots[up];
    bool runs = occupies(slot.row.state) && slot.row.state != TaskState::queued;
    if (runs || is_finished(slot.row.state)) continue;
    auto usual = slot.expected_try > 0 ? usual_duration(run, up) : std::nullopt;
    if (!usual || slot.expected_in == Duration::max()) return Duration::max();
    in = std::max(in, slot.expected_in + *usual);
  }
  return in;
}

// Whether a place for what comes after it is of use: it has one itself (one that usually takes long
// shall run first, so that its own start has the machine), or it may get one and is usually over
// before another could be there. Where all are started ahead, it is enough that it may get one.
bool Core::is_under_way(const ActiveRun& run, TaskIndex task) const {
  const TaskSlot& slot = run.slots[task];
  auto usual = usual_duration(run, task);
  if (occupies(slot.row.state))
    return slot.row.state != TaskState::queued || !usual || *usual < kLongTask;
  if (slot.expected_try == 0) return false;
  if (ahead_of(*run.version->spec) == StartAhead::all) return true;
  return usual && slot.expected_in != Duration::max() && slot.expected_in + *usual < kShortTasks;
}

bool Core::count_under_way(ActiveRun& run, TaskIndex task) {
  TaskSlot& slot = run.slots[task];
  bool under_way = is_under_way(run, task);
  if (under_way == slot.under_way) return false;
  slot.under_way = under_way;
  for (TaskIndex next : run.version->plan.downstream(task))
    run.slots[next].upstream_under_way += under_way ? 1 : -1;
  return true;
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
  slot.expected_in = comes_in(run, task);
  ++expected_;
  timers_.insert({now + options_.ahead_time_max, TimerKey::Kind::ahead, slot.row.key.value, {}});
  step_.effects.expected.push_back({.run = run.row.key,
                                    .task_instance = slot.row.key,
                                    .dag_id = run.row.dag_id,
                                    .run_id = run.row.run_id,
                                    .task_id = slot.row.task_id,
                                    .map_index = slot.row.map_index,
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
    if (slot.expected_try == 0) continue;
    slot.expected_in = comes_in(run, task);
    if (count_under_way(run, task)) note_ahead(run, task);
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
