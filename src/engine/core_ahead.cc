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
    // How many instances a mapped task has is not known ahead.
    bool fits = !one.inline_success && !only_after_trouble(one.trigger_rule) &&
                !plan.upstream(task).empty() && !plan.mapping_of(task);
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
void Core::note_ahead(ActiveRun& run, SlotIndex at) {
  ahead_changed_.emplace_back(run.row.key, at);
  count_under_way(run, at);
  each_downstream(run, at, [&](SlotIndex next) {
    if (run.version->ahead[run.slots[next].task]) ahead_changed_.emplace_back(run.row.key, next);
  });
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

std::optional<Duration> Core::usual_duration(const ActiveRun& run, SlotIndex at) const {
  auto dag = dags_.find(run.row.dag_id);
  if (dag == dags_.end()) return std::nullopt;
  auto known = dag->second.usual.find(run.slots[at].row.task_id);
  return known == dag->second.usual.end() ? std::nullopt : std::optional(known->second);
}

// How long after the last upstream that runs has ended; max: one of them does not run yet, or
// nobody knows.
Duration Core::comes_in(const ActiveRun& run, SlotIndex at) const {
  Duration in{0};
  each_upstream(run, at, [&](SlotIndex up) {
    const TaskSlot& slot = run.slots[up];
    bool runs = occupies(slot.row.state) && slot.row.state != TaskState::queued;
    if (runs || is_finished(slot.row.state) || in == Duration::max()) return;
    auto usual = slot.expected_try > 0 ? usual_duration(run, up) : std::nullopt;
    bool known = usual && slot.expected_in != Duration::max();
    in = known ? std::max(in, slot.expected_in + *usual) : Duration::max();
  });
  return in;
}

// Whether a place for what comes after it is of use: it has one itself (one that usually takes long
// shall run first, so that its own start has the machine), or it may get one and is usually over
// before another could be there. Where all are started ahead, it is enough that it may get one.
bool Core::is_under_way(const ActiveRun& run, SlotIndex at) const {
  const TaskSlot& slot = run.slots[at];
  auto usual = usual_duration(run, at);
  if (occupies(slot.row.state))
    return slot.row.state != TaskState::queued || !usual || *usual < kLongTask;
  if (slot.expected_try == 0) return false;
  if (ahead_of(*run.version->spec) == StartAhead::all) return true;
  return usual && slot.expected_in != Duration::max() && slot.expected_in + *usual < kShortTasks;
}

bool Core::count_under_way(ActiveRun& run, SlotIndex at) {
  TaskSlot& slot = run.slots[at];
  bool under_way = is_under_way(run, at);
  if (under_way == slot.under_way) return false;
  slot.under_way = under_way;
  each_downstream(
      run, at, [&](SlotIndex next) { run.slots[next].upstream_under_way += under_way ? 1 : -1; });
  return true;
}

bool Core::may_come(const ActiveRun& run, SlotIndex at) const {
  const TaskSlot& slot = run.slots[at];
  return run.version->ahead[slot.task] && run.row.state == RunState::running &&
         slot.row.state == TaskState::none && !slot.waits_for_past && !slot.expected_too_long &&
         slot.upstream_under_way > 0 &&
         slot.upstream_under_way + slot.upstream.done() == slot.upstream.total;
}

void Core::expect(ActiveRun& run, SlotIndex at, Time now) {
  TaskSlot& slot = run.slots[at];
  slot.expected_try = slot.row.try_number + 1;
  slot.expected_since = now;
  slot.expected_in = comes_in(run, at);
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
  note_ahead(run, at);
}

// `drop`: it was not placed, so nobody needs what was made ready.
void Core::unexpect(ActiveRun& run, SlotIndex at, bool drop) {
  TaskSlot& slot = run.slots[at];
  if (slot.expected_try == 0) return;
  if (drop) step_.effects.forgotten.emplace_back(slot.row.key, slot.expected_try);
  slot.expected_try = 0;
  --expected_;
  note_ahead(run, at);
}

void Core::unexpect_all(ActiveRun& run) {
  if (run.version->ahead.empty()) return;
  for (SlotIndex at = 0; at < run.slots.size(); ++at) unexpect(run, at, true);
}

// Of a run whose slots were filled anew.
void Core::recount_ahead(ActiveRun& run) {
  if (run.version->ahead.empty()) return;
  for (TaskSlot& slot : run.slots) slot.under_way = false, slot.upstream_under_way = 0;
  for (SlotIndex at = 0; at < run.slots.size(); ++at) {
    count_under_way(run, at);
    if (run.version->ahead[run.slots[at].task]) ahead_changed_.emplace_back(run.row.key, at);
  }
}

void Core::look_ahead(Time now) {
  for (size_t i = 0; i < ahead_changed_.size(); ++i) {
    auto [key, at] = ahead_changed_[i];
    auto found = runs_.find(key);
    if (found == runs_.end() || at >= found->second->slots.size()) continue;
    ActiveRun& run = *found->second;
    TaskSlot& slot = run.slots[at];
    bool may = may_come(run, at);
    bool waits = run.row.state == RunState::running && slot.row.state == TaskState::scheduled;
    if (slot.expected_try > 0 && !may && !waits) unexpect(run, at, !occupies(slot.row.state));
    if (slot.row.state != TaskState::none) slot.expected_too_long = slot.expected_too_long && waits;
    if (may && slot.expected_try == 0 && expected_ < options_.ahead_max) expect(run, at, now);
    if (slot.expected_try == 0) continue;
    slot.expected_in = comes_in(run, at);
    if (count_under_way(run, at)) note_ahead(run, at);
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
