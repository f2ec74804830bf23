// SPDX-License-Identifier: Apache-2.0
// /dags/{dag_id}/dagVersions and /dagSources.
#include <algorithm>
#include <map>

#include "api/lookup.h"
#include "api/present.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

// Of the current version, whatever the row's.
std::string current_name(const Call& call, const std::string& dag_id) {
  auto found = find_dag_version(call, dag_id);
  return dag_name(found ? found->version : nullptr, dag_id);
}

Result<Response> get_versions(Call& call) {
  VersionQuery query{.dag_id = path_or_all(call, "dag_id")};
  if (!query.dag_id.empty()) {
    if (auto dag = find_dag(call, query.dag_id); !dag) return fail(dag);
  }
  if (auto number = call.query_int("version_number"))
    query.version_number = int(std::clamp<int64_t>(*number, INT32_MIN, INT32_MAX));
  query.bundle_name = call.query_or("bundle_name");
  query.bundle_version = call.query_or("bundle_version");
  auto page = call.page("id version_number bundle_name bundle_version created_at", "id");
  if (!page) return fail(page);
  query.page = std::move(*page);
  auto versions = call.services.store.dags().list_versions(query);
  if (!versions) return fail(versions);
  std::map<std::string, std::string> names;  // of the DAGs of this page
  json::Writer w;
  w.begin_object().key("dag_versions").begin_array();
  for (const DagVersion& version : versions->rows) {
    auto [name, fresh] = names.try_emplace(version.dag_id);
    if (fresh) name->second = current_name(call, version.dag_id);
    write_version_row(w, version, name->second);
  }
  w.end_array().member("total_entries", versions->total).end_object();
  return json_response(w);
}

Result<DagVersion> find_version(const Call& call, const std::string& dag_id, int number) {
  auto version = call.services.store.dags().get_version(dag_id, number);
  if (!version) return fail(version);
  if (!*version) {
    return fail(Code::not_found, "The DagVersion with dag_id: `" + dag_id +
                                     "` and version_number: `" + std::to_string(number) +
                                     "` was not found");
  }
  return std::move(**version);
}

Result<Response> get_version(Call& call) {
  auto version = find_version(call, call.path("dag_id"), call.path_int("version_number"));
  if (!version) return fail(version);
  json::Writer w;
  write_version_row(w, *version,
                    dag_name(version_or_null(call.services, version->id), version->dag_id));
  return json_response(w);
}

Result<DagVersion> version_for_source(const Call& call) {
  if (auto number = call.query_int("version_number")) {
    return find_version(call, call.path("dag_id"), int(std::min<int64_t>(*number, INT32_MAX)));
  }
  auto dag = find_dag(call, call.path("dag_id"));
  if (!dag) return fail(dag);
  auto version = call.services.store.dags().get_version(dag->current_version);
  if (!version) return fail(version);
  if (!*version) return fail(Code::not_found, "The Dag `" + dag->dag_id + "` has no version");
  return std::move(**version);
}

Result<Response> get_source(Call& call) {
  auto version = version_for_source(call);
  if (!version) return fail(version);
  if (call.content_type == "text/plain") {
    Response response;
    response.content_type = "text/plain; charset=utf-8";
    response.body = std::move(version->source);
    return response;
  }
  json::Writer w;
  w.begin_object().member("content", version->source).member("dag_id", version->dag_id);
  w.member("version_number", version->version_number);
  w.member("dag_display_name",
           dag_name(version_or_null(call.services, version->id), version->dag_id))
      .end_object();
  return json_response(w);
}

// The next save or start would undo it.
Status check_not_watched(const Call& call, const Dag& dag) {
  std::string folder = call.services.workspace.workspace().path;
  if (folder.empty() || dag.bundle_name != kWorkspaceBundle) return {};
  return fail(Code::conflict,
              "DAG '" + dag.dag_id + "' follows the file " + dag.relative_fileloc +
                  " of the watched folder " + folder,
              "restore that file: what is saved there becomes the current version");
}

Result<Response> activate_version(Call& call) {
  auto dag = find_dag(call, call.path("dag_id"));
  if (!dag) return fail(dag);
  auto version = find_version(call, dag->dag_id, call.path_int("version_number"));
  if (!version) return fail(version);
  if (auto status = check_not_watched(call, *dag); !status) return fail(status);
  if (dag->is_stale) {
    return fail(Code::conflict, "DAG '" + dag->dag_id + "' is not defined by any file any more",
                "deploy a project that defines it");
  }
  auto activated =
      call.services.store.dags().activate_version(dag->dag_id, version->version_number);
  if (!activated) return fail(activated);
  call.services.engine.dag_changed(dag->dag_id);
  json::Writer w;
  write_version_row(w, activated->version,
                    dag_name(version_or_null(call.services, version->id), dag->dag_id));
  return json_response(w);
}

}  // namespace

void add_version_routes(Router& router) {
  router.tag("DagVersion");
  router.shape(
      "DagVersionResponse",
      "id:uuid version_number:int dag_id:str bundle_name:str? bundle_version:str? created_at:time "
      "dag_display_name:str bundle_url:str? commit:str? image:str?");
  router.shape("DAGVersionCollectionResponse",
               "dag_versions:[DagVersionResponse] total_entries:int");
  router.shape("DAGSourceResponse",
               "content:str? dag_id:str version_number:int? dag_display_name:str");
  router.add(Method::get, "/api/v2/dags/{dag_id}/dagVersions", "get_dag_versions", get_versions)
      .about("Versions of a DAG; ~ means all DAGs")
      .takes(paging())
      .takes(ordered_by("id"))
      .takes({{.name = "version_number", .kind = Param::Kind::integer},
              {.name = "bundle_name"},
              {.name = "bundle_version"}})
      .answers_with(200, "DAGVersionCollectionResponse");
  router
      .add(Method::get, "/api/v2/dags/{dag_id}/dagVersions/{version_number:int}", "get_dag_version",
           get_version)
      .about("One version")
      .answers_with(200, "DagVersionResponse");
  router
      .add(Method::post, "/api/leoflow/v1/dags/{dag_id}/versions/{version_number:int}/activate",
           "activate_dag_version", activate_version)
      .about("Make a version the current one. Runs keep theirs; new runs take this one")
      .answers_with(200, "DagVersionResponse");
  router.tag("DagSource");
  router.add(Method::get, "/api/v2/dagSources/{dag_id}", "get_dag_source", get_source)
      .about("The text of the defining file, of the current version unless one is named")
      .takes({{.name = "version_number", .kind = Param::Kind::integer}})
      .answers_with(200, "DAGSourceResponse")
      .answers_with(200, "", "text/plain");
}

}  // namespace leoflow::api
