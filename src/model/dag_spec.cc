// SPDX-License-Identifier: Apache-2.0
#include "model/dag_spec.h"

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_map>

#include "model/dag_graph.h"

namespace leoflow {
namespace {

constexpr size_t kCycleNamesMax = 20;  // longer cycles are abridged in messages

constexpr std::array<std::string_view, 10> kScheduleKinds{"none",           "cron_trigger",
                                                          "cron_interval",  "delta_trigger",
                                                          "delta_interval", "multiple_cron_trigger",
                                                          "once",           "continuous",
                                                          "events",         "assets"};
constexpr std::array<std::string_view, 10> kTimetables{
    "NullTimetable",          "CronTriggerTimetable",       "CronDataIntervalTimetable",
    "DeltaTriggerTimetable",  "DeltaDataIntervalTimetable", "MultipleCronTriggerTimetable",
    "OnceTimetable",          "ContinuousTimetable",        "EventsTimetable",
    "AssetTriggeredTimetable"};
constexpr std::array<std::string_view, 4> kImmediately{"automatic", "yes", "no", "window"};
constexpr std::array<std::string_view, 4> kStartAhead{"inherit", "never", "single", "all"};

template <typename Enum, size_t N>
std::optional<Enum> enum_named(const std::array<std::string_view, N>& names,
                               std::string_view text) {
  auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

Status check_distinct(const std::vector<TaskSpec>& sorted) {
  auto same = [](const TaskSpec& a, const TaskSpec& b) { return a.task_id == b.task_id; };
  auto twice = std::adjacent_find(sorted.begin(), sorted.end(), same);
  if (twice == sorted.end()) return {};
  return fail(Code::invalid, "task '" + twice->task_id + "' is defined twice",
              "give each task its own task_id");
}

void sort_distinct(std::vector<std::string>& names) {
  if (std::is_sorted(names.begin(), names.end(), std::less_equal<>()))
    return;  // strictly ascending
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

// Edges by position in tasks.
Result<Graph> graph_of(const std::vector<TaskSpec>& tasks) {
  std::unordered_map<std::string_view, uint32_t> positions;
  positions.reserve(tasks.size());
  for (const TaskSpec& task : tasks) positions.emplace(task.task_id, uint32_t(positions.size()));
  Graph graph;
  for (const TaskSpec& task : tasks) {
    for (const std::string& name : task.downstream) {
      auto found = positions.find(name);
      if (found == positions.end()) {
        return fail(Code::invalid,
                    "task '" + task.task_id + "' has an unknown downstream task '" + name + "'");
      }
      graph.targets.push_back(found->second);
    }
    graph.end_row();
  }
  return graph;
}

std::unexpected<Error> refuse_cycle(const std::vector<TaskSpec>& tasks,
                                    const std::vector<uint32_t>& cycle) {
  std::string path;
  for (size_t i = 0; i < cycle.size(); ++i) {
    if (cycle.size() > kCycleNamesMax && i == kCycleNamesMax / 2) {
      path += "... -> ";
      i = cycle.size() - kCycleNamesMax / 2;
    }
    path += tasks[cycle[i]].task_id + " -> ";
  }
  return fail(Code::invalid, "the tasks form a cycle: " + path + tasks[cycle[0]].task_id,
              "remove one of these dependencies");
}

std::vector<TaskSpec> in_order(std::vector<TaskSpec> tasks, const std::vector<uint32_t>& order) {
  std::vector<TaskSpec> sorted;
  sorted.reserve(tasks.size());
  for (uint32_t i : order) sorted.push_back(std::move(tasks[i]));
  return sorted;
}

bool any_with(const std::vector<TaskSpec>& tasks, WeightRule rule) {
  return std::any_of(tasks.begin(), tasks.end(),
                     [&](const TaskSpec& task) { return task.weight_rule == rule; });
}

int64_t clamp_to_int32(int64_t weight) {
  return std::clamp<int64_t>(weight, std::numeric_limits<int32_t>::min(),
                             std::numeric_limits<int32_t>::max());
}

void set_effective_weights(std::vector<TaskSpec>& tasks, const Graph& graph) {
  std::vector<int64_t> own;
  own.reserve(tasks.size());
  for (const TaskSpec& task : tasks) own.push_back(task.priority_weight);
  std::vector<int64_t> downstream, upstream;
  if (any_with(tasks, WeightRule::downstream)) downstream = reachable_weights(graph, own);
  if (any_with(tasks, WeightRule::upstream)) {
    upstream = reachable_weights(mirror(graph), std::vector<int64_t>(own.rbegin(), own.rend()));
    std::reverse(upstream.begin(), upstream.end());
  }
  for (size_t i = 0; i < tasks.size(); ++i) {
    switch (tasks[i].weight_rule) {
      case WeightRule::downstream: tasks[i].effective_weight = clamp_to_int32(downstream[i]); break;
      case WeightRule::upstream: tasks[i].effective_weight = clamp_to_int32(upstream[i]); break;
      case WeightRule::absolute: tasks[i].effective_weight = own[i]; break;
    }
  }
}

}  // namespace

std::string_view to_string(ScheduleSpec::Kind kind) { return kScheduleKinds[size_t(kind)]; }
std::string_view to_string(ScheduleSpec::Immediately immediately) {
  return kImmediately[size_t(immediately)];
}
std::optional<ScheduleSpec::Kind> parse_schedule_kind(std::string_view text) {
  return enum_named<ScheduleSpec::Kind>(kScheduleKinds, text);
}
std::optional<ScheduleSpec::Kind> schedule_kind_of_timetable(std::string_view name) {
  return enum_named<ScheduleSpec::Kind>(kTimetables, name);
}
std::optional<ScheduleSpec::Immediately> parse_run_immediately(std::string_view text) {
  return enum_named<ScheduleSpec::Immediately>(kImmediately, text);
}
std::string_view to_string(StartAhead ahead) { return kStartAhead[size_t(ahead)]; }
std::optional<StartAhead> parse_start_ahead(std::string_view text) {
  return enum_named<StartAhead>(kStartAhead, text);
}

std::vector<std::string> DagSpec::tasks_in_group(std::string_view group_id) const {
  std::vector<std::string> ids;
  // Versions of before groups were kept tell them by the names of their tasks alone.
  bool by_name =
      std::ranges::all_of(tasks, [](const TaskSpec& task) { return task.task_groups.empty(); });
  std::string prefix = std::string(group_id) + ".";
  for (const TaskSpec& task : tasks) {
    bool in = by_name ? task.task_id.starts_with(prefix)
                      : std::ranges::find(task.task_groups, group_id) != task.task_groups.end();
    if (in) ids.push_back(task.task_id);
  }
  return ids;
}

std::optional<size_t> DagSpec::index_of(std::string_view task_id) const {
  auto before = [](const std::pair<std::string, uint32_t>& entry, std::string_view id) {
    return entry.first < id;
  };
  auto found = std::lower_bound(index.begin(), index.end(), task_id, before);
  if (found == index.end() || found->first != task_id) return std::nullopt;
  return found->second;
}

Status DagSpec::finish() {
  if (tasks.size() > kTasksPerDagMax) {
    return fail(Code::invalid, "a DAG can have at most " + std::to_string(kTasksPerDagMax) +
                                   " tasks, not " + std::to_string(tasks.size()));
  }
  auto by_id = [](const TaskSpec& a, const TaskSpec& b) { return a.task_id < b.task_id; };
  std::sort(tasks.begin(), tasks.end(), by_id);
  if (Status distinct = check_distinct(tasks); !distinct) return distinct;
  for (TaskSpec& task : tasks) {
    sort_distinct(task.downstream);
    if (task.display_name.empty()) task.display_name = task.task_id;
  }
  if (display_name.empty()) display_name = dag_id;
  Result<Graph> graph = graph_of(tasks);
  if (!graph) return fail(graph);
  std::vector<uint32_t> order = topological_order(*graph);
  if (order.size() < tasks.size()) return refuse_cycle(tasks, find_cycle(*graph, order));
  tasks = in_order(std::move(tasks), order);
  index.clear();
  index.reserve(tasks.size());
  for (uint32_t i = 0; i < tasks.size(); ++i) index.emplace_back(tasks[i].task_id, i);
  std::sort(index.begin(), index.end());
  set_effective_weights(tasks, renumber(*graph, order));
  return {};
}

}  // namespace leoflow
