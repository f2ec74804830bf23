// SPDX-License-Identifier: Apache-2.0
// Below /api/leoflow/v1: /uploads, where projects' files arrive, and /deployments, which make
// versions of them.
#include "api/call.h"
#include "api/present.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

// Pushed code runs as the server's user whatever its DAGs are called.
Status check_all_dags(const Call& call) {
  if (call.user.rights.all_dags()) return {};
  return fail(Code::denied, "a role that holds on some DAGs only does not allow to deploy",
              "ask for the role Op without grants, or somebody who has it");
}

Response upload_response(const UploadState& state) {
  json::Writer w;
  w.begin_object().member("sha256", state.sha256).member("received", int64_t(state.received));
  w.member("complete", state.complete).end_object();
  return json_response(w);
}

Result<Response> get_upload(Call& call) {
  if (auto status = check_all_dags(call); !status) return fail(status);
  auto state = call.services.deployments.upload(call.path("sha256"));
  if (!state) return fail(state);
  return upload_response(*state);
}

Result<Response> put_upload(Call& call) {
  if (auto status = check_all_dags(call); !status) return fail(status);
  auto bytes = uint64_t(call.query_int("bytes").value_or(0));
  if (bytes > kUploadBytesMax || call.request.body.size() > kUploadPartBytesMax) {
    return problem(413,
                   "a project has at most " + std::to_string(kUploadBytesMax >> 20) +
                       " MiB, sent in parts of " + std::to_string(kUploadPartBytesMax >> 20) +
                       " MiB",
                   "leave data out with exclude_paths: in leoflow.yaml");
  }
  auto offset = uint64_t(call.query_int("offset").value_or(0));
  auto state =
      call.services.deployments.append(call.path("sha256"), bytes, offset, call.request.body);
  if (!state) return fail(state);
  return upload_response(*state);
}

DeploymentRequest request_of(const Call& call) {
  DeploymentRequest request{.project = call.text("project"),
                            .archive = call.text("archive"),
                            .file = call.text("file"),
                            .flat = call.flag("flat", false),
                            .label = call.text("label"),
                            .commit = call.text("commit"),
                            .url = call.text("url"),
                            .image = call.text("image")};
  request.image_bundle = call.text("image_bundle");
  request.image_environment = call.text("image_environment");
  request.activate = call.flag("activate", true);
  request.dry_run = call.flag("dry_run", false);
  request.username = call.user.username;
  request.address = call.request.peer;
  return request;
}

void write_change(json::Writer& w, const SpecChange& change) {
  w.begin_object().member("what", change.what).member("name", change.name);
  w.member("change", change.change).member("from", change.from).member("to", change.to);
  w.end_object();
}

void write_texts(json::Writer& w, std::string_view name, const std::vector<std::string>& texts) {
  w.key(name).begin_array();
  for (const std::string& text : texts) w.string(text);
  w.end_array();
}

void member_number(json::Writer& w, std::string_view name, int number) {
  if (number > 0) {
    w.member(name, number);
  } else {
    w.member_null(name);
  }
}

void write_dag(json::Writer& w, const DeployedDag& dag) {
  w.begin_object().member("dag_id", dag.dag_id);
  member_number(w, "version_number", dag.version_number);
  w.member("label", dag.label).member("created", dag.created).member("current", dag.current);
  w.member("removed", dag.removed);
  member_number(w, "previous_version_number", dag.previous_number);
  member_text(w, "previous_label", dag.previous_label);
  w.key("changes").begin_array();
  for (const SpecChange& change : dag.changes) write_change(w, change);
  w.end_array();
  write_texts(w, "warnings", dag.warnings);
  w.end_object();
}

void write_failure(json::Writer& w, const DeploymentFailure& failure) {
  w.begin_object().member("message", failure.message);
  member_text(w, "hint", failure.hint);
  member_text(w, "file", failure.file);
  member_number(w, "line", failure.line);
  member_text(w, "trace", failure.trace);
  w.end_object();
}

