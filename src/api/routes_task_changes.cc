// SPDX-License-Identifier: Apache-2.0
// PATCH of task instances: marking them and noting on them, with a dry run.
#include "api/lookup.h"
#include "api/present.h"
#include "api/routes.h"
#include "api/task_instances.h"

namespace leoflow::api {
namespace {

int map_index_of(const Call& call) {
  for (const auto& [name, value] : call.path_params) {
    if (name == "map_index") return call.path_int("map_index");
  }
  return int(json::int_or(call.body, "map_index", kUnmapped));
}

// The task instances that the path names: one, or all indexes of a mapped task.
Result<Response> untouched(const Call& call, const TaskInstanceName& name) {
  TaskInstanceQuery query{.dag_id = name.dag_id, .run_id = name.run_id, .task_id = name.task_id};
  if (name.map_index != kUnmapped) query.map_indexes = {name.map_index};
  query.page = {.limit = kPageLimitPublic, .order = {{.column = "map_index"}}};
  return task_instance_collection(call, query);
}

Status check_named(const Call& call, const TaskInstanceName& name) {
  TaskInstanceQuery query{.dag_id = name.dag_id, .run_id = name.run_id, .task_id = name.task_id};
  if (name.map_index != kUnmapped) query.map_indexes = {name.map_index};
  query.page.limit = 1;
  auto page = call.services.store.runs().list_task_instances(query);
  if (!page) return fail(page);
  if (page->total > 0) return {};
  return fail(Code::not_found, "Task Instance not found");
}

Result<Response> mark(Call& call, bool dry_run) {
  MarkTaskRequest request{.name = task_instance_name(call, map_index_of(call)),
                          .dry_run = dry_run,
                          .user = call.user.username};
  if (auto status = check_named(call, request.name); !status) return fail(status);
  if (call.changes("new_state") && call.has("new_state"))
    request.state = parse_task_state(call.text("new_state"));
  if (call.changes("note")) request.note = call.text("note");
  if (!request.state && !request.note) return untouched(call, request.name);
  request.include_upstream = call.flag("include_upstream", false);
  request.include_downstream = call.flag("include_downstream", false);
  request.include_future = call.flag("include_future", false);
  request.include_past = call.flag("include_past", false);
  if (request.name.map_index != kUnmapped) call.audit.map_index = request.name.map_index;
  auto touched = wait_reply<std::vector<Touched>>(
      [&](auto reply) { call.services.engine.mark_task(std::move(request), std::move(reply)); });
  if (!touched) return fail(touched);
  return touched_collection(call, *touched);
}

Result<Response> patch_task_instance(Call& call) { return mark(call, false); }
Result<Response> patch_task_instance_dry_run(Call& call) { return mark(call, true); }

void add_pair(Router& router, const std::string& prefix, const std::string& suffix) {
  router.add(Method::patch, prefix, "patch" + suffix + "_task_instance", patch_task_instance)
      .about("Mark a task instance or change its note")
      .takes(update_mask())
      .reads("PatchTaskInstanceBody")
      .answers_with(200, "TaskInstanceCollectionResponse");
  router
      .add(Method::patch, prefix + "/dry_run", "patch" + suffix + "_task_instance_dry_run",
           patch_task_instance_dry_run)
      .about("The task instances that such a PATCH would touch")
      .takes(update_mask())
      .reads("PatchTaskInstanceBody")
      .unaudited()
      .answers_with(200, "TaskInstanceCollectionResponse");
}

}  // namespace

void add_task_instance_change_routes(Router& router) {
  router.tag("TaskInstance");
  router.shape("PatchTaskInstanceBody",
               "!new_state?:<success|failed|skipped>? note?:str(..1000)? include_upstream?:bool "
               "include_downstream?:bool include_future?:bool include_past?:bool "
               "map_index?:int(-1..2147483647)?");
  const std::string base = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}";
  add_pair(router, base, "");
  add_pair(router, base + "/{map_index:int}", "_mapped");
}

}  // namespace leoflow::api
