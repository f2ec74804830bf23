// SPDX-License-Identifier: Apache-2.0
// The engine's memory: a cache of the open part of the store, rebuilt from it at any time. Touched only by Core.
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/backfill.h"
#include "model/dag_spec.h"
#include "model/entities.h"
#include "schedule/run_plan.h"
#include "schedule/timetable.h"

namespace leoflow {

// A DAG version ready for scheduling. Shared by the runs pinned to it.
struct PlannedVersion {
  DagVersionId id;
  int number = 1;
  std::string environment;
  std::shared_ptr<const DagSpec> spec;
  RunPlan plan;
  std::vector<bool> ahead;            // by task: its place may be made ready ahead; empty = of none
};

// Where a task instance lies in the slots of its run. The first slots belong to the version's
// tasks, in order: of one that is mapped, to the instance that is not expanded yet or has map index
// 0. Behind them lie the other mapped instances.
using SlotIndex = uint32_t;

// One task instance of an active run.
struct TaskSlot {
  TaskIndex task = 0;
  TaskInstance row;
  std::optional<Returned> returned;   // known since its last try pushed it; else the store is asked
  UpstreamCounts upstream;            // states of its direct upstream instances
  TaskState committed = TaskState::none;  // state in the store, to tell listeners what changed
  bool cleared = false;                   // since then: told even if it is in the same state again
  bool stored = false;                // the row exists in the store
  bool dirty = false;                 // the row differs from the store
  // The row was deleted by hand; only of runs that are finished. All else of the row is as if new.
  bool absent() const { return row.key.value == 0; }
  bool ready = false;                 // in a ready queue
  bool waits_for_past = false;
  // Only where places are made ready ahead (core_ahead.cc).
  int upstream_under_way = 0;         // of its direct upstream instances
  bool under_way = false;             // as its downstream instances count it
  bool expected_too_long = false;     // not again before it was placed
  int expected_try = 0;               // told to the executor as what may come; 0 = not
  Duration expected_in = Duration::max();  // since its upstreams run: when it may be placed, then
  Time expected_since{};
};

// Order in which ready task instances are placed: weight, then age of the run, then map index and position.
struct ReadyKey {
  int64_t weight = 0;
  Time run_time{};
  int64_t run = 0;
  int map_index = kUnmapped;
  SlotIndex slot = 0;
  friend bool operator<(const ReadyKey& a, const ReadyKey& b) {
    if (a.weight != b.weight) return a.weight > b.weight;
    return std::tie(a.run_time, a.run, a.map_index, a.slot) <
           std::tie(b.run_time, b.run, b.map_index, b.slot);
  }
};
using ReadyQueue = std::set<ReadyKey>;

// Whether a task instance in this state has (or may have) a process: it counts against pools and limits.
inline bool occupies(TaskState state) {
  return state == TaskState::queued || state == TaskState::running || state == TaskState::restarting;
}

// The instances of a mapped task beside the one in its own slot.
struct Instances {
  std::vector<SlotIndex> more;  // of map index 1 and up
  int occupying = 0;            // of all its instances
};

// The instances of a task that wait for an earlier run.
struct PastWait {
  RunKey run;                    // that run, when it was last looked at; 0 = it could not be read
  std::vector<SlotIndex> slots;  // those that began to wait; some may not any more
};

// How far a mapping of the plan has come in a run.
struct Expansion {
  bool current = false;  // the instances are those that its sources ask for now
  int64_t length = 0;    // how many these are, if so
};

// An active run (queued or running) with all its task instances.
struct ActiveRun {
  DagRun row;
  RunState committed = RunState::queued;
  bool reopened = false;  // as cleared above
  bool stored = false, dirty = false;
  std::shared_ptr<const PlannedVersion> version;
  std::vector<TaskSlot> slots;  // by slot index; may move in memory when a task expands
  std::unordered_map<TaskIndex, Instances> mapped;  // only tasks that are mapped
  std::vector<Expansion> expansions;                // by mapping of the plan
  std::vector<TaskInstance> removed;  // instances of tasks the version no longer has
  int unfinished = 0;                 // slots not in a finished state
  int none = 0;                       // slots in no state
  int active = 0;                     // slots that occupy a place: what max_active_tasks bounds
  int waiting_past = 0;               // slots that wait for an earlier run
  std::map<TaskIndex, PastWait> past_waits;
  std::map<std::string, ReadyQueue> ready;   // by pool
  std::optional<StagingVolume> staging;      // active volume
  int64_t backfill = 0;                      // the open backfill it belongs to; 0 = none
  int ordinal = 0;                           // in that one