Response deployment_response(const Deployment& deployment, int status) {
  json::Writer w;
  w.begin_object().member("id", deployment.id).member("project", deployment.request.project);
  w.member("state", to_string(deployment.state)).member("dry_run", deployment.request.dry_run);
  write_texts(w, "progress", deployment.progress);
  w.member("lines", deployment.lines).key("dags").begin_array();
  for (const DeployedDag& dag : deployment.dags) write_dag(w, dag);
  w.end_array();
  if (deployment.state == DeploymentState::failed) {
    w.key("failure");
    write_failure(w, deployment.failure);
  } else {
    w.member_null("failure");
  }
  w.end_object();
  return json_response(w, status);
}

Result<Deployment> find_deployment(const Call& call, const std::string& id) {
  auto found = call.services.deployments.find(id);
  if (found) return std::move(*found);
  return fail(Code::not_found, "there is no deployment " + id,
              "the server forgets them when it is restarted; deploying again does no harm");
}

Result<Response> create_deployment(Call& call) {
  if (auto status = check_all_dags(call); !status) return fail(status);
  auto id = call.services.deployments.begin(request_of(call));
  if (!id) return fail(id);
  auto deployment = find_deployment(call, *id);
  if (!deployment) return fail(deployment);
  return deployment_response(*deployment, 202);
}

Result<Response> get_deployment(Call& call) {
  if (auto status = check_all_dags(call); !status) return fail(status);
  auto deployment = find_deployment(call, call.path("deployment_id"));
  if (!deployment) return fail(deployment);
  return deployment_response(*deployment, 200);
}

void add_shapes(Router& router) {
  router.shape("UploadResponse", "sha256:str received:int complete:bool");
  router.shape("DeploymentBody",
               "!project:str(1..100) archive:str(64..64) file:str(1..500) flat?:bool "
               "label:str(1..200) commit?:str(..64) url?:str(..1000) image?:str(..500) "
               "image_bundle?:str(..64) image_environment?:str(..100) activate?:bool "
               "dry_run?:bool");
  router.shape("SpecChange",
               "what:<task|param|dependency|setting|files|image> name:str "
               "change:<added|removed|changed> from:str to:str");
  router.shape("DeployedDag",
               "dag_id:str version_number:int? label:str created:bool current:bool removed:bool "
               "previous_version_number:int? previous_label:str? changes:[SpecChange] "
               "warnings:[str]");
  router.shape("DeploymentFailure", "message:str hint:str? file:str? line:int? trace:str?");
  router.shape("DeploymentResponse",
               "id:str project:str state:<waiting|preparing|done|failed> dry_run:bool "
               "progress:[str] lines:int dags:[DeployedDag] failure:DeploymentFailure?");
}

}  // namespace

void add_deployment_routes(Router& router) {
  router.tag("Deployment");
  add_shapes(router);
  router.add(Method::get, "/api/leoflow/v1/uploads/{sha256}", "get_upload", get_upload)
      .about("How much of an archive has arrived")
      .answers_with(200, "UploadResponse");
  router.add(Method::put, "/api/leoflow/v1/uploads/{sha256}", "put_upload", put_upload)
      .about("The next part of a project's files, 8 MiB at most: one archive, named by its hash")
      .takes({{.name = "bytes",
               .kind = Param::Kind::integer,
               .summary = "Of the whole archive",
               .required = true,
               .minimum = 1},
              {.name = "offset",
               .kind = Param::Kind::integer,
               .summary = "Where the part begins",
               .fallback = "0",
               .minimum = 0}})
      .reads_bytes()
      .unaudited()
      .answers_with(200, "UploadResponse")
      .answers_with(413, "HTTPExceptionResponse");
  router.add(Method::post, "/api/leoflow/v1/deployments", "create_deployment", create_deployment)
      .about("Compile an uploaded project and make versions of its DAGs")
      .reads("DeploymentBody")
      .answers_with(202, "DeploymentResponse")
      .answers_with(404, "HTTPExceptionResponse");
  router
      .add(Method::get, "/api/leoflow/v1/deployments/{deployment_id}", "get_deployment",
           get_deployment)
      .about("How a deployment stands")
      .answers_with(200, "DeploymentResponse");
}

}  // namespace leoflow::api
