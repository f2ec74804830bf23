// SPDX-License-Identifier: Apache-2.0
// What the public API has no word for: staging volumes, attempts, reasons, the workspace,
// environments, the doctor; and PUT /parseDagFile, which asks the workspace.
#include "api/lookup.h"
#include "api/present.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

void write_volume(json::Writer& w, const StagingVolume& volume) {
  w.begin_object()
      .member("id", volume.id)
      .member("dag_id", volume.dag_id)
      .member("run_id", volume.run_id);
  w.member("name", volume.name);
  member_text(w, "path", volume.path);
  w.member("size_bytes", int64_t(volume.size_bytes)).member("state", volume.state);
  w.member("created_at", api_time(volume.created_at));
  member_time(w, "deleted_at", volume.deleted_at);
  member_text(w, "delete_reason", volume.delete_reason);
  w.end_object();
}

Result<Response> get_staging(Call& call) {
  StagingQuery query{call.query_or("dag_id"), call.query_or("run_id"), call.query_or("state"), {}};
  auto page = call.page("id created_at deleted_at", "-id");
  if (!page) return fail(page);
  query.page = std::move(*page);
  auto volumes = call.services.store.staging().list(query);
  if (!volumes) return fail(volumes);
  json::Writer w;
  w.begin_object().key("staging_volumes").begin_array();
  for (const StagingVolume& volume : volumes->rows) write_volume(w, volume);
  w.end_array().member("total_entries", volumes->total).end_object();
  return json_response(w);
}

void write_attempt(json::Writer& w, const Attempt& attempt) {
  w.begin_object().member("id", attempt.id.value);
  w.member("kind", attempt.kind == AttemptKind::task ? "task" : "dag_callback");
  member_text(w, "task_id", attempt.task_id);
  w.member("map_index", attempt.map_index).member("try_number", attempt.try_number);
  w.member("state", to_string(attempt.state)).member("executor", attempt.executor);
  member_text(w, "agent", attempt.agent);
  if (attempt.pid > 0) {
    w.member("pid", attempt.pid);
  } else {
    w.member_null("pid");
  }
  member_text(w, "hostname", attempt.hostname);
  w.member("created_at", api_time(attempt.created_at));
  member_time(w, "dispatched_at", attempt.dispatched_at);
  member_time(w, "started_at", attempt.started_at);
  member_time(w, "ended_at", attempt.ended_at);
  member_text(w, "outcome", attempt.outcome);
  member_text(w, "reason", attempt.reason);
  member_time(w, "held_since", attempt.held_since);
  if (attempt.use.known()) {
    w.member("cpu_seconds", to_seconds(attempt.use.cpu));
    w.member("memory_peak_bytes", attempt.use.memory_peak_bytes);
  } else {
    w.member_null("cpu_seconds").member_null("memory_peak_bytes");
  }
  w.end_object();
}

Result<Response> get_attempts(Call& call) {
  auto run = find_run(call);
  if (!run) return fail(run);
  auto attempts = call.services.store.runs().list_attempts(run->key);
  if (!attempts) return fail(attempts);
  json::Writer w;
  w.begin_object().key("attempts").begin_array();
  for (const Attempt& attempt : *attempts) write_attempt(w, attempt);
  w.end_array().member("total_entries", int64_t(attempts->size())).end_object();
  return json_response(w);
}

Result<Response> get_reasons(Call& call) {
  auto run = find_run(call);
  if (!run) return fail(run);
  auto reasons = wait_reply<std::vector<Engine::Reason>>([&](auto reply) {
    call.services.engine.reasons(run->dag_id, run->run_id, std::move(reply));
  });
  if (!reasons) return fail(reasons);
  json::Writer w;
  w.begin_object().key("reasons").begin_array();
  for (const auto& reason : *reasons) {
    w.begin_object().member("task_id", reason.task_id).member("map_index", reason.map_index);
    w.member("reason", reason.text).end_object();
  }
  w.end_array().member("total_entries", int64_t(reasons->size())).end_object();
  return json_response(w);
}

Result<Response> get_workspace(Call& call) {
  WorkspaceState state = call.services.workspace.workspace();
  json::Writer w;
  w.begin_object();
  member_text(w, "path", state.path);
  w.member("watching", state.watching);
  member_time(w, "last_scan", state.last_scan);
  w.member("projects", state.projects);
  member_texts(w, "problems", state.problems);
  w.end_object();
  return json_response(w);
}

