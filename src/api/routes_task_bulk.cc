// SPDX-License-Identifier: Apache-2.0
// Changes of several task instances in one request: Airflow's PATCH of taskInstances, each on its
// own, and /api/leoflow/v1/taskInstances/bulk, all together with a dry run that lists them.
#include <algorithm>
#include <map>
#include <set>

#include "api/bulk.h"
#include "api/present.h"
#include "api/routes.h"
#include "api/task_instances.h"
#include "engine/engine.h"

namespace leoflow::api {
namespace {

constexpr size_t kBulkTasksShownMax = 1000;  // in the answer to a change of several

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

// All indexes of a mapped task, where none is named.
Status remove(const Call& call, const TaskInstanceName& name) {
  TaskInstanceQuery query{.dag_id = name.dag_id, .run_id = name.run_id, .task_id = name.task_id};
  if (name.map_index != kUnmapped) query.map_indexes = {name.map_index};
  query.page.limit = kPageLimitMax;
  auto page = call.services.store.runs().list_task_instances(query);
  if (!page) return fail(page);
  for (const TaskInstanceRow& row : page->rows) {
    TaskInstanceName one = name;
    one.map_index = row.task_instance.map_index;
    if (auto deleted = delete_task_instance(call, std::move(one)); !deleted) return fail(deleted);
  }
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
  target.remove = [&](const std::string& key) { return remove(call, names.at(key)); };
  return run_bulk(call, target);
}

// Task instances of one run that the body names.
struct NamedTasks {
  TaskInstanceName run;  // without a task
  std::vector<std::pair<std::string, std::optional<int>>> tasks;  // no map index = all of them

  void add(std::string task_id, int map_index) {
    bool mapped = map_index != kUnmapped;
    tasks.emplace_back(std::move(task_id), mapped ? std::optional(map_index) : std::nullopt);
  }
  bool has(const TaskInstance& row) const {
    return std::ranges::any_of(tasks, [&](const auto& one) {
      return one.first == row.task_id && one.second.value_or(row.map_index) == row.map_index;
    });
  }
};

Result<std::vector<NamedTasks>> names_by_run(const Call& call) {
  const json::array& named = call.body.at("task_instances").as_array();
  if (named.size() > kBulkEntitiesMax) {
    return fail(Code::invalid,
                "at most " + std::to_string(kBulkEntitiesMax) + " task instances at once");
  }
  std::vector<NamedTasks> runs;
  std::map<std::pair<std::string, std::string>, size_t> places;
  for (const json::value& item : named) {
    const json::object& one = item.as_object();
    std::string dag_id = json::string_or(one, "dag_id");
    std::string run_id = json::string_or(one, "dag_run_id");
    auto [place, added] = places.try_emplace({dag_id, run_id}, runs.size());
    if (added) runs.push_back({.run = {dag_id, run_id}});
    runs[place->second].add(json::string_or(one, "task_id"),
                            int(json::int_or(one, "map_index", kUnmapped)));
  }
  return runs;
}

Result<std::vector<Touched>> ask_marks(const Call& call, MarkTaskRequest request,
                                       const NamedTasks& named) {
  request.name = named.run;
  request.name.task_id = named.tasks.front().first;
  request.name.map_index = named.tasks.front().second.value_or(kUnmapped);
  request.more_tasks.assign(named.tasks.begin() + 1, named.tasks.end());
  return wait_reply<std::vector<Touched>>(
      [&](auto reply) { call.services.engine.mark_task(std::move(request), std::move(reply)); });
}

// What a change of several touches, and what was refused of it.
struct Change {
  std::vector<Touched> touched;
  std::vector<std::string> errors;

