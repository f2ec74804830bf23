// SPDX-License-Identifier: Apache-2.0
// Lists of task instances: of one run, of the runs of some DAGs, or of all. As with runs, few are
// read and sorted, many walked along an index.
#include <set>

#include "store/sql/keyset.h"
#include "store/sql/queries_runs.h"
#include "store/sql/rows.h"
#include "store/sql/run_selection.h"
#include "store/sql/run_store.h"

namespace leoflow::sql {
namespace {

// From so many runs their task instances are rather looked up than met on the way.
constexpr int64_t kRunsJoinedMax = 2'000;

int64_t key_of(const TaskInstanceRow& row) { return row.task_instance.key.value; }

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (std::string_view part : parts) text += part;
  return text;
}

bool is_open(TaskState state) {
  return !is_finished(state) && state != TaskState::none && state != TaskState::removed;
}

bool ended_without_success(TaskState state) {
  return state == TaskState::failed || state == TaskState::upstream_failed ||
         state == TaskState::skipped || state == TaskState::removed;
}

bool all_states(const TaskInstanceQuery& query, bool (*is)(TaskState)) {
  for (std::optional<TaskState> state : query.states) {
    if (!is(state.value_or(TaskState::none))) return false;
  }
  return !query.states.empty();
}

std::vector<std::string> state_names(const TaskInstanceQuery& query) {
  std::vector<std::string> names;
  for (std::optional<TaskState> state : query.states)
    names.emplace_back(to_string(state.value_or(TaskState::none)));
  return names;
}

void add_task_conditions(const TaskInstanceQuery& query, Where& where) {
  where.equal("task_instance.task_id", "$task_id", query.task_id);
  where.in("task_instance.task_id", "$task_ids", query.task_ids);
  where.matches("task_instance.task_id", "$task_id_pattern", query.task_id_pattern);
  std::vector<std::string> states = state_names(query);
  if (states == std::vector<std::string>{"failed"}) {
    where.add(kTaskFailed);  // said aloud: its index then answers without the rows
  } else if (states.size() == 1) {
    where.equal("task_instance.state", "$state", states[0]);
  } else {
    where.in("task_instance.state", "$states", states);
  }
  where.in("task_instance.pool", "$pools", query.pools);
  where.in("task_instance.queue", "$queues", query.queues);
  where.in("task_instance.operator_name", "$operators", query.operators);
  where.matches("task_instance.pool", "$pool_pattern", query.pool_pattern);
  where.matches("task_instance.queue", "$queue_pattern", query.queue_pattern);
  where.matches("task_instance.operator_name", "$operator_pattern", query.operator_pattern);
  where.matches(kRenderedMapIndex, "$rendered_index", query.rendered_index_pattern);
  where.in("attempt.executor", "$executors", query.executors);
  where.in("task_instance.try_number", "$try_numbers", query.try_numbers);
  where.in("task_instance.map_index", "$map_indexes", query.map_indexes);
  where.range("task_instance.start_date", "$start_date", query.start_date);
  where.range("task_instance.end_date", "$end_date", query.end_date);
  where.range(kTaskInstanceUpdatedAt, "$updated_at", query.updated_at);
  where.range(kTaskInstanceDuration, "$duration", query.duration);
  if (!query.version_numbers.empty())
    where.add_list(kTaskInstanceVersionIn, "$version_numbers", query.version_numbers);
}

void add_run_conditions(const TaskInstanceQuery& query, Where& where) {
  where.equal("run.run_id", "$run_id", query.run_id);
  where.in("run.run_id", "$run_ids", query.run_ids);
  where.matches("run.run_id", "$run_id_pattern", query.run_id_pattern);
  where.range("run.run_after", "$run_after", query.run_after);
  where.range("run.logical_date", "$logical_date", query.logical_date);
}

bool names_runs(const TaskInstanceQuery& query) {
  return !query.run_id.empty() || !query.run_ids.empty();
}

bool orders_by_run(const Page& page) {
  static const std::set<std::string, std::less<>> kOfRun{
      "dag_id", "run_id", "run_after", "logical_date", "data_interval_start", "data_interval_end"};
  return std::ranges::any_of(page.order,
                             [](const Order& order) { return kOfRun.contains(order.column); });
}

// The tables behind the one that is walked, as far as conditions or order need them.
std::string joins_of(const TaskInstanceQuery& query, bool run_first, bool needs_run) {
  bool versions = !query.version_numbers.empty();
  std::string text;
  if (!run_first && (needs_run || versions)) text += kWithRuns.view();
  if (versions || !query.executors.empty()) text += kWithAttempts.view();
  return text;
}

Walk through_runs(const TaskInstanceQuery& query, std::string_view index) {
  std::string runs(kFromRuns);
  if (!index.empty()) runs += joined({dialect::kIndexedBy, index});
  return Walk(joined({runs, kWithTaskInstances, joins_of(query, true, true)}));
}

// What ended without success is found by its state.
Walk by_state(const TaskInstanceQuery& query, bool needs_run) {
  std::string_view index = "task_instances_unsuccessful";
  std::string conditions(kUnsuccessful);
  bool failed = state_names(query) == std::vector<std::string>{"failed"};
  if (failed && !query.page.order.empty() && query.page.order[0].column == "end_date") {
    index = "task_instances_failed";
    conditions.clear();
  }
  return Walk(
      joined({kFromTaskInstances, dialect::kIndexedBy, index, joins_of(query, false, needs_run)}),
      std::move(conditions));
}

Walk ordered_walk(const TaskInstanceQuery& query, bool needs_run) {
  std::string joins = joins_of(query, false, needs_run);
  std::string plain = joined({kFromTaskInstances, joins});
  std::string by_key = joined({kFromTaskInstances, dialect::kNotIndexed, joins});
  std::string_view first =
      query.page.order.empty() ? "id" : std::string_view(query.page.order[0].column);
  if (first == "id") return Walk(std::move(by_key));
  if (first == "map_index" && query.map_indexes.empty()) {
    // Most are not mapped: these lie in the order of their keys.
    Walk walk(by_key, " AND task_instance.map_index = -1");
    walk.parts[0].fixed = Row::Value(int64_t{kUnmapped});
    walk.parts.push_back(
        {joined({kFromTaskInstances, dialect::kIndexedBy, "task_instances_mapped", joins}),
         " AND task_instance.map_index >= 0",
         {},
         true});
    if (query.page.order[0].descending) std::swap(walk.parts[0], walk.parts[1]);
    walk.counted = std::move(plain);
    return walk;
  }
  bool ranged = !query.start_date.empty();
  if (first != "start_date" && !ranged) return Walk(std::move(plain));
  Walk walk(joined({kFromTaskInstances, dialect::kIndexedBy, "task_instances_started", joins}),
            " AND task_instance.start_date IS NOT NULL");
  if (first != "start_date" || ranged) return walk;
  walk.parts[0].not_null = true;
  walk.parts.push_back({by_key, " AND task_instance.start_date IS NULL", Row::Value(), false});
  walk.counted = std::move(plain);
  return walk;
}

// Whether the index by state gives the order, or so few rows that they may be sorted.
Result<bool> worth_by_state(Connection& connection, const TaskInstanceQuery& query,
                            const Walk& walk) {
  std::string_view first =
      query.page.order.empty() ? "id" : std::string_view(query.page.order[0].column);
  bool failed_by_end = walk.parts[0].from.find("task_instances_failed") != std::string::npos;
  if (query.states.size() == 1 && (first == "start_date" || failed_by_end)) return true;
  Where where;
  where.in("task_instance.state", "$states", state_names(query));
  std::string sql = joined({"SELECT 1", kFromTaskInstances, dialect::kIndexedBy,
                            "task_instances_unsuccessful", " WHERE TRUE", kUnsuccessful});
  auto counted = count_matching(connection, sql, where);
  if (!counted) return fail(counted);
  return counted->all && counted->rows <= kRowsSortedMax;
}

Result<Walk> walk_of(Connection& connection, const TaskInstanceQuery& query,
                     const RunSelection& selection, bool needs_run) {
  if (names_runs(query)) return through_runs(query, "");
  if (all_states(query, is_open)) {
    Walk walk = through_runs(query, "runs_active");
    walk.parts[0].conditions = kRunOpen;
    return walk;
  }
  if (selection.dags && selection.runs <= kRunsJoinedMax) return through_runs(query, "runs_by_dag");
  if (all_states(query, ended_without_success)) {
    Walk walk = by_state(query, needs_run);
    auto worth = worth_by_state(connection, query, walk);
    if (!worth) return fail(worth);
    if (*worth) return walk;
  }
  return ordered_walk(query, needs_run);
}

Result<PageOf<TaskInstanceRow>> read_rows(Connection& connection, const TaskInstanceQuery& query,
                                          const Walk& walk, const Where& where) {
  KeyedList list{kTaskInstancesByKey, kTaskInstanceOrder, "task_instance.task_instance_key"};
  auto page =
      read_keyed_page(connection, list, walk, where, query.page, read_task_instance_row, key_of);
  if (!page) return page;
  auto counted = count_along(connection, walk, where);
  if (!counted) return fail(counted);
  set_total(*page, query.page, *counted);
  return page;
}

// Of one run: its key finds them all.
Result<PageOf<TaskInstanceRow>> list_of_run(Connection& connection,
                                            const TaskInstanceQuery& query) {
  Where where;
  where.equal("run.dag_id", "$dag_id", query.dag_id);
  where.only("run.dag_id", "$dags_allowed", query.dags_allowed);
  where.in("run.dag_id", "$dag_ids", query.dag_ids);
  where.matches("run.dag_id", "$dag_id_pattern", query.dag_id_pattern);
  add_run_conditions(query, where);
  add_task_conditions(query, where);
  return read_rows(connection, query, through_runs(query, ""), where);
}

Result<PageOf<TaskInstanceRow>> list_in(Connection& connection, const TaskInstanceQuery& query) {
  if (!query.dag_id.empty() && !query.run_id.empty()) return list_of_run(connection, query);
  bool runs_named = names_runs(query);
  DagConditions dags{query.dag_id, query.dag_ids, query.dag_id_pattern, query.dags_allowed,
                     runs_named};
  auto selection = select_runs(connection, dags, {});
  if (!selection) return fail(selection);
  Where where;
  selection->add_to(where);
  add_run_conditions(query, where);
  bool needs_run = !where.text().empty() || orders_by_run(query.page);
  add_task_conditions(query, where);
  auto walk = walk_of(connection, query, *selection, needs_run);
  if (!walk) return fail(walk);
  return read_rows(connection, query, *walk, where);
}

}  // namespace

Result<PageOf<TaskInstanceRow>> SqlRunStore::list_task_instances(const TaskInstanceQuery& query) {
  return database_.read([&](Connection& connection) { return list_in(connection, query); });
}

}  // namespace leoflow::sql
