// SPDX-License-Identifier: Apache-2.0
// Changes of one task instance or of those of a task group: marks and notes, with a dry run;
// deleting one.
#include "api/lookup.h"
#include "api/present.h"
#include "api/routes.h"
#include "api/task_instances.h"

namespace leoflow::api {

Status delete_task_instance(const Call& call, TaskInstanceName name) {
  auto done = wait_reply<bool>(
      [&](auto reply) { call.services.engine.delete_task(std::move(name), std::move(reply)); });
  if (!done) return fail(done);
  return {};
}

MarkTaskRequest mark_request(const Call& call) {
  MarkTaskRequest request{.user = call.user.username};
  if (call.changes("new_state") && call.has("new_state"))
    request.state = parse_task_state(call.text("new_state"));
  if (call.changes("note")) request.note = call.text("note");
  request.include_upstream = call.flag("include_upstream", false);
  request.include_downstream = call.flag("include_downstream", false);
  request.include_future = call.flag("include_future", false);
  request.include_past = call.flag("include_past", false);
  return request;
}

namespace {

// Of the path, the query or the body, as clients of different age give it.
int named_map_index(const Call& call) {
  int index = map_index_of(call);
  return index != kUnmapped ? index : int(json::int_or(call.body, "map_index", kUnmapped));
}

TaskInstanceQuery query_of(const TaskInstanceName& name) {
  TaskInstanceQuery query{.dag_id = name.dag_id, .run_id = name.run_id, .task_id = name.task_id};
  if (name.map_index != kUnmapped) query.map_indexes = {name.map_index};
  return query;
}

Status check_named(const Call& call, const TaskInstanceName& name) {
  TaskInstanceQuery query = query_of(name);
  query.page.limit = 1;
  auto page = call.services.store.runs().list_task_instances(query);
  if (!page) return fail(page);
  if (page->total > 0) return {};
  return fail(Code::not_found, "Task Instance not found");
}

// Without a change: those that the query names.
Result<Response> apply(const Call& call, MarkTaskRequest request, TaskInstanceQuery named) {
  if (!request.state && !request.note) {
    named.page = {.limit = kPageLimitPublic, .order = {{.column = "map_index"}}};
    return task_instance_collection(call, named);
  }
  auto touched = wait_reply<std::vector<Touched>>(
      [&](auto reply) { call.services.engine.mark_task(std::move(request), std::move(reply)); });
  if (!touched) return fail(touched);
  return touched_collection(call, *touched);
}

Result<Response> mark(Call& call, bool dry_run) {
  MarkTaskRequest request = mark_request(call);
  request.name = task_instance_name(call, named_map_index(call));
  request.dry_run = dry_run;
  if (auto status = check_named(call, request.name); !status) return fail(status);
  if (request.name.map_index != kUnmapped) call.audit.map_index = request.name.map_index;
  TaskInstanceQuery named = query_of(request.name);
  return apply(call, std::move(request), std::move(named));
}

Result<Response> mark_group(const Call& call, bool dry_run) {
  auto tasks = find_group_tasks(call, call.path("group_id"));
  if (!tasks) return fail(tasks);
  MarkTaskRequest request = mark_request(call);
  request.name = {call.path("dag_id"), call.path("dag_run_id"), tasks->front()};
  for (size_t i = 1; i < tasks->size(); ++i)
    request.more_tasks.emplace_back((*tasks)[i], std::nullopt);
  request.dry_run = dry_run;
  TaskInstanceQuery named{.dag_id = request.name.dag_id, .run_id = request.name.run_id};
  named.task_ids = std::move(*tasks);
  return apply(call, std::move(request), std::move(named));
}

Result<Response> patch_task_instance(Call& call) { return mark(call, false); }
Result<Response> patch_task_instance_dry_run(Call& call) { return mark(call, true); }
Result<Response> patch_group(Call& call) { return mark_group(call, false); }
Result<Response> patch_group_dry_run(Call& call) { return mark_group(call, true); }

Result<Response> remove_task_instance(Call& call) {
  auto row = find_task_instance(call, map_index_of(call));
  if (!row) return fail(row);
  TaskInstanceName name = task_instance_name(call, row->task_instance.map_index);
  if (auto deleted = delete_task_instance(call, std::move(name)); !deleted) return fail(deleted);
  json::Writer w;
  w.null();
  return json_response(w);
}

struct Pair {
  std::string path, operation, about;
  Handler patch, dry_run;
};

void add_pair(Router& router, const Pair& pair, const std::vector<Param>& query) {
  router.add(Method::patch, pair.path, pair.operation, pair.patch)
      .about(pair.about)
      .takes(update_mask())
      .takes(query)
      .reads("PatchTaskInstanceBody")
      .answers_with(200, "TaskInstanceCollectionResponse");
  router.add(Method::patch, pair.path + "/dry_run", pair.operation + "_dry_run", pair.dry_run)
      .about("The task instances that such a PATCH would touch")
      .takes(update_mask())
      .takes(query)
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
  router.shape("Null", "=any");
  const std::string run = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}";
  const std::string task = run + "/taskInstances/{task_id}";
  router.add(Method::del, task, "delete_task_instance", remove_task_instance)
      .about("Delete a task instance of a finished run, with its tries, XComs and logs")
      .takes({map_index_param()})
      .answers_with(200, "Null");
  const std::string about = "Mark a task instance or change its note";
  add_pair(router,
           {task, "patch_task_instance", about, patch_task_instance, patch_task_instance_dry_run},
           {map_index_param()});
  add_pair(router,
           {task + "/{map_index:int}", "patch_mapped_task_instance", about, patch_task_instance,
            patch_task_instance_dry_run},
           {});
  add_pair(
      router,
      {run + "/taskGroupInstances/{group_id}", "patch_task_group_instances",
       "Mark the task instances of a task group and of the groups in it, or change their notes",
       patch_group, patch_group_dry_run},
      {});
}

}  // namespace leoflow::api
