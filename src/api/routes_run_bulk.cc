// SPDX-License-Identifier: Apache-2.0
// Changes of several runs, each of which succeeds or fails on its own:
// /api/leoflow/v1/dagRuns/bulk, one change of all with a dry run that lists what it would touch,
// and Airflow's PATCH of dagRuns.
#include <map>

#include "api/bulk.h"
#include "api/lookup.h"
#include "api/present.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

constexpr size_t kBulkRunsMax = 500;
constexpr size_t kTasksShownMax = 200;    // of one run
constexpr int kTasksCountedMax = 20'000;  // of one run

struct RunName {
  std::string dag_id, run_id;
};

using TouchedTasks = std::vector<TaskInstance>;

Result<DagRun> run_named(const Call& call, const RunName& name) {
  auto run = call.services.store.runs().get_run(name.dag_id, name.run_id);
  if (!run) return fail(run);
  if (!*run) {
    return fail(Code::not_found, "The DagRun with dag_id: `" + name.dag_id + "` and run_id: `" +
                                     name.run_id + "` was not found");
  }
  return std::move(**run);
}

// The task instances of a run for which `keep` holds.
Result<TouchedTasks> tasks_of(const Call& call, const RunName& name,
                              bool (*keep)(const TaskInstance&)) {
  TaskInstanceQuery query{.dag_id = name.dag_id, .run_id = name.run_id};
  query.page = {.limit = kPageLimitMax, .order = {{.column = "id"}}};
  TouchedTasks tasks;
  while (query.page.offset < kTasksCountedMax) {
    auto page = call.services.store.runs().list_task_instances(query);
    if (!page) return fail(page);
    for (TaskInstanceRow& row : page->rows) {
      if (keep(row.task_instance)) tasks.push_back(std::move(row.task_instance));
    }
    query.page.offset += kPageLimitMax;
    if (page->rows.size() < size_t(kPageLimitMax)) break;
  }
  return tasks;
}

Result<TouchedTasks> clear(const Call& call, const RunName& name, bool dry_run) {
  ClearRequest request{
      .dag_id = name.dag_id, .run_id = name.run_id, .dry_run = dry_run, .user = call.user.username};
  request.only_failed = call.flag("only_failed", false);
  request.run_on_latest_version = call.flag("run_on_latest_version", false);
  auto touched = wait_reply<std::vector<Touched>>(
      [&](auto reply) { call.services.engine.clear(std::move(request), std::move(reply)); });
  if (!touched) return fail(touched);
  TouchedTasks tasks;
  for (Touched& one : *touched) tasks.push_back(std::move(one.task_instance));
  return tasks;
}

Result<TouchedTasks> mark(const Call& call, const RunName& name, bool dry_run) {
  auto state = parse_run_state(call.text("state"));
  bool ends = state && is_finished(*state);
  TouchedTasks tasks;
  if (ends) {
    auto open =
        tasks_of(call, name, [](const TaskInstance& task) { return !is_finished(task.state); });
    if (!open) return open;
    tasks = std::move(*open);
  }
  if (dry_run) return tasks;
  MarkRunRequest request{
      .dag_id = name.dag_id, .run_id = name.run_id, .state = state, .user = call.user.username};
  if (call.has("note")) request.note = call.text("note");
  auto marked = wait_reply<DagRun>(
      [&](auto reply) { call.services.engine.mark_run(std::move(request), std::move(reply)); });
  if (!marked) return fail(marked);
  return tasks;
}

Result<TouchedTasks> remove(const Call& call, const RunName& name, bool dry_run) {
  auto tasks = tasks_of(call, name, [](const TaskInstance&) { return true; });
  if (!tasks || dry_run) return tasks;
  auto removed = wait_reply<bool>([&](auto reply) {
    call.services.engine.delete_run(name.dag_id, name.run_id, std::move(reply));
  });
  if (!removed) return fail(removed);
  return tasks;
}

Result<std::vector<RunName>> names_of(const Call& call) {
  std::vector<RunName> names;
  for (const json::value& item : call.body.at("runs").as_array()) {
    const json::object& one = item.as_object();
    names.push_back({json::string_or(one, "dag_id"), json::string_or(one, "dag_run_id")});
  }
  if (names.size() > kBulkRunsMax)
    return fail(Code::invalid, "at most " + std::to_string(kBulkRunsMax) + " runs at once");
  return names;
}

void write_result(json::Writer& w, const RunName& name, const Result<DagRun>& run,
                  const Result<TouchedTasks>& tasks) {
  w.begin_object().member("dag_id", name.dag_id).member("dag_run_id", name.run_id);
  member_text(w, "state", run ? to_string(run->state) : "");
  member_text(w, "error", tasks ? "" : tasks.error().message());
  w.member("task_instances", tasks ? int64_t(tasks->size()) : 0).key("tasks").begin_array();
  for (size_t i = 0; tasks && i < tasks->size() && i < kTasksShownMax; ++i) {
    const TaskInstance& task = (*tasks)[i];
    w.begin_object().member("task_id", task.task_id).member("map_index", task.map_index);
    member_text(w, "state", task.state == TaskState::none ? "" : to_string(task.state));
    w.end_object();
  }
  w.end_array().end_object();
}

