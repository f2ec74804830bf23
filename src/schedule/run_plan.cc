// SPDX-License-Identifier: Apache-2.0
#include "schedule/run_plan.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "base/check.h"

namespace leoflow {
namespace {

using Edges = std::vector<std::vector<TaskIndex>>;

void compress(const Edges& edges, std::vector<TaskIndex>& all, std::vector<uint32_t>& start) {
  start.reserve(edges.size() + 1);
  start.push_back(0);
  for (const auto& neighbours : edges) {
    all.insert(all.end(), neighbours.begin(), neighbours.end());
    start.push_back(uint32_t(all.size()));
  }
}

}  // namespace

RunPlan::RunPlan(const DagSpec& spec) {
  Edges up(spec.tasks.size()), down(spec.tasks.size());
  for (TaskIndex i = 0; i < spec.tasks.size(); ++i) {
    const TaskSpec& task = spec.tasks[i];
    looks_at_past_ = looks_at_past_ || task.depends_on_past || task.wait_for_downstream;
    for (const std::string& name : task.downstream) {
      auto target = spec.index_of(name);
      CHECK(target.has_value());
      down[i].push_back(TaskIndex(*target));
      up[*target].push_back(i);
    }
    if (task.downstream.empty()) leaves_.push_back(i);
  }
  compress(up, upstream_, upstream_start_);
  compress(down, downstream_, downstream_start_);
  add_mappings(spec);
}

void RunPlan::add_mappings(const DagSpec& spec) {
  std::map<std::string_view, MappingIndex> groups;
  for (TaskIndex i = 0; i < spec.tasks.size(); ++i) {
    const TaskSpec& task = spec.tasks[i];
    auto sources = spec.mapping_of(task);
    if (sources.empty()) continue;
    mapping_of_.resize(spec.tasks.size(), -1);
    auto next = MappingIndex(mappings_.size());
    MappingIndex mapping =
        task.expand.empty() ? groups.try_emplace(task.mapped_group, next).first->second : next;
    if (mapping == next) {
      mappings_.push_back({.sources = sources});
      for (const std::string& id : tasks_of(sources)) {
        auto source = spec.index_of(id);
        CHECK(source.has_value());
        mappings_.back().from.push_back(TaskIndex(*source));
        feeds_.emplace_back(TaskIndex(*source), mapping);
      }
    }
    mappings_[mapping].tasks.push_back(i);
    mapping_of_[i] = mapping;
  }
  std::ranges::sort(feeds_);
  if (mappings_.empty()) return;
  for (const TaskSpec& task : spec.tasks) {
    bool asks = task.trigger_rule == TriggerRule::one_success ||
                task.trigger_rule == TriggerRule::one_failed ||
                task.trigger_rule == TriggerRule::one_done;
    asks_for_one_.push_back(asks);
  }
}

std::optional<MappingIndex> RunPlan::mapping_of(TaskIndex task) const {
  if (mapping_of_.empty() || mapping_of_[task] < 0) return std::nullopt;
  return MappingIndex(mapping_of_[task]);
}

std::vector<MappingIndex> RunPlan::fed_by(TaskIndex task) const {
  std::vector<MappingIndex> found;
  auto at = std::ranges::lower_bound(feeds_, std::pair(task, MappingIndex(0)));
  for (; at != feeds_.end() && at->first == task; ++at) found.push_back(at->second);
  return found;
}

bool RunPlan::index_wise(TaskIndex up, TaskIndex down) const {
  if (mapping_of_.empty() || mapping_of_[up] < 0 || mapping_of_[up] != mapping_of_[down])
    return false;
  return !asks_for_one_[down];
}

std::vector<TaskIndex> RunPlan::reach(std::span<const TaskIndex> from, bool down) const {
  std::vector<bool> seen(size());
  std::vector<TaskIndex> stack(from.begin(), from.end()), found;
  while (!stack.empty()) {
    TaskIndex task = stack.back();
    stack.pop_back();
    for (TaskIndex next : down ? downstream(task) : upstream(task)) {
      if (seen[next]) continue;
      seen[next] = true;
      stack.push_back(next);
      found.push_back(next);
    }
  }
  std::ranges::sort(found);
  std::erase_if(found, [&](TaskIndex task) { return std::ranges::find(from, task) != from.end(); });
  return found;
}

void count_state(UpstreamCounts& counts, TaskState state, int sign) {
  switch (state) {
    case TaskState::success: counts.success += sign; break;
    case TaskState::skipped: counts.skipped += sign; break;
    case TaskState::failed: counts.failed += sign; break;
    case TaskState::upstream_failed: counts.upstream_failed += sign; break;
    case TaskState::removed: counts.removed += sign; break;
    default: break;
  }
}

RunState outcome_of_leaves(std::span<const TaskState> leaf_states) {
  bool failed = std::ranges::any_of(leaf_states, [](TaskState state) {
    return state == TaskState::failed || state == TaskState::upstream_failed;
  });
  return failed ? RunState::failed : RunState::success;
}

}  // namespace leoflow
