// SPDX-License-Identifier: Apache-2.0
// Which ready task instances get a place now: by priority, within pools and limits. A pass costs the number of runs
// with ready tasks plus the instances it places, not the number that wait.
#include <algorithm>

#include "base/check.h"
#include "engine/core.h"
#include "exec/staging_name.h"

namespace leoflow {
namespace {

// One ready queue of a run, and how far this pass has looked into it.
struct Cursor {
  ActiveRun* run;
  const std::string* pool;
  ReadyQueue::const_iterator at, end;
};

// Max-heap order: the cursor whose next instance comes first is on top.
bool later(const Cursor& a, const Cursor& b) { return *b.at < *a.at; }

ReadyKey ready_key(const ActiveRun& run, SlotIndex at) {
  const TaskInstance& row = run.slots[at].row;
  return {row.priority_weight, run.row.logical_date.value_or(run.row.run_after), run.row.key.value,
          row.map_index, at};
}

}  // namespace

void Core::hold(const TaskSlot& slot, int sign) {
  pools_[slot.row.pool].used += sign * slot.row.pool_slots;
  placed_ += sign;
}

void Core::make_ready(ActiveRun& run, SlotIndex at, Time) {
  TaskSlot& slot = run.slots[at];
  CHECK(slot.row.state == TaskState::scheduled);
  if (slot.ready) return;
  slot.ready = true;
  if (slot.row.next_at) {
    slot.row.next_at = std::nullopt;
    touch(run, at);
  }
  run.ready[slot.row.pool].insert(ready_key(run, at));
  with_ready_.insert(run.row.key);
}

void Core::unready(ActiveRun& run, SlotIndex at) {
  TaskSlot& slot = run.slots[at];
  if (!slot.ready) return;
  slot.ready = false;
  auto queue = run.ready.find(slot.row.pool);
  queue->second.erase(ready_key(run, at));
  if (queue->second.empty()) run.ready.erase(queue);
  if (run.ready.empty()) with_ready_.erase(run.row.key);
}

void Core::dispatch(Time now) {
  if (with_ready_.empty() || placed_ >= options_.parallelism) return;
  std::vector<Cursor> heap;
  for (RunKey key : with_ready_) {
    ActiveRun& run = *runs_.at(key);
    auto dag = dags_.find(run.row.dag_id);
    bool held = dag == dags_.end() || dag->second.row.is_paused || run.row.state != RunState::running;
    if (held || run.active >= run.version->spec->max_active_tasks) continue;
    for (auto& [pool, queue] : run.ready) {
      if (pools_[pool].open() > 0) heap.push_back({&run, &pool, queue.begin(), queue.end()});
    }
  }
  std::ranges::make_heap(heap, later);
  std::vector<std::pair<ActiveRun*, SlotIndex>> chosen;
  // Looking does not change the queues (cursors point into them); what is chosen is placed as it is met, and leaves
  // its queue afterwards.
  for (int scanned = 0; !heap.empty() && scanned < options_.dispatch_scan_max; ++scanned) {
    if (placed_ >= options_.parallelism) break;
    std::ranges::pop_heap(heap, later);
    Cursor& cursor = heap.back();
    ActiveRun& run = *cursor.run;
    const PoolState& pool = pools_[*cursor.pool];
    bool closed = pool.open() <= 0 || run.active >= run.version->spec->max_active_tasks;
    if (!closed) {
      SlotIndex at = cursor.at->slot;
      const TaskSlot& slot = run.slots[at];
      if (slot.row.pool_slots <= pool.open() && within_task_limits(run, slot, run.spec_of(at))) {
        chosen.emplace_back(&run, at);
        place(run, at, now);
      }
      ++cursor.at;
    }
    if (closed || cursor.at == cursor.end) {
      heap.pop_back();
    } else {
      std::ranges::push_heap(heap, later);
    }
  }
  for (auto [run, at] : chosen) unready(*run, at);
}

bool Core::within_task_limits(const ActiveRun& run, const TaskSlot& slot, const TaskSpec& spec) const {
  if (!spec.max_active_tis_per_dag && !spec.max_active_tis_per_dagrun) return true;
  auto busy = [&](const ActiveRun& one) {
    auto index = one.version->spec->index_of(slot.row.task_id);
    if (!index) return 0;
    auto instances = one.mapped.find(TaskIndex(*index));
    if (instances != one.mapped.end()) return instances->second.occupying;
    return occupies(one.slots[*index].row.state) ? 1 : 0;
  };
  if (spec.max_active_tis_per_dagrun && busy(run) >= *spec.max_active_tis_per_dagrun) return false;
  if (!spec.max_active_tis_per_dag) return true;
  int all = 0;
  for (RunKey key : dags_.at(run.row.dag_id).active) all += busy(*runs_.at(key));
  return all < *spec.max_active_tis_per_dag;
}

// Creates the attempt that the next commit makes real; it is handed over after that commit.
void Core::place(ActiveRun& run, SlotIndex at, Time now) {
  TaskSlot& slot = run.slots[at];
  AttemptId id{++keys_.attempt};
  slot.row.attempt = id;
  slot.row.queued_at = now;
  set_state(run, at, TaskState::queued, now);
  Attempt row{.id = id, .run = run.row.key, .task_instance = slot.row.key, .task_id = slot.row.task_id,
              .map_index = slot.row.map_index, .try_number = slot.row.try_number, .state = AttemptState::dispatched,
              .version = run.row.version, .executor = options_.executor, .created_at = now, .dispatched_at = now};
  attempts_.emplace(id, OpenAttempt{.row = std::move(row), .dag_id = run.row.dag_id, .run_id = run.row.run_id,
                                    .dirty = true});
  dirty_attempts_.insert(id);
  to_place_.push_back(id);
  const StagingSpec& staging = run.version->spec->staging;
  if (!staging.enabled || run.staging) return;
  StagingVolume volume{.id = ++keys_.staging, .run = run.row.key, .dag_id = run.row.dag_id, .run_id = run.row.run_id,
                       .size_bytes = staging.size_bytes, .created_at = now};
  // The id keeps apart the volumes of runs that had the same name one after the other.
  volume.name = staging_name(run.row.dag_id, run.row.run_id + "-" + std::to_string(volume.id));
  volume.path = (options_.staging_root / volume.name).string();
  step_.batch.staging_inserted.push_back(volume);
  step_.effects.staging_created.push_back(volume);
  run.staging = std::move(volume);
}

WorkItem Core::work_item(const OpenAttempt& attempt) const {
  const Attempt& row = attempt.row;
  WorkItem item{.attempt = row.id, .kind = row.kind, .run = row.run, .task_instance = row.task_instance,
                .dag_id = attempt.dag_id, .run_id = attempt.run_id, .task_id = row.task_id,
                .map_index = row.map_index, .try_number = row.try_number, .version = row.version};
  if (auto it = slots_.find(row.task_instance); it != slots_.end()) {
    item.max_tries = runs_.at(it->second.first)->slots[it->second.second].row.max_tries;
  }
  if (auto it = versions_.find(row.version); it != versions_.end()) item.environment = it->second->environment;
  return item;
}

}  // namespace leoflow