Result<Response> bulk_runs(Call& call) {
  auto names = names_of(call);
  if (!names) return fail(names);
  std::string action = call.text("action");
  bool dry_run = call.flag("dry_run", true);
  if (action == "mark" && !call.has("state") && !call.has("note"))
    return fail(Code::invalid, "mark needs a state or a note");
  auto* change = action == "clear" ? clear : action == "mark" ? mark : remove;
  json::Writer w;
  int64_t touched = 0, failed = 0;
  w.begin_object().member("action", action).member("dry_run", dry_run).key("runs").begin_array();
  for (const RunName& name : *names) {
    auto run = run_named(call, name);
    Result<TouchedTasks> tasks = run ? change(call, name, dry_run) : fail(run);
    if (tasks) touched += int64_t(tasks->size());
    failed += tasks ? 0 : 1;
    bool changed = tasks && !dry_run && action != "delete";
    write_result(w, name, changed ? run_named(call, name) : run, tasks);
  }
  w.end_array().member("task_instances", touched).member("failed", failed).end_object();
  return json_response(w);
}

RunName name_of(const Call& call, const json::object& entity) {
  const std::string& dag = call.path("dag_id");
  return {dag == "~" ? json::string_or(entity, "dag_id") : dag,
          json::string_or(entity, "dag_run_id")};
}

Status patch(const Call& call, const RunName& name, const json::object& entity,
             const std::vector<std::string>& mask) {
  auto given = [&](std::string_view member) {
    const json::value* value = entity.if_contains(member);
    return value && !value->is_null() &&
           (mask.empty() || std::ranges::find(mask, member) != mask.end());
  };
  MarkRunRequest request{.dag_id = name.dag_id, .run_id = name.run_id, .user = call.user.username};
  if (given("state")) request.state = parse_run_state(json::string_or(entity, "state"));
  if (given("note")) request.note = json::string_or(entity, "note");
  if (!request.state && !request.note) return {};
  auto marked = wait_reply<DagRun>(
      [&](auto reply) { call.services.engine.mark_run(std::move(request), std::move(reply)); });
  if (!marked) return fail(marked);
  return {};
}

Result<Response> patch_runs(Call& call) {
  std::map<std::string, RunName> names;
  BulkTarget target{.key = "dag_run_id", .patch_shape = "BulkDAGRunBody"};
  target.key_of = [&](const json::object& entity) -> std::string {
    RunName name = name_of(call, entity);
    if (name.dag_id.empty() || name.run_id.empty()) return {};
    std::string key = name.dag_id + "." + name.run_id;
    names.insert_or_assign(key, std::move(name));
    return key;
  };
  target.exists = [&](const std::string& key) -> Result<bool> {
    const RunName& name = names.at(key);
    auto run = call.services.store.runs().get_run(name.dag_id, name.run_id);
    if (!run) return fail(run);
    return run->has_value();
  };
  target.update = [&](const json::object& entity, const std::vector<std::string>& mask) {
    return patch(call, name_of(call, entity), entity, mask);
  };
  target.remove = [&](const std::string& key) -> Status {
    auto removed = wait_reply<bool>([&](auto reply) {
      const RunName& name = names.at(key);
      call.services.engine.delete_run(name.dag_id, name.run_id, std::move(reply));
    });
    if (!removed) return fail(removed);
    return {};
  };
  return run_bulk(call, target);
}

}  // namespace

void add_run_bulk_routes(Router& router) {
  router.tag("DagRun");
  router.shape("RunName", "!dag_id:str(1..250) dag_run_id:str(1..250)");
  router.shape("BulkRunsBody",
               "!action:<clear|mark|delete> runs:[RunName] dry_run?:bool "
               "state?:<queued|success|failed>? note?:str(..1000)? only_failed?:bool "
               "run_on_latest_version?:bool");
  router.shape("TouchedTask", "task_id:str map_index:int state:TaskInstanceState?");
  router.shape("BulkRunResult",
               "dag_id:str dag_run_id:str state:DagRunState? error:str? task_instances:int "
               "tasks:[TouchedTask]");
  router.shape("BulkRunsResponse",
               "action:str dry_run:bool runs:[BulkRunResult] task_instances:int failed:int");
  router.add(Method::post, "/api/leoflow/v1/dagRuns/bulk", "bulk_dag_runs", bulk_runs)
      .about(
          "Clear, mark (state, note) or delete several runs, at most 500. dry_run, the default, "
          "tells which task instances each would touch (the first 200 by name)")
      .reads("BulkRunsBody")
      .answers_with(200, "BulkRunsResponse");
  router.add(Method::patch, "/api/v2/dags/{dag_id}/dagRuns", "bulk_patch_dag_runs", patch_runs)
      .about("Mark, note or delete several runs; DAG ~: each names its own")
      .reads("BulkBody")
      .answers_with(200, "BulkResponse");
}

}  // namespace leoflow::api
