// SPDX-License-Identifier: Apache-2.0
// PATCH .../taskInstances: marks and notes of several task instances in one request.
#include <algorithm>
#include <map>

#include "api/bulk.h"
#include "api/routes.h"
#include "engine/engine.h"

namespace leoflow::api {
namespace {

TaskInstanceName name_of(const Call& call, const json::object& entity) {
  auto part = [&](std::string_view in_path, std::string_view in_body) {
    const std::string& text = call.path(in_path);
    return text == "~" ? json::string_or(entity, in_body) : text;
  };
  return {part("dag_id", "dag_id"), part("dag_run_id", "dag_run_id"),
          json::string_or(entity, "task_id"), int(json::int_or(entity, "map_index", kUnmapped))};
}

// "dag.run.task[map_index]", as the public API names them.
std::string key_of(const Call& call, const json::object& entity) {
  TaskInstanceName name = name_of(call, entity);
  if (name.dag_id.empty() || name.run_id.empty() || name.task_id.empty()) return {};
  return name.dag_id + "." + name.run_id + "." + name.task_id + "[" +
         std::to_string(name.map_index) + "]";
}

Result<bool> exists(const Call& call, const TaskInstanceName& name) {
  TaskInstanceQuery query{.dag_id = name.dag_id, .run_id = name.run_id, .task_id = name.task_id};
  if (name.map_index != kUnmapped) query.map_indexes = {name.map_index};
  query.page.limit = 1;
  auto page = call.services.store.runs().list_task_instances(query);
  if (!page) return fail(page);
  return page->total > 0;
}

Status mark(const Call& call, const json::object& entity, const std::vector<std::string>& mask) {
  auto given = [&](std::string_view member) {
    const json::value* value = entity.if_contains(member);
    return value && !value->is_null() &&
           (mask.empty() || std::ranges::find(mask, member) != mask.end());
  };
  MarkTaskRequest request{.name = name_of(call, entity), .user = call.user.username};
  if (given("new_state")) request.state = parse_task_state(json::string_or(entity, "new_state"));
  if (given("note")) request.note = json::string_or(entity, "note");
  if (!request.state && !request.note) return {};
  request.include_upstream = json::bool_or(entity, "include_upstream", false);
  request.include_downstream = json::bool_or(entity, "include_downstream", false);
  request.include_future = json::bool_or(entity, "include_future", false);
  request.include_past = json::bool_or(entity, "include_past", false);
  auto touched = wait_reply<std::vector<Touched>>(
      [&](auto reply) { call.services.engine.mark_task(std::move(request), std::move(reply)); });
  if (!touched) return fail(touched);
  return {};
}

Result<Response> bulk_task_instances(Call& call) {
  std::map<std::string, TaskInstanceName> names;
  BulkTarget target{.key = "task_id", .patch_shape = "BulkTaskInstanceBody"};
  target.key_of = [&](const json::object& entity) {
    std::string key = key_of(call, entity);
    names.insert_or_assign(key, name_of(call, entity));
    return key;
  };
  target.exists = [&](const std::string& key) { return exists(call, names.at(key)); };
  target.update = [&](const json::object& entity, const std::vector<std::string>& mask) {
    return mark(call, entity, mask);
  };
  return run_bulk(call, target);
}

}  // namespace

void add_task_bulk_routes(Router& router) {
  router.tag("TaskInstance");
  router.shape("BulkTaskInstanceBody",
               "!task_id:str dag_id?:str? dag_run_id?:str? map_index?:int(-1..2147483647)? "
               "new_state?:<success|failed|skipped>? note?:str(..1000)? include_upstream?:bool "
               "include_downstream?:bool include_future?:bool include_past?:bool");
  router
      .add(Method::patch, "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances",
           "bulk_task_instances", bulk_task_instances)
      .about("Mark several task instances; ~ in the path: each entity names its DAG and run")
      .reads("BulkBody")
      .answers_with(200, "BulkResponse");
}

}  // namespace leoflow::api
