// SPDX-License-Identifier: Apache-2.0
// /dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances: reading task instances, their tries and why
// they wait.
#include "api/lookup.h"
#include "api/present.h"
#include "api/ranges.h"
#include "api/routes.h"
#include "api/task_instances.h"

namespace leoflow::api {

const std::string_view kTaskInstanceOrder =
    "id state duration start_date end_date map_index try_number logical_date run_after "
    "data_interval_start "
    "data_interval_end rendered_map_index=map_index queued_when scheduled_when updated_at operator "
    "pool queue priority_weight "
    "dag_id run_id";

Response touched_collection(const Call& call, const std::vector<Touched>& touched) {
  json::Writer w;
  w.begin_object().key("task_instances").begin_array();
  for (size_t i = 0; i < touched.size() && i < kTouchedShownMax; ++i) {
    const Touched& one = touched[i];
    write_task_instance(
        w, call.services,
        {.task_instance = one.task_instance, .run = one.run, .version = one.run.version});
  }
  w.end_array().member("total_entries", int64_t(touched.size())).end_object();
  return json_response(w);
}

Result<Response> task_instance_collection(const Call& call, const TaskInstanceQuery& query) {
  auto page = call.services.store.runs().list_task_instances(query);
  if (!page) return fail(page);
  json::Writer w;
  w.begin_object().key("task_instances").begin_array();
  for (const TaskInstanceRow& row : page->rows) write_task_instance(w, call.services, row);
  page_members(w.end_array(), *page);
  w.end_object();
  return json_response(w);
}

Param map_index_param() {
  return {.name = "map_index", .kind = Param::Kind::integer, .fallback = "-1"};
}

namespace {

constexpr std::string_view kStates =
    "none|removed|scheduled|queued|running|success|restarting|failed|up_for_retry|up_for_"
    "reschedule|"
    "upstream_failed|skipped|deferred";

std::optional<TaskState> state_of(std::string_view text) {
  if (text == "none" || text == "no_status") return std::nullopt;
  return parse_task_state(text);
}

Status check_run_of_path(const Call& call) {
  if (call.path("dag_run_id") == "~" || call.path("dag_id") == "~") return {};
  auto run = find_run(call);
  if (!run) return fail(run);
  return {};
}

Result<TaskInstanceQuery> read_query(const Call& call) {
  TaskInstanceQuery query{.dag_id = path_or_all(call, "dag_id"),
                          .run_id = path_or_all(call, "dag_run_id")};
  query.dag_id_pattern = call.pattern("dag_id");
  query.run_id_pattern = call.pattern("run_id");
  query.task_id = call.query_or("task_id");
  query.task_id_pattern = call.pattern("task_display_name");
  if (auto group = call.query_text("task_group_id")) {
    auto tasks = find_group_tasks(call, *group);
    if (!tasks) return fail(tasks);
    query.task_ids = std::move(*tasks);
  }
  for (const std::string& text : call.query_all("state")) query.states.push_back(state_of(text));
  query.pools = call.query_all("pool");
  query.queues = call.query_all("queue");
  query.operators = call.query_all("operator");
  query.pool_pattern = call.pattern("pool_name");
  query.queue_pattern = call.pattern("queue_name");
  query.operator_pattern = call.pattern("operator_name");
  query.rendered_index_pattern = call.pattern("rendered_map_index");
  query.executors = call.query_all("executor");
  query.try_numbers = call.query_ints("try_number");
  query.map_indexes = call.query_ints("map_index");
  query.version_numbers = call.query_ints("version_number");
  read_ranges(call, query);
  auto page = call.page(kTaskInstanceOrder, "map_index");
  if (!page) return fail(page);
  query.page = std::move(*page);
  return query;
}

Result<Response> get_task_instances(Call& call) {
  if (auto status = check_run_of_path(call); !status) return fail(status);
  auto query = read_query(call);
  if (!query) return fail(query);
  return task_instance_collection(call, *query);
}

constexpr int kNoMapIndex = -2;

Result<Response> get_mapped_task_instances(Call& call) {
  if (auto status = check_run_of_path(call); !status) return fail(status);
  auto query = read_query(call);
  if (!query) return fail(query);
  query->task_id = call.path("task_id");
  TaskInstanceQuery unmapped{
      .dag_id = query->dag_id, .run_id = query->run_id, .task_id = query->task_id};
  unmapped.map_indexes = {kUnmapped};
  auto plain = call.services.store.runs().list_task_instances(unmapped);
  if (!plain) return fail(plain);
  auto found = find_dag_version(call, query->dag_id);
  auto index = found ? found->version->spec.index_of(query->task_id) : std::nullopt;
  bool mapped =
      index && !found->version->spec.mapping_of(found->version->spec.tasks[*index]).empty();
  if (!index || (plain->total > 0 && !mapped)) {
    return fail(Code::not_found, "Task id " + query->task_id + " is not mapped");
  }
  if (plain->total > 0) query->map_indexes = {kNoMapIndex};  // not expanded, or over nothing
  return task_instance_collection(call, *query);
}

Result<Response> list_task_instances_batch(Call& call) {
  if (call.path("dag_id") != "~" || call.path("dag_run_id") != "~") {
    return fail(Code::invalid, "dag_id and dag_run_id must be ~ here");
  }
  TaskInstanceQuery query{.dag_ids = texts_of_body(call, "dag_ids"),
                          .run_ids = texts_of_body(call, "dag_run_ids"),
                          .task_ids = texts_of_body(call, "task_ids")};
  if (const json::array* states = json::array_or_null(call.body, "state")) {
    for (const json::value& state : *states) {
      query.states.push_back(state.is_string() ? state_of(state.get_string()) : std::nullopt);
    }
  }
  query.pools = texts_of_body(call, "pool");
  query.queues = texts_of_body(call, "queue");
  query.executors = texts_of_body(call, "executor");
  read_ranges_of_body(call, query);
  auto page = page_of_body(call, kTaskInstanceOrder);
  if (!page) return fail(page);
  query.page = std::move(*page);
  return task_instance_collection(call, query);
}

Result<Response> get_task_instance(Call& call) {
  auto row = find_task_instance(call, map_index_of(call));
  if (!row) return fail(row);
  json::Writer w;
  write_task_instance(w, call.services, *row);
  return json_response(w);
}

// The current try in the shape of a finished one; nothing before the first.
std::optional<TaskTry> current_try(const TaskInstanceRow& row) {
  const TaskInstance& task = row.task_instance;
  if (task.try_number == 0 && task.state == TaskState::none) return std::nullopt;
  return TaskTry{task.key,      task.try_number,   task.state,     task.max_tries,
                 task.attempt,  task.scheduled_at, task.queued_at, task.start_date,
                 task.end_date, task.reason,       row.version};
}

Result<std::vector<TaskTry>> all_tries(const Call& call, const TaskInstanceRow& row) {
  auto tries = call.services.store.runs().list_tries(row.task_instance.key);
  if (!tries) return fail(tries);
  auto current = current_try(row);
  bool recorded = current && !tries->empty() && tries->back().try_number == current->try_number;
  if (current && !recorded) tries->push_back(std::move(*current));
  return tries;
}

Status write_one_try(json::Writer& w, const Call& call, const TaskInstanceRow& row,
                     const TaskTry& one) {
  auto attempt = call.services.store.runs().attempt_of_try(row.task_instance.key, one.try_number);
  if (!attempt) return fail(attempt);
  write_try(w, call.services, row, one, *attempt);
  return {};
}

Result<Response> get_tries(Call& call) {
  auto row = find_task_instance(call, map_index_of(call));
  if (!row) return fail(row);
  auto tries = all_tries(call, *row);
  if (!tries) return fail(tries);
  json::Writer w;
  w.begin_object().key("task_instances").begin_array();
  for (const TaskTry& one : *tries) {
    if (auto status = write_one_try(w, call, *row, one); !status) return fail(status);
  }
  w.end_array().member("total_entries", int64_t(tries->size())).end_object();
  return json_response(w);
}

Result<Response> get_try(Call& call) {
  auto row = find_task_instance(call, map_index_of(call));
  if (!row) return fail(row);
  auto tries = all_tries(call, *row);
  if (!tries) return fail(tries);
  int wanted = call.path_int("task_try_number");
  for (const TaskTry& one : *tries) {
    if (one.try_number != wanted) continue;
    json::Writer w;
    if (auto status = write_one_try(w, call, *row, one); !status) return fail(status);
    return json_response(w);
  }
  return fail(Code::not_found, "The Task Instance has no try " + std::to_string(wanted));
}

Result<Response> get_dependencies(Call& call) {
  int map_index = map_index_of(call);
  auto row = find_task_instance(call, map_index);
  if (!row) return fail(row);
  auto reasons = wait_reply<std::vector<Engine::Reason>>([&](auto reply) {
    call.services.engine.reasons(row->run.dag_id, row->run.run_id, std::move(reply));
  });
  if (!reasons) return fail(reasons);
  json::Writer w;
  w.begin_object().key("dependencies").begin_array();
  for (const auto& reason : *reasons) {
    if (reason.task_id != row->task_instance.task_id || reason.map_index != map_index) continue;
    w.begin_object().member("name", "Scheduler").member("reason", reason.text).end_object();
  }
  w.end_array().end_object();
  return json_response(w);
}

Result<Response> get_links(Call& call) {
  auto row = find_task_instance(call, map_index_of(call));
  if (!row) return fail(row);
  json::Writer w;
  w.begin_object()
      .key("extra_links")
      .begin_object()
      .end_object()
      .member("total_entries", 0)
      .end_object();
  return json_response(w);
}

Result<Response> get_external_log_url(Call&) {
  return fail(Code::invalid, "Task log handler does not support external logs.");
}

void add_shapes(Router& router) {
  router.shape(
      "TaskInstanceState",
      "=<removed|scheduled|queued|running|success|restarting|failed|up_for_retry|up_for_reschedule|"
      "upstream_failed|skipped|deferred>");
  std::string common =
      "task_id:str dag_id:str dag_run_id:str map_index:int start_date:time? end_date:time? "
      "duration:num? "
      "state:TaskInstanceState? try_number:int max_tries:int task_display_name:str "
      "dag_display_name:str hostname:str? "
      "unixname:str? pool:str pool_slots:int queue:str? priority_weight:int? operator:str? "
      "operator_name:str? "
      "queued_when:time? scheduled_when:time? pid:int? executor:str? executor_config:str "
      "dag_version:DagVersionResponse? state_reason:str?";
  router.shape("TaskInstanceHistoryResponse", common);
  router.shape("TaskInstanceResponse",
               "id:uuid logical_date:time? run_after:time note:str? rendered_map_index:str? "
               "rendered_fields:obj "
               "trigger:obj? triggerer_job:obj? " +
                   common);
  router.shape("TaskInstanceCollectionResponse",
               "task_instances:[TaskInstanceResponse] total_entries:int "
               "total_entries_limit?:int? next_cursor?:str? previous_cursor?:str?");
  router.shape("TaskInstanceHistoryCollectionResponse",
               "task_instances:[TaskInstanceHistoryResponse] total_entries:int");
  router.shape("TaskInstancesBatchBody",
               "!dag_ids?:[str]? dag_run_ids?:[str]? task_ids?:[str]? state?:[TaskInstanceState?]? "
               "pool?:[str]? "
               "queue?:[str]? executor?:[str]? order_by?:str? page_limit?:int(0..) "
               "page_offset?:int(0..)" +
                   range_body_members());
  router.shape("TaskDependencyResponse", "name:str reason:str");
  router.shape("TaskDependencyCollectionResponse", "dependencies:[TaskDependencyResponse]");
  router.shape("ExtraLinkCollectionResponse", "extra_links:{str?} total_entries:int");
  router.shape("ExternalLogUrlResponse", "url:str");
}

Route& add_filters(Route& route) {
  using Kind = Param::Kind;
  return route.takes(range_params())
      .takes(paging())
      .takes(cursor())
      .takes(ordered_by("map_index"))
      .takes({{.name = "state", .repeated = true, .choices = std::string(kStates) + "|no_status"},
              {.name = "pool", .repeated = true},
              {.name = "queue", .repeated = true},
              {.name = "operator", .repeated = true},
              {.name = "executor", .repeated = true},
              {.name = "try_number", .kind = Kind::integer, .repeated = true},
              {.name = "map_index", .kind = Kind::integer, .repeated = true},
              {.name = "version_number", .kind = Kind::integer, .repeated = true}})
      .takes(pattern("pool_name"))
      .takes(pattern("queue_name"))
      .takes(pattern("operator_name"))
      .takes(pattern("rendered_map_index"))
      .takes(pattern("task_display_name"));
}

// The routes about one task instance; prefix ends with {task_id} or {task_id}/{map_index:int}.
void add_single_routes(Router& router, const std::string& prefix, const std::string& suffix) {
  std::vector<Param> index;  // where the path has none
  if (suffix.empty()) index = {map_index_param()};
  router.add(Method::get, prefix, "get" + suffix + "_task_instance", get_task_instance)
      .about("One task instance")
      .answers_with(200, "TaskInstanceResponse");
  router.add(Method::get, prefix + "/tries", "get" + suffix + "_task_instance_tries", get_tries)
      .about("All tries, the current one last")
      .takes(index)
      .answers_with(200, "TaskInstanceHistoryCollectionResponse");
  router
      .add(Method::get, prefix + "/tries/{task_try_number:int}",
           "get" + suffix + "_task_instance_try_details", get_try)
      .about("One try")
      .takes(index)
      .answers_with(200, "TaskInstanceHistoryResponse");
  router
      .add(Method::get, prefix + "/dependencies", "get" + suffix + "_task_instance_dependencies",
           get_dependencies)
      .about("Why it does not run")
      .takes(index)
      .answers_with(200, "TaskDependencyCollectionResponse");
}

}  // namespace

void add_task_instance_routes(Router& router) {
  add_shapes(router);
  router.tag("TaskInstance");
  const std::string base = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances";
  add_filters(router.add(Method::get, base, "get_task_instances", get_task_instances))
      .about("List task instances; ~ means all DAGs or runs")
      .takes(
          {{.name = "task_id"},
           {.name = "task_group_id", .summary = "The tasks of this group and of the groups in it"}})
      .takes(pattern("dag_id"))
      .takes(pattern("run_id"))
      .answers_with(200, "TaskInstanceCollectionResponse");
  router.add(Method::post, base + "/list", "get_task_instances_batch", list_task_instances_batch)
      .about("List task instances by a body instead of a query")
      .unaudited()
      .reads("TaskInstancesBatchBody")
      .answers_with(200, "TaskInstanceCollectionResponse");
  add_filters(router.add(Method::get, base + "/{task_id}/listMapped", "get_mapped_task_instances",
                         get_mapped_task_instances))
      .about("The instances of a mapped task")
      .answers_with(200, "TaskInstanceCollectionResponse");
  add_single_routes(router, base + "/{task_id}", "");
  add_single_routes(router, base + "/{task_id}/{map_index:int}", "_mapped");
  router.add(Method::get, base + "/{task_id}/links", "get_extra_links", get_links)
      .about("Links of the operator")
      .takes(
          {map_index_param(), {.name = "try_number", .kind = Param::Kind::integer, .minimum = 1}})
      .answers_with(200, "ExtraLinkCollectionResponse");
  router
      .add(Method::get, base + "/{task_id}/externalLogUrl/{try_number:int}", "get_external_log_url",
           get_external_log_url)
      .about("Logs are served here, so there is no other place: always 400")
      .takes({map_index_param()})
      .answers_with(400, "HTTPExceptionResponse");
}

}  // namespace leoflow::api