  const TaskSpec& spec_of(SlotIndex at) const { return version->spec->tasks[slots[at].task]; }
  bool is_mapped(TaskIndex task) const { return version->plan.mapping_of(task).has_value(); }
  // Number of a task's instances, and the slot of the one with that number (its map index, 0 if it
  // has none).
  size_t count(TaskIndex task) const;
  SlotIndex slot(TaskIndex task, size_t number) const;
};

inline size_t ActiveRun::count(TaskIndex task) const {
  auto found = mapped.find(task);
  return found == mapped.end() ? 1 : 1 + found->second.more.size();
}

inline SlotIndex ActiveRun::slot(TaskIndex task, size_t number) const {
  return number == 0 ? SlotIndex(task) : mapped.at(task).more[number - 1];
}

// Calls f(SlotIndex) for each instance of a task.
template <typename F>
void each_instance(const ActiveRun& run, TaskIndex task, F&& f) {
  f(SlotIndex(task));
  if (run.mapped.empty()) return;
  auto found = run.mapped.find(task);
  if (found == run.mapped.end()) return;
  for (SlotIndex at : found->second.more) f(at);
}

// Calls f(SlotIndex) for each instance of `other` that the one at `at` has to do with, where
// `other` is a task up- or downstream of its own.
template <typename F>
void each_beside(const ActiveRun& run, SlotIndex at, TaskIndex other, bool down, F&& f) {
  if (run.mapped.empty()) return f(SlotIndex(other));
  TaskIndex own = run.slots[at].task;
  const RunPlan& plan = run.version->plan;
  bool index_wise = down ? plan.index_wise(own, other) : plan.index_wise(other, own);
  if (!index_wise || run.count(own) != run.count(other)) return each_instance(run, other, f);
  f(run.slot(other, size_t(std::max(run.slots[at].row.map_index, 0))));
}

template <typename F>
void each_downstream(const ActiveRun& run, SlotIndex at, F&& f) {
  for (TaskIndex next : run.version->plan.downstream(run.slots[at].task))
    each_beside(run, at, next, true, f);
}

template <typename F>
void each_upstream(const ActiveRun& run, SlotIndex at, F&& f) {
  for (TaskIndex up : run.version->plan.upstream(run.slots[at].task))
    each_beside(run, at, up, false, f);
}

// An attempt that is not settled.
struct OpenAttempt {
  Attempt row;
  std::string dag_id, run_id;
  bool stored = false, dirty = false;
  std::optional<CancelReason> cancelling;
  std::string waits;                  // what keeps its place from being there; empty = nothing
};

// The open backfill of a DAG. Its runs wait and are counted apart from the DAG's others.
struct BackfillState {
  Backfill row;
  std::deque<PlannedRun> dates;  // not decided yet, in their order
  int decided = 0;
  std::map<RunKey, int> ordinals;           // of its runs
  std::set<std::pair<int, RunKey>> queued;  // runs that wait to start, by ordinal
  int running = 0;
};

struct DagState {
  Dag row;
  std::shared_ptr<const PlannedVersion> current;
  std::shared_ptr<const Timetable> timetable;
  std::set<std::pair<Time, RunKey>> queued;  // runs that wait to start, by run_after
  std::set<RunKey> active;                   // queued and running, those of the backfill too
  std::map<Time, RunKey> dated;              // runs in memory by their logical date
  int running = 0;
  std::optional<BackfillState> backfill;
  bool next_dirty = false;
  std::map<std::string, Duration> usual;  // of tasks that succeeded in this life of the server
};

// Named instants at which the engine looks again.
struct TimerKey {
  Time at{};
  enum class Kind { retry, run_timeout, run_start, schedule, staging_sweep, ahead, past };
  Kind kind = Kind::retry;
  int64_t id = 0;                     // task instance or run key
  std::string dag_id;                 // schedule, past
  auto operator<=>(const TimerKey&) const = default;
};

// The states of an instance's direct upstream instances, counted anew.
UpstreamCounts count_upstream(const ActiveRun& run, SlotIndex at);

}  // namespace leoflow
