// SPDX-License-Identifier: Apache-2.0
#include "api/lookup.h"

#include <algorithm>

#include "base/file.h"

namespace leoflow::api {
namespace {

constexpr size_t kSpilledShownMax = 10 * 1024 * 1024;  // longest spilled value in an answer

}  // namespace

Result<Dag> find_dag(const Call& call, const std::string& dag_id) {
  auto dag = call.services.store.dags().get_dag(dag_id);
  if (!dag) return fail(dag);
  if (!*dag) return fail(Code::not_found, "The Dag with ID: `" + dag_id + "` was not found");
  return std::move(**dag);
}

Result<DagAndVersion> find_dag_version(const Call& call, const std::string& dag_id) {
  auto dag = find_dag(call, dag_id);
  if (!dag) return fail(dag);
  auto version = call.services.versions.get(dag->current_version);
  if (!version) return fail(version);
  return DagAndVersion{std::move(*dag), std::move(*version)};
}

Result<DagRun> find_run(const Call& call) {
  const std::string& dag_id = call.path("dag_id");
  const std::string& run_id = call.path("dag_run_id");
  auto run = call.services.store.runs().get_run(dag_id, run_id);
  if (!run) return fail(run);
  if (!*run) {
    return fail(Code::not_found, "The DagRun with dag_id: `" + dag_id + "` and run_id: `" + run_id +
                                     "` was not found");
  }
  return std::move(**run);
}

Result<std::vector<std::string>> find_group_tasks(const Call& call, const std::string& group_id) {
  if (call.path("dag_id") == "~") {
    return fail(Code::invalid, "a task group is one of a DAG", "name the DAG in the path");
  }
  auto found = find_dag_version(call, call.path("dag_id"));
  if (!found) return fail(found);
  VersionPtr version = found->version;
  if (call.path("dag_run_id") != "~") {
    auto run = find_run(call);
    if (!run) return fail(run);
    auto own = call.services.versions.get(run->version);
    if (!own) return fail(own);
    version = std::move(*own);
  }
  auto tasks = version->spec.tasks_in_group(group_id);
  if (tasks.empty()) return fail(Code::not_found, "Task group " + group_id + " not found");
  return tasks;
}

TaskInstanceName task_instance_name(const Call& call, int map_index) {
  return {call.path("dag_id"), call.path("dag_run_id"), call.path("task_id"), map_index};
}

Result<TaskInstanceRow> find_task_instance(const Call& call, int map_index) {
  auto name = task_instance_name(call, map_index);
  auto row = call.services.store.runs().get_task_instance(name);
  if (!row) return fail(row);
  if (!*row) {
    return fail(Code::not_found, "The Task Instance with dag_id: `" + name.dag_id + "`, run_id: `" +
                                     name.run_id + "`, task_id: `" + name.task_id +
                                     "` and map_index: `" + std::to_string(name.map_index) +
                                     "` was not found");
  }
  return std::move(**row);
}

int map_index_of(const Call& call) {
  for (const auto& [name, value] : call.path_params) {
    if (name == "map_index") return call.path_int("map_index");
  }
  int64_t index = call.query_int("map_index").value_or(kUnmapped);
  return int(std::clamp<int64_t>(index, INT32_MIN, INT32_MAX));
}

std::string path_or_all(const Call& call, std::string_view name) {
  const std::string& text = call.path(name);
  return text == "~" ? std::string() : text;
}

Result<std::string> xcom_text(const XCom& xcom) {
  if (xcom.spill_path.empty()) return xcom.value;
  auto text = read_file(xcom.spill_path, kSpilledShownMax);
  if (text) return text;
  if (text.error().code() == Code::not_found) {
    return fail(Code::not_found, "the value of XCom " + xcom.key +
                                     " was kept on the run's staging volume, which is "
                                     "gone");
  }
  return fail(Code::exhausted,
              "the value of XCom " + xcom.key + " cannot be read: " + text.error().message());
}

}  // namespace leoflow::api
