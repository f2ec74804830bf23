// SPDX-License-Identifier: Apache-2.0
// Changing runs: trigger, clear, mark, delete; clearing task instances of a DAG.
#include <algorithm>
#include <tuple>

#include "api/bulk.h"
#include "api/lookup.h"
#include "api/present.h"
#include "api/routes.h"
#include "api/task_instances.h"
#include "api/trigger.h"

namespace leoflow::api {
namespace {

constexpr std::string_view kReservedPrefixes[] = {"scheduled__", "backfill__", "asset_triggered__",
                                                  "asset_materialization__"};

Status check_run_id(const std::string& run_id) {
  if (run_id.empty()) return {};
  if (!valid_run_id(run_id)) {
    return fail(Code::invalid, "The run_id provided '" + run_id.substr(0, 250) +
                                   "' does not match regex pattern "
                                   "^[A-Za-z0-9_.~:+-]+$ or is longer than 250 characters");
  }
  for (std::string_view prefix : kReservedPrefixes) {
    if (run_id.starts_with(prefix)) {
      return fail(Code::invalid,
                  "A manual run cannot use the run_id prefix '" + std::string(prefix) + "'");
    }
  }
  return {};
}

Result<DagAndVersion> runnable_dag(const Call& call, const std::string& dag_id) {
  auto found = find_dag_version(call, dag_id);
  if (!found) return fail(found);
  if (found->dag.is_stale) {
    return fail(Code::not_found,
                "The Dag with ID: `" + found->dag.dag_id + "` is stale: its file is gone");
  }
  if (found->dag.has_import_errors) {
    return fail(
        Code::invalid,
        "DAG with dag_id: '" + found->dag.dag_id + "' has import errors and cannot be triggered",
        "`leoflow import-errors list`, or GET /api/v2/importErrors, says what is wrong");
  }
  return found;
}

}  // namespace

Result<Response> trigger_run(Call& call, const std::string& dag_id, RunType type) {
  auto found = runnable_dag(call, dag_id);
  if (!found) return fail(found);
  TriggerRequest request{.dag_id = found->dag.dag_id,
                         .run_id = call.text("dag_run_id"),
                         .user = call.user.username,
                         .type = type};
  if (auto status = check_run_id(request.run_id); !status) return fail(status);
  request.logical_date = call.time("logical_date");
  request.interval_start = call.time("data_interval_start");
  request.interval_end = call.time("data_interval_end");
  // A run by hand is due at once, also one for a date of the past or the future.
  request.run_after = call.time("run_after").value_or(call.services.clock.now());
  request.note = call.text("note");
  if (const json::object* conf = json::object_or_null(call.body, "conf")) request.conf = *conf;
  if (request.interval_start.has_value() != request.interval_end.has_value()) {
    return unprocessable(json::array{"body"},
                         "Value error, Either both data_interval_start and data_interval_end must "
                         "be provided or both "
                         "must be None",
                         "value_error");
  }
  if (call.has("partition_key"))
    return fail(Code::invalid, "DAG '" + request.dag_id + "' has no partitions",
                "leave partition_key out; a param can say what the run is about");
  if (request.interval_start && *request.interval_start > *request.interval_end) {
    return fail(Code::invalid, "data_interval_start must not be after data_interval_end");
  }
  if (auto status = check_params(found->version->spec.params, request.conf); !status)
    return fail(status);
  auto run = wait_reply<DagRun>(
      [&](auto reply) { call.services.engine.trigger(std::move(request), std::move(reply)); });
  if (!run) return fail(run);
  call.audit.run_id = run->run_id;
  json::Writer w;
  write_run(w, call.services, *run);
  return json_response(w);
}

namespace {

Result<Response> trigger_dag_run(Call& call) {
  return trigger_run(call, call.path("dag_id"), RunType::manual);
}

Result<Response> patch_dag_run(Call& call) {
  auto before = find_run(call);
  if (!before) return fail(before);
  MarkRunRequest request{
      .dag_id = before->dag_id, .run_id = before->run_id, .user = call.user.username};
  if (call.changes("state") && call.has("state"))
    request.state = parse_run_state(call.text("state"));
  if (call.changes("note")) request.note = call.text("note");
  if (!request.state && !request.note) {
    json::Writer w;
    write_run(w, call.services, *before);
    return json_response(w);
  }
  auto run = wait_reply<DagRun>(
      [&](auto reply) { call.services.engine.mark_run(std::move(request), std::move(reply)); });
  if (!run) return fail(run);
  json::Writer w;
  write_run(w, call.services, *run);
  return json_response(w);
}

Result<Response> delete_dag_run(Call& call) {
  auto run = find_run(call);
  if (!run) return fail(run);
  auto done = wait_reply<bool>([&](auto reply) {
    call.services.engine.delete_run(run->dag_id, run->run_id, std::move(reply));
  });
  if (!done) return fail(done);
  return no_content();
}

Result<std::vector<Touched>> clear(const Call& call, ClearRequest request) {
  return wait_reply<std::vector<Touched>>(
      [&](auto reply) { call.services.engine.clear(std::move(request), std::move(reply)); });
}

// What a clear of whole runs takes.
Status read_run_clear(const Call& call, ClearRequest& request) {
  request.only_failed = call.flag("only_failed", false);
  request.only_new = call.flag("only_new", false);
  request.run_on_latest_version = call.flag("run_on_latest_version", false);
  if (call.has("note")) request.note = call.text("note");
  if (!request.only_failed || !request.only_new) return {};
  return fail(Code::invalid, "only_failed and only_new cannot go together");
}

Result<std::vector<DagRun>> runs_of_body(const Call& call) {
  std::vector<DagRun> runs;
  const json::array* named = json::array_or_null(call.body, "dag_runs");
  if (!named) return runs;  // by a partition, which no run has
  if (named->size() > kBulkEntitiesMax) {
    return fail(Code::invalid, "at most " + std::to_string(kBulkEntitiesMax) + " runs at once");
  }
  for (const json::value& one : *named) {
    std::string dag_id = json::string_or(one.as_object(), "dag_id");
    if (dag_id.empty()) dag_id = call.path("dag_id");
    std::string run_id = json::string_or(one.as_object(), "dag_run_id");
    auto run = call.services.store.runs().get_run(dag_id, run_id);
    if (!run) return fail(run);
    if (!*run) return fail(Code::not_found, "Dag Run id " + run_id + " not found in dag " + dag_id);
    runs.push_back(std::move(**run));
  }
  return runs;
}

// Runs are named in exactly one way, as in Airflow: by themselves or by their partition.
std::optional<Response> check_selection(const Call& call, bool named, const std::string& how) {
  bool by_date = call.has("partition_date_start") || call.has("partition_date_end");
  if (int(named) + int(call.has("partition_key")) + int(by_date) == 1) return std::nullopt;
  return unprocessable(json::array{"body"},
                       "Value error, Exactly one of " + how +
                           ", partition_key, or a partition date window (partition_date_start / "
                           "partition_date_end) must be provided.",
                       "value_error");
}

// No run has a partition, so none has one to lose; only the task instances of a named run may be
// cleared with it.
Result<Response> clear_partitions(Call& call) {
  auto dag = find_dag(call, call.path("dag_id"));
  if (!dag) return fail(dag);
  if (auto wrong = check_selection(call, call.has("run_id"), "run_id")) return std::move(*wrong);
  ClearRequest request{.dag_id = dag->dag_id,
                       .run_id = call.text("run_id"),
                       .dry_run = call.flag("dry_run", true),
                       .only_failed = false,
                       .user = call.user.username};
  bool dry_run = request.dry_run;
  int64_t tasks = 0;
  if (call.flag("clear_task_instances", false) && !request.run_id.empty()) {
    auto run = call.services.store.runs().get_run(request.dag_id, request.run_id);
    if (!run) return fail(run);
    if (*run) {
      auto touched = clear(call, std::move(request));
      if (!touched) return fail(touched);
      tasks = int64_t(touched->size());
    }
  }
  json::Writer w;
  w.begin_object().member("dag_runs_cleared", 0).member("task_instances_cleared", tasks);
  w.member("dry_run", dry_run).end_object();
  return json_response(w);
}

Result<Response> clear_dag_runs(Call& call) {
  const json::array* named = json::array_or_null(call.body, "dag_runs");
  if (auto wrong = check_selection(call, named && !named->empty(), "dag_runs (non-empty)"))
    return std::move(*wrong);
  auto runs = runs_of_body(call);
  if (!runs) return fail(runs);
  ClearRequest request{.dry_run = call.flag("dry_run", true), .user = call.user.username};
  if (auto read = read_run_clear(call, request); !read) return fail(read);
  for (const DagRun& run : *runs) request.more_runs.emplace_back(run.dag_id, run.run_id);
  std::vector<Touched> touched;
  if (!runs->empty()) {
    std::tie(request.dag_id, request.run_id) = request.more_runs.front();
    request.more_runs.erase(request.more_runs.begin());
    auto cleared = clear(call, request);
    if (!cleared) return fail(cleared);
    touched = std::move(*cleared);
  }
  if (request.dry_run) return touched_collection(call, touched);
  json::Writer w;
  w.begin_object().key("dag_runs").begin_array();
  for (const DagRun& before : *runs) {
    auto after = call.services.store.runs().get_run(before.key);
    if (!after) return fail(after);
    if (*after) write_run(w, call.services, **after);
  }
  w.end_array().member("total_entries", int64_t(runs->size())).end_object();
  return json_response(w);
}

Result<Response> clear_dag_run(Call& call) {
  auto run = find_run(call);
  if (!run) return fail(run);
  bool dry_run = call.flag("dry_run", true);
  ClearRequest request{
      .dag_id = run->dag_id, .run_id = run->run_id, .dry_run = dry_run, .user = call.user.username};
  if (auto read = read_run_clear(call, request); !read) return fail(read);
  auto touched = clear(call, std::move(request));
  if (!touched) return fail(touched);
  if (dry_run) return touched_collection(call, *touched);
  auto after = find_run(call);
  if (!after) return fail(after);
  json::Writer w;
  write_run(w, call.services, *after);
  return json_response(w);
}

// task_ids: ["a", ["b", 3]]
void read_task_ids(const Call& call, ClearRequest& request) {
  const json::array* ids = json::array_or_null(call.body, "task_ids");
  if (!ids) return;
  for (const json::value& id : *ids) {
    if (id.is_string()) {
      request.task_ids.emplace_back(std::string(id.get_string()), std::nullopt);
    } else {
      const json::array& pair = id.as_array();
      request.task_ids.emplace_back(std::string(pair[0].as_string()), int(pair[1].as_int64()));
    }
  }
}

Result<Response> clear_task_instances(Call& call) {
  auto found = find_dag_version(call, call.path("dag_id"));
  if (!found) return fail(found);
  ClearRequest request{
      .dag_id = found->dag.dag_id, .run_id = call.text("dag_run_id"), .user = call.user.username};
  read_task_ids(call, request);
  request.start_date = call.time("start_date");
  request.end_date = call.time("end_date");
  request.dry_run = call.flag("dry_run", true);
  request.only_failed = call.flag("only_failed", true);
  request.only_running = call.flag("only_running", false);
  request.include_upstream = call.flag("include_upstream", false);
  request.include_downstream = call.flag("include_downstream", false);
  request.include_future = call.flag("include_future", false);
  request.include_past = call.flag("include_past", false);
  request.reset_dag_runs = call.flag("reset_dag_runs", true);
  request.run_on_latest_version = call.flag("run_on_latest_version", false);
  request.prevent_running_task = call.flag("prevent_running_task", false);
  if (call.has("note")) request.note = call.text("note");
  if (!request.run_id.empty()) {
    auto run = call.services.store.runs().get_run(request.dag_id, request.run_id);
    if (!run) return fail(run);
    if (!*run) {
      return fail(Code::not_found,
                  "Dag Run id " + request.run_id + " not found in dag " + request.dag_id);
    }
    call.audit.run_id = request.run_id;
    if ((request.include_future || request.include_past) && !(*run)->logical_date) {
      return fail(Code::invalid, "Cannot use include_past or include_future with no logical_date");
    }
  }
  auto touched = clear(call, std::move(request));
  if (!touched) return fail(touched);
  return touched_collection(call, *touched);
}

void add_shapes(Router& router) {
  router.shape(
      "TriggerDAGRunPostBody",
      "!dag_run_id?:str? logical_date?:time? data_interval_start?:time? data_interval_end?:time? "
      "run_after?:time? conf?:obj? note?:str(..1000)? partition_key?:str?");
  router.shape("DAGRunPatchBody", "!state?:<queued|success|failed>? note?:str(..1000)?");
  const std::string clear =
      "dry_run?:bool only_failed?:bool only_new?:bool run_on_latest_version?:bool? "
      "note?:str(..1000)?";
  router.shape("DAGRunClearBody", "!" + clear);
  router.shape("BulkDAGRunBody",
               "!dag_run_id:str(1..250) dag_id?:str? state?:<queued|success|failed>? "
               "note?:str(..1000)?");
  const std::string partition =
      "partition_key?:str? partition_date_start?:str? partition_date_end?:str? ";
  router.shape("BulkDAGRunClearBody", "!dag_runs?:[BulkDAGRunBody] " + partition + clear);
  router.shape("ClearPartitionsBody",
               "!run_id?:str? " + partition + "clear_task_instances?:bool dry_run?:bool");
  router.shape("ClearPartitionsResponse",
               "dag_runs_cleared:int task_instances_cleared:int dry_run:bool");
  router.shape("BulkDAGRunClearResponse",
               "task_instances?:[TaskInstanceResponse] dag_runs?:[DAGRunResponse] "
               "total_entries:int");
  router.shape("DAGRunClearResponse",
               "task_instances?:[TaskInstanceResponse] total_entries?:int dag_run_id?:str");
  router.shape(
      "ClearTaskInstancesBody",
      "!dry_run?:bool start_date?:time? end_date?:time? only_failed?:bool only_running?:bool "
      "reset_dag_runs?:bool task_ids?:[TaskIdAndIndex]? dag_run_id?:str? include_upstream?:bool "
      "include_downstream?:bool include_future?:bool include_past?:bool "
      "run_on_latest_version?:bool? "
      "prevent_running_task?:bool note?:str(..1000)?");
  router.raw_shape(
      "TaskIdAndIndex",
      R"({"anyOf":[{"type":"string"},{"type":"array","prefixItems":[{"type":"string"},)"
      R"({"type":"integer","minimum":-1,"maximum":2147483647}],"minItems":2,"maxItems":2}]})");
}

}  // namespace

void add_trigger_routes(Router& router) {
  add_shapes(router);
  router.tag("DagRun");
  const std::string base = "/api/v2/dags/{dag_id}/dagRuns";
  router.add(Method::post, base, "trigger_dag_run", trigger_dag_run)
      .about("Start a run")
      .reads("TriggerDAGRunPostBody")
      .answers_with(200, "DAGRunResponse");
  router.add(Method::patch, base + "/{dag_run_id}", "patch_dag_run", patch_dag_run)
      .about("Mark a run or change its note")
      .takes(update_mask())
      .reads("DAGRunPatchBody")
      .answers_with(200, "DAGRunResponse");
  router.add(Method::del, base + "/{dag_run_id}", "delete_dag_run", delete_dag_run)
      .about("Delete a run")
      .answers_with(204);
  router.add(Method::post, base + "/{dag_run_id}/clear", "clear_dag_run", clear_dag_run)
      .about(
          "Run all or the failed tasks of a run again; with dry_run (the default) only tell which")
      .reads("DAGRunClearBody")
      .answers_with(200, "DAGRunClearResponse");
  router.add(Method::post, "/api/v2/dags/{dag_id}/clearDagRuns", "clear_dag_runs", clear_dag_runs)
      .about(
          "Run several runs again, as clear does one: all of them or, after an error, none. DAG ~: "
          "each names its own. With dry_run (the default) only tell which task instances")
      .reads("BulkDAGRunClearBody")
      .answers_with(200, "BulkDAGRunClearResponse");
  router
      .add(Method::post, "/api/v2/dags/{dag_id}/clearPartitions", "clear_dag_run_partitions",
           clear_partitions)
      .about(
          "No run has a partition; with clear_task_instances and run_id the tasks of that run run "
          "again")
      .reads("ClearPartitionsBody")
      .answers_with(200, "ClearPartitionsResponse");
  router.tag("DAG");
  router
      .add(Method::post, "/api/v2/dags/{dag_id}/clearTaskInstances", "post_clear_task_instances",
           clear_task_instances)
      .about("Run task instances again; with dry_run (the default) only tell which")
      .reads("ClearTaskInstancesBody")
      .answers_with(200, "TaskInstanceCollectionResponse");
}

}  // namespace leoflow::api
