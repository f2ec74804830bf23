// SPDX-License-Identifier: Apache-2.0
// The static graph of a DAG version, prepared for scheduling: neighbours by index, roots and leaves.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "model/dag_spec.h"
#include "schedule/trigger_rule.h"

namespace leoflow {

using TaskIndex = uint32_t;

// Tasks that have their instances from the same sources: one mapped task, or all of a mapped group.
struct Mapping {
  std::span<const MapSource> sources;  // of the spec
  std::vector<TaskIndex> tasks;
  std::vector<TaskIndex> from;  // whose return values are named; none = the length is in dag.py
};
using MappingIndex = uint32_t;

// Immutable; shared by all runs of a version; the spec must outlive it. Indexes are those of
// DagSpec::tasks.
class RunPlan {
 public:
  // Requires: spec.finish() succeeded.
  explicit RunPlan(const DagSpec& spec);

  size_t size() const { return upstream_start_.size() - 1; }
  std::span<const TaskIndex> upstream(TaskIndex task) const { return slice(upstream_, upstream_start_, task); }
  std::span<const TaskIndex> downstream(TaskIndex task) const { return slice(downstream_, downstream_start_, task); }
  // Tasks without downstream: they decide the run's outcome.
  const std::vector<TaskIndex>& leaves() const { return leaves_; }
  // Whether any task waits for an earlier run (depends_on_past or wait_for_downstream).
  bool looks_at_past() const { return looks_at_past_; }
  // All tasks reachable downstream (or upstream) of the given ones, themselves excluded, ascending.
  std::vector<TaskIndex> reach(std::span<const TaskIndex> from, bool down) const;

  // Mapped tasks. The instances of a run's mapped tasks are numbered by map index.
  const std::vector<Mapping>& mappings() const { return mappings_; }
  // Of a mapped task; nothing for others.
  std::optional<MappingIndex> mapping_of(TaskIndex task) const;
  // The mappings that name what `task` returns.
  std::vector<MappingIndex> fed_by(TaskIndex task) const;
  // Whether an instance of `down` looks only at that of `up` with its own map index: both are in
  // one mapped group. The rules that ask for one of them look at all (Airflow: MappedTaskGroup,
  // "fast triggering").
  bool index_wise(TaskIndex up, TaskIndex down) const;

 private:
  void add_mappings(const DagSpec& spec);
  static std::span<const TaskIndex> slice(const std::vector<TaskIndex>& all, const std::vector<uint32_t>& start,
                                          TaskIndex task) {
    return std::span(all).subspan(start[task], start[task + 1] - start[task]);
  }

  // Compressed adjacency: neighbours of task i are all[start[i] .. start[i+1]).
  std::vector<TaskIndex> upstream_, downstream_;
  std::vector<uint32_t> upstream_start_, downstream_start_;
  std::vector<TaskIndex> leaves_;
  bool looks_at_past_ = false;
  std::vector<Mapping> mappings_;
  // By task; both empty if none is mapped.
  std::vector<int64_t> mapping_of_;                        // index in mappings_, -1 = not mapped
  std::vector<bool> asks_for_one_;                         // by its trigger rule
  std::vector<std::pair<TaskIndex, MappingIndex>> feeds_;  // sorted
};

// Adds (sign = 1) or takes away (sign = -1) one upstream state. Unfinished states change nothing but are in total.
void count_state(UpstreamCounts& counts, TaskState state, int sign);

// Outcome of a run whose task instances are all finished: failed if any leaf failed or is upstream_failed.
RunState outcome_of_leaves(std::span<const TaskState> leaf_states);

}  // namespace leoflow
