// SPDX-License-Identifier: Apache-2.0
// /dags/{dag_id}/tasks: the tasks of a DAG's current version;
// /api/leoflow/v1/dags/{dag_id}/taskGroups: the groups they are in.
#include <algorithm>
#include <unordered_map>

#include "api/lookup.h"
#include "api/present.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

// One comparison by a public column name; equal tasks keep their order.
bool before(const TaskSpec& a, const TaskSpec& b, const Order& order) {
  auto less = [&](const TaskSpec& x, const TaskSpec& y) {
    if (order.column == "task_display_name") return x.display_name < y.display_name;
    if (order.column == "owner") return x.owner < y.owner;
    if (order.column == "trigger_rule")
      return to_string(x.trigger_rule) < to_string(y.trigger_rule);
    if (order.column == "pool") return x.pool < y.pool;
    if (order.column == "queue") return x.queue < y.queue;
    if (order.column == "retries") return x.retries < y.retries;
    if (order.column == "operator_name") return x.operator_name < y.operator_name;
    return x.task_id < y.task_id;
  };
  return order.descending ? less(b, a) : less(a, b);
}

Result<Response> get_tasks(Call& call) {
  auto found = find_dag_version(call, call.path("dag_id"));
  if (!found) return fail(found);
  auto columns = call.query_all("order_by");
  if (columns.empty()) columns.emplace_back("task_id");
  auto order = read_order(
      columns, "task_id task_display_name owner trigger_rule pool queue retries operator_name");
  if (!order) return fail(order);
  std::vector<const TaskSpec*> tasks;
  for (const TaskSpec& task : found->version->spec.tasks) tasks.push_back(&task);
  for (auto key = order->rbegin(); key != order->rend(); ++key) {
    std::ranges::stable_sort(tasks, [&](auto* a, auto* b) { return before(*a, *b, *key); });
  }
  json::Writer w;
  w.begin_object().key("tasks").begin_array();
  for (const TaskSpec* task : tasks) write_task(w, *task);
  w.end_array().member("total_entries", int64_t(tasks.size())).end_object();
  return json_response(w);
}

Result<Response> get_task(Call& call) {
  auto found = find_dag_version(call, call.path("dag_id"));
  if (!found) return fail(found);
  auto index = found->version->spec.index_of(call.path("task_id"));
  if (!index)
    return fail(Code::not_found, "Task with id `" + call.path("task_id") + "` was not found");
  json::Writer w;
  write_task(w, found->version->spec.tasks[*index]);
  return json_response(w);
}

struct TaskGroup {
  std::string id, parent;               // parent: empty for the outermost
  std::vector<std::string_view> tasks;  // those of the groups in it too
};

// A group comes before those in it, and each where its first task does. By what the file says:
// names do not tell, for a task's id may have dots of its own and a group may leave ids alone
// (prefix_group_id=False).
std::vector<TaskGroup> groups_of(const DagSpec& spec) {
  std::vector<TaskGroup> groups;
  std::unordered_map<std::string_view, size_t> places;
  for (const TaskSpec& task : spec.tasks) {
    std::string_view parent;
    for (const std::string& id : task.task_groups) {
      auto [place, fresh] = places.try_emplace(id, groups.size());
      if (fresh) groups.push_back({id, std::string(parent), {}});
      groups[place->second].tasks.push_back(task.task_id);
      parent = id;
    }
  }
  return groups;
}

Result<Response> get_task_groups(Call& call) {
  auto found = find_dag_version(call, call.path("dag_id"));
  if (!found) return fail(found);
  auto groups = groups_of(found->version->spec);
  json::Writer w;
  w.begin_object().key("task_groups").begin_array();
  for (const TaskGroup& group : groups) {
    w.begin_object().member("group_id", group.id);
    member_text(w, "parent_group_id", group.parent);
    w.member("is_mapped", found->version->spec.mapped_groups.contains(group.id));
    w.key("task_ids").begin_array();
    for (std::string_view task : group.tasks) w.string(task);
    w.end_array().end_object();
  }
  w.end_array().member("total_entries", int64_t(groups.size())).end_object();
  return json_response(w);
}

}  // namespace

void add_task_routes(Router& router) {
  router.tag("Task");
  router.shape("TimeDelta", "__type:str days:int seconds:int microseconds:int");
  router.shape("ClassReference", "module_path:str class_name:str");
  router.shape(
      "TaskResponse",
      "task_id:str? task_display_name:str? owner:str? start_date:time? end_date:time? "
      "trigger_rule:str? "
      "depends_on_past:bool wait_for_downstream:bool retries:num? queue:str? pool:str? "
      "pool_slots:num? "
      "execution_timeout:TimeDelta? retry_delay:TimeDelta? retry_exponential_backoff:num "
      "priority_weight:num? weight_rule:str? ui_color:str? ui_fgcolor:str? template_fields:[str]? "
      "downstream_task_ids:[str]? doc_md:str? operator_name:str? params:{ParamResponse} "
      "class_ref:ClassReference? is_mapped:bool? extra_links:[str]");
  router.shape("TaskCollectionResponse", "tasks:[TaskResponse] total_entries:int");
  router.add(Method::get, "/api/v2/dags/{dag_id}/tasks", "get_tasks", get_tasks)
      .about("Tasks of a DAG")
      .takes(ordered_by("task_id"))
      .answers_with(200, "TaskCollectionResponse");
  router.add(Method::get, "/api/v2/dags/{dag_id}/tasks/{task_id}", "get_task", get_task)
      .about("One task")
      .answers_with(200, "TaskResponse");
  router.shape("TaskGroupResponse",
               "group_id:str parent_group_id:str? is_mapped:bool task_ids:[str]");
  router.shape("TaskGroupCollectionResponse", "task_groups:[TaskGroupResponse] total_entries:int");
  router
      .add(Method::get, "/api/leoflow/v1/dags/{dag_id}/taskGroups", "get_task_groups",
           get_task_groups)
      .about("Task groups of a DAG, each with its tasks and those of the groups in it")
      .answers_with(200, "TaskGroupCollectionResponse");
}

}  // namespace leoflow::api