  void refuse(const NamedTasks& named, const Error& error) {
    errors.push_back(named.run.run_id + ": " + error.message());
  }
};

// First what each run's tasks reach, then the marks: one step for each run that is reached, so that
// none of them clears another.
Change mark_all(const Call& call, const std::vector<NamedTasks>& runs, bool dry_run) {
  MarkTaskRequest asked = mark_request(call);
  asked.dry_run = true;
  Change change;
  std::set<TaskInstanceKey> seen;
  std::map<RunKey, NamedTasks> reached;
  for (const NamedTasks& named : runs) {
    auto touched = ask_marks(call, asked, named);
    // A single one that is in the state already: nothing to do.
    if (!touched && touched.error().code() == Code::conflict) continue;
    if (!touched) change.refuse(named, touched.error());
    for (Touched& one : touched ? *touched : std::vector<Touched>()) {
      bool same = !asked.note && asked.state == one.task_instance.state;
      if (same || !seen.insert(one.task_instance.key).second) continue;
      NamedTasks& own = reached[one.run.key];
      own.run = {one.run.dag_id, one.run.run_id};
      own.add(one.task_instance.task_id, one.task_instance.map_index);
      change.touched.push_back(std::move(one));
    }
  }
  MarkTaskRequest mark{.state = asked.state, .note = asked.note, .user = asked.user};
  for (const auto& [key, named] : reached) {
    if (dry_run) break;
    auto marked = ask_marks(call, mark, named);
    if (!marked && marked.error().code() != Code::conflict) change.refuse(named, marked.error());
  }
  return change;
}

// Whether the rest of the run may follow.
bool delete_one(const Call& call, const NamedTasks& named, TaskInstanceRow row, bool dry_run,
                Change& change) {
  TaskInstanceName name = named.run;
  name.task_id = row.task_instance.task_id;
  name.map_index = row.task_instance.map_index;
  Status done;
  if (!is_finished(row.run.state)) {
    done = fail(Code::conflict, "the run is not finished, so its task instances stay");
  } else if (!dry_run) {
    done = delete_task_instance(call, std::move(name));
  }
  if (done) {
    change.touched.push_back({std::move(row.run), std::move(row.task_instance)});
  } else {
    change.refuse(named, done.error());
  }
  return done.has_value();
}

void delete_of_run(const Call& call, const NamedTasks& named, bool dry_run, Change& change) {
  TaskInstanceQuery query{.dag_id = named.run.dag_id, .run_id = named.run.run_id};
  for (const auto& [task_id, map_index] : named.tasks) query.task_ids.push_back(task_id);
  query.page = {.limit = kPageLimitMax, .order = {{.column = "id"}}};
  do {
    auto page = call.services.store.runs().list_task_instances(query);
    if (!page) return change.refuse(named, page.error());
    for (TaskInstanceRow& row : page->rows) {
      if (!named.has(row.task_instance)) continue;
      if (!delete_one(call, named, std::move(row), dry_run, change)) return;
    }
    query.page.cursor = page->next_cursor;
  } while (!query.page.cursor.empty());
}

Change delete_all(const Call& call, const std::vector<NamedTasks>& runs, bool dry_run) {
  Change change;
  for (const NamedTasks& named : runs) delete_of_run(call, named, dry_run, change);
  return change;
}

Result<Response> change_task_instances(Call& call) {
  auto runs = names_by_run(call);
  if (!runs) return fail(runs);
  bool marks = call.text("action") == "mark", dry_run = call.flag("dry_run", true);
  if (marks && !call.has("new_state") && !call.has("note"))
    return fail(Code::invalid, "mark needs a new_state or a note");
  Change change = marks ? mark_all(call, *runs, dry_run) : delete_all(call, *runs, dry_run);
  json::Writer w;
  w.begin_object().member("dry_run", dry_run).key("task_instances").begin_array();
  for (size_t i = 0; i < change.touched.size() && i < kBulkTasksShownMax; ++i) {
    const Touched& one = change.touched[i];
    write_task_instance(
        w, call.services,
        {.task_instance = one.task_instance, .run = one.run, .version = one.run.version});
  }
  w.end_array().member("total_entries", int64_t(change.touched.size()));
  member_texts(w, "errors", change.errors);
  w.end_object();
  return json_response(w);
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
      .about(
          "Mark or delete several task instances; ~ in the path: each entity names its DAG and run")
      .reads("BulkBody")
      .answers_with(200, "BulkResponse");
  router.shape("TaskInstanceRef",
               "!dag_id:str(1..250) dag_run_id:str(1..250) task_id:str(1..250) "
               "map_index?:int(-1..2147483647)");
  router.shape("ChangeTaskInstancesBody",
               "!action:<mark|delete> task_instances:[TaskInstanceRef] dry_run?:bool "
               "new_state?:<success|failed|skipped>? note?:str(..1000)? include_upstream?:bool "
               "include_downstream?:bool include_future?:bool include_past?:bool");
  router.shape("ChangeTaskInstancesResponse",
               "dry_run:bool task_instances:[TaskInstanceResponse] total_entries:int errors:[str]");
  router
      .add(Method::post, "/api/leoflow/v1/taskInstances/bulk", "change_task_instances",
           change_task_instances)
      .about(
          "Mark, note or delete several task instances, at most 1000, of any runs. dry_run, the "
          "default, tells which it would touch (the first 1000)")
      .reads("ChangeTaskInstancesBody")
      .answers_with(200, "ChangeTaskInstancesResponse");
}

}  // namespace leoflow::api