Result<Response> get_environments(Call& call) {
  auto environments = call.services.workspace.environments();
  json::Writer w;
  w.begin_object().key("environments").begin_array();
  for (const EnvironmentState& environment : environments) {
    w.begin_object()
        .member("hash", environment.hash)
        .member("python_version", environment.python_version);
    member_texts(w, "dependencies", environment.dependencies);
    w.member("state", environment.state);
    member_text(w, "error", environment.error);
    w.member("size_bytes", int64_t(environment.size_bytes));
    member_time(w, "created_at", environment.created_at);
    w.member("has_log", environment.has_log).end_object();
  }
  w.end_array().member("total_entries", int64_t(environments.size())).end_object();
  return json_response(w);
}

Result<Response> get_doctor(Call& call) {
  json::Writer w;
  w.begin_object().key("checks").begin_array();
  for (const DoctorCheck& check : call.services.workspace.doctor()) {
    w.begin_object()
        .member("name", check.name)
        .member("state", check.state)
        .member("message", check.message);
    member_text(w, "hint", check.hint);
    w.end_object();
  }
  w.end_array().end_object();
  return json_response(w);
}

Result<Response> reparse(Call& call) {
  auto path = read_file_token(call.services.auth, call.path("file_token"));
  if (!path) return fail(Code::not_found, "the file token is not known");
  if (auto status = call.services.workspace.reparse(*path); !status) return fail(status);
  Response response;
  response.status = 201;
  response.body = "null";
  return response;
}

void add_shapes(Router& router) {
  router.shape(
      "StagingVolumeResponse",
      "id:int dag_id:str run_id:str name:str path:str? size_bytes:int state:<active|deleted> "
      "created_at:time deleted_at:time? delete_reason:str?");
  router.shape("StagingVolumeCollectionResponse",
               "staging_volumes:[StagingVolumeResponse] total_entries:int");
  router.shape(
      "AttemptResponse",
      "id:int kind:<task|dag_callback> task_id:str? map_index:int try_number:int "
      "state:<created|dispatched|claimed|running|settled|lost> executor:str agent:str? pid:int? "
      "hostname:str? created_at:time dispatched_at:time? started_at:time? ended_at:time? "
      "outcome:str? reason:str? held_since:time? cpu_seconds:num? memory_peak_bytes:int?");
  router.shape("AttemptCollectionResponse", "attempts:[AttemptResponse] total_entries:int");
  router.shape("ReasonResponse", "task_id:str map_index:int reason:str");
  router.shape("ReasonCollectionResponse", "reasons:[ReasonResponse] total_entries:int");
  router.shape("WorkspaceResponse",
               "path:str? watching:bool last_scan:time? projects:int problems:[str]");
  router.shape(
      "EnvironmentResponse",
      "hash:str python_version:str dependencies:[str] state:<building|ready|failed> error:str? "
      "size_bytes:int created_at:time? has_log:bool");
  router.shape("EnvironmentCollectionResponse",
               "environments:[EnvironmentResponse] total_entries:int");
  router.shape("DoctorCheckResponse", "name:str state:<ok|warning|failed> message:str hint:str?");
  router.shape("DoctorResponse", "checks:[DoctorCheckResponse]");
}

}  // namespace

void add_leoflow_routes(Router& router) {
  add_shapes(router);
  const std::string own = "/api/leoflow/v1";
  const std::string run = own + "/dags/{dag_id}/dagRuns/{dag_run_id}";
  router.tag("Staging");
  router.add(Method::get, own + "/staging", "get_staging_volumes", get_staging)
      .about("Staging volumes of runs")
      .takes(
          {{.name = "dag_id"}, {.name = "run_id"}, {.name = "state", .choices = "active|deleted"}})
      .takes(paging())
      .takes(ordered_by("-id"))
      .answers_with(200, "StagingVolumeCollectionResponse");
  router.tag("Run");
  router.add(Method::get, run + "/attempts", "get_attempts", get_attempts)
      .about("Every placement of a run's tasks")
      .answers_with(200, "AttemptCollectionResponse");
  router.add(Method::get, run + "/reasons", "get_reasons", get_reasons)
      .about("Why open task instances do not run")
      .answers_with(200, "ReasonCollectionResponse");
  router.tag("Workspace");
  router.add(Method::get, own + "/workspace", "get_workspace", get_workspace)
      .about("The folder of DAGs")
      .answers_with(200, "WorkspaceResponse");
  router.add(Method::get, own + "/environments", "get_environments", get_environments)
      .about("Python environments")
      .answers_with(200, "EnvironmentCollectionResponse");
  router.add(Method::get, own + "/doctor", "get_doctor", get_doctor)
      .about("Checks of this installation")
      .answers_with(200, "DoctorResponse");
  router.tag("DAG Parsing");
  router.add(Method::put, "/api/v2/parseDagFile/{file_token}", "reparse_dag_file", reparse)
      .about("Compile a DAG's file again")
      .answers_with(201);
}

}  // namespace leoflow::api
