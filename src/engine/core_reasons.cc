// SPDX-License-Identifier: Apache-2.0
// Why a task instance is where it is: one sentence, from the same facts the decisions use.
#include "engine/core.h"

namespace leoflow {
namespace {

std::string join(const std::vector<std::string>& names) {
  constexpr size_t kNamesMax = 5;
  std::string text;
  for (size_t i = 0; i < names.size() && i < kNamesMax; ++i) text += (i ? ", " : "") + names[i];
  if (names.size() > kNamesMax) text += " and " + std::to_string(names.size() - kNamesMax) + " more";
  return text;
}

// "12:03:10" of an instant: the day is in the instance's own dates.
std::string clock_of(Time time) { return format_time(time).substr(11, 8) + " UTC"; }

}  // namespace

std::vector<Engine::Reason> Core::reasons_of(const ActiveRun& run) const {
  std::vector<Engine::Reason> reasons;
  for (SlotIndex i = 0; i < run.slots.size(); ++i) {
    const TaskSlot& slot = run.slots[i];
    if (is_finished(slot.row.state) || slot.row.state == TaskState::running) continue;
    reasons.push_back({slot.row.task_id, slot.row.map_index, reason_of(run, i)});
  }
  return reasons;
}

std::string Core::reason_of(const ActiveRun& run, SlotIndex at) const {
  const TaskSlot& slot = run.slots[at];
  const TaskSpec& spec = run.spec_of(at);
  const TaskInstance& row = slot.row;
  const DagState& dag = dags_.at(run.row.dag_id);
  if (run.row.state == RunState::queued) {
    if (dag.row.is_paused) return "the DAG is paused";
    if (run.backfill != 0 && dag.backfill) {
      const Backfill& backfill = dag.backfill->row;
      if (backfill.is_paused) return "backfill " + std::to_string(backfill.id) + " is paused";
      return "backfill " + std::to_string(backfill.id) + " runs " +
             std::to_string(dag.backfill->running) + " of at most " +
             std::to_string(backfill.max_active_runs) + " at once";
    }
    int limit = dag.current->spec->max_active_runs;
    if (dag.running >= limit) return "run limit " + std::to_string(limit);
    return "the run starts at " + clock_of(run.row.run_after);
  }
  if (row.state == TaskState::up_for_retry && row.next_at) return "retry at " + clock_of(*row.next_at);
  if (row.state == TaskState::restarting) return "its cleared attempt is still ending";
  if (row.state == TaskState::queued) {
    auto attempt = attempts_.find(row.attempt);
    if (attempt != attempts_.end() && !attempt->second.waits.empty()) return attempt->second.waits;
    bool held = attempt != attempts_.end() && attempt->second.row.held_since;
    if (held) return "handed to a place that was started ahead";
    return "handed to the " + options_.executor + " executor";
  }
  if (row.state == TaskState::scheduled) {
    if (row.next_at) return "placed again at " + clock_of(*row.next_at) + " after: " + row.reason;
    if (dag.row.is_paused) return "the DAG is paused";
    auto pool = pools_.find(row.pool);
    if (pool == pools_.end() || !pool->second.exists) return "there is no pool '" + row.pool + "'";
    if (row.pool_slots > pool->second.slots && pool->second.slots >= 0) {
      return "needs " + std::to_string(row.pool_slots) + " slots, pool " + row.pool + " has " +
             std::to_string(pool->second.slots);
    }
    if (pool->second.open() < row.pool_slots) {
      return "pool " + row.pool + " full: " + std::to_string(pool->second.used) + " of " +
             std::to_string(pool->second.slots);
    }
    int limit = run.version->spec->max_active_tasks;
    if (run.active >= limit) return "task limit of the run: " + std::to_string(limit);
    if (!within_task_limits(run, slot, spec)) return "its own limit of active task instances";
    return "parallelism " + std::to_string(options_.parallelism) + " reached";
  }
  if (slot.waits_for_past) return "waits for the previous run (depends_on_past)";
  return "waits for " + join(waits_for(run, at));
}

// What is not finished upstream: a mapped task with how many of its instances.
std::vector<std::string> Core::waits_for(const ActiveRun& run, SlotIndex at) const {
  std::vector<std::string> waiting;
  for (TaskIndex up : run.version->plan.upstream(run.slots[at].task)) {
    size_t open = 0, all = 0;
    each_beside(run, at, up, false, [&](SlotIndex one) {
      ++all;
      open += is_finished(run.slots[one].row.state) ? 0 : 1;
    });
    if (open == 0) continue;
    std::string count =
        all > 1 ? " (" + std::to_string(open) + " of " + std::to_string(all) + ")" : "";
    waiting.push_back(run.slots[up].row.task_id + count);
  }
  return waiting;
}

}  // namespace leoflow
