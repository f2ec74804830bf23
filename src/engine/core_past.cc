// SPDX-License-Identifier: Apache-2.0
// What waits for an earlier run: depends_on_past and wait_for_downstream.
#include <algorithm>

#include "engine/core.h"

namespace leoflow {
namespace {

bool went_well(TaskState state) {
  return state == TaskState::success || state == TaskState::skipped;
}

// All instances of a task; nothing when the run has none.
std::optional<bool> went_well(const ActiveRun& run, const std::string& task_id) {
  auto task = run.version->spec->index_of(task_id);
  if (!task || run.slots[*task].absent()) return std::nullopt;
  for (size_t number = 0; number < run.count(TaskIndex(*task)); ++number) {
    if (!went_well(run.slots[run.slot(TaskIndex(*task), number)].row.state)) return false;
  }
  return true;
}

}  // namespace

// The last one before a logical date. One that is in memory may not be in the store yet, and one
// that is deleted may still be there.
Result<std::optional<DagRun>> Core::run_before(const DagState& dag, Time logical_date,
                                               bool scheduled_only) {
  auto found = store_.engine().previous_run(dag.row.dag_id, logical_date, scheduled_only);
  auto is_deleted = [&](RunKey key) {
    return std::ranges::count(step_.batch.runs_deleted, key) > 0;
  };
  while (found && *found && is_deleted((*found)->key))
    found = store_.engine().previous_run(dag.row.dag_id, *(*found)->logical_date, scheduled_only);
  if (!found) return found;
  for (auto it = dag.dated.lower_bound(logical_date); it != dag.dated.begin();) {
    const DagRun& row = runs_.at((--it)->second)->row;
    if (*found && it->first <= *(*found)->logical_date) break;
    if (!scheduled_only || row.type == RunType::scheduled) return row;
  }
  return found;
}

// The earlier run that keeps the instances of a task from running: there the same task (and its
// direct downstream) has not succeeded or been skipped yet. Runs without a logical date, first
// runs, and the first one of a backfill wait for none. RunKey{} where nobody can tell.
std::optional<RunKey> Core::waits_behind(const ActiveRun& run, TaskIndex task) {
  const TaskSpec& spec = run.version->spec->tasks[task];
  if ((!spec.depends_on_past && !spec.wait_for_downstream) || !run.row.logical_date)
    return std::nullopt;
  if (run.backfill != 0 && run.ordinal == 1) return std::nullopt;
  auto seen = past_seen_.find({run.row.key, task});
  if (seen != past_seen_.end()) return seen->second;
  auto behind = look_behind(run, spec);
  past_seen_.emplace(std::pair(run.row.key, task), behind);
  return behind;
}

std::optional<RunKey> Core::look_behind(const ActiveRun& run, const TaskSpec& spec) {
  auto before =
      run_before(dags_.at(run.row.dag_id), *run.row.logical_date, run.version->spec->catchup);
  if (!before) return RunKey{};
  if (!*before) return std::nullopt;
  RunKey key = (*before)->key;
  auto in_memory = runs_.find(key);
  auto fine = [&](const std::string& task_id) {
    if (in_memory != runs_.end()) return went_well(*in_memory->second, task_id).value_or(true);
    auto rows = store_.engine().task_instances_of(key, task_id);
    return rows &&
           std::ranges::all_of(*rows, [](const TaskInstance& row) { return went_well(row.state); });
  };
  bool all = fine(spec.task_id) &&
             (!spec.wait_for_downstream || std::ranges::all_of(spec.downstream, fine));
  return all ? std::nullopt : std::optional(key);
}

void Core::wait_for_past(ActiveRun& run, SlotIndex at, RunKey behind) {
  TaskSlot& slot = run.slots[at];
  PastWait& wait = run.past_waits[slot.task];
  wait.run = behind;
  if (slot.waits_for_past) return;
  slot.waits_for_past = true;
  ++run.waiting_past;
  wait.slots.push_back(at);
}

void Core::wait_no_more(ActiveRun& run, TaskSlot& slot) {
  if (!slot.waits_for_past) return;
  slot.waits_for_past = false;
  --run.waiting_past;
}

// Something may have ended in a run, or (the second) in any run of a DAG, or one came or went. Not
// at once but from advance(), as in look_again(): runs that let each other go become no chain of
// calls, and many ends of one step are one.
void Core::past_changed(const ActiveRun& run, Time now) {
  if (!run.version->plan.looks_at_past()) return;
  timers_.insert({now, TimerKey::Kind::past, run.row.key.value, run.row.dag_id});
}

void Core::past_changed(const std::string& dag_id, Time now) {
  timers_.insert({now, TimerKey::Kind::past, 0, dag_id});
}

// Looks again at whoever waited for a run, or (0) for any. Asks once for each task, however many
// of its instances wait.
void Core::recheck_past(const std::string& dag_id, RunKey changed, Time now) {
  auto it = dags_.find(dag_id);
  if (it == dags_.end()) return;
  past_seen_.clear();
  for (RunKey key : std::set<RunKey>(it->second.active)) {
    auto found = runs_.find(key);
    if (found == runs_.end() || found->second->waiting_past == 0) continue;
    ActiveRun& run = *found->second;
    std::vector<SlotIndex> open;
    for (auto wait = run.past_waits.begin(); wait != run.past_waits.end();) {
      PastWait& one = wait->second;
      bool concerns = changed == RunKey{} || one.run == changed || one.run == RunKey{};
      auto behind = concerns ? waits_behind(run, wait->first) : one.run;
      if (behind) {
        one.run = *behind;
        ++wait;
        continue;
      }
      for (SlotIndex at : one.slots) {
        if (!run.slots[at].waits_for_past) continue;
        wait_no_more(run, run.slots[at]);
        open.push_back(at);
      }
      wait = run.past_waits.erase(wait);
    }
    if (!open.empty()) evaluate_from(run, std::move(open), now);
  }
}

}  // namespace leoflow
