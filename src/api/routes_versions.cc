// SPDX-License-Identifier: Apache-2.0
// /dags/{dag_id}/dagVersions and /dagSources.
#include "api/lookup.h"
#include "api/present.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

Result<Response> get_versions(Call& call) {
  auto found = find_dag_version(call, call.path("dag_id"));
  if (!found) return fail(found);
  auto page = call.page("id version_number bundle_version created_at", "id");
  if (!page) return fail(page);
  auto versions = call.services.store.dags().list_versions(found->dag.dag_id, *page);
  if (!versions) return fail(versions);
  json::Writer w;
  w.begin_object().key("dag_versions").begin_array();
  for (const DagVersion& version : versions->rows) {
    write_version_row(w, version, dag_name(found->version, found->dag.dag_id));
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

}  // namespace

void add_version_routes(Router& router) {
  router.tag("DagVersion");
  router.shape(
      "DagVersionResponse",
      "id:uuid version_number:int dag_id:str bundle_name:str? bundle_version:str? created_at:time "
      "dag_display_name:str bundle_url:str?");
  router.shape("DAGVersionCollectionResponse",
               "dag_versions:[DagVersionResponse] total_entries:int");
  router.shape("DAGSourceResponse",
               "content:str? dag_id:str version_number:int? dag_display_name:str");
  router.add(Method::get, "/api/v2/dags/{dag_id}/dagVersions", "get_dag_versions", get_versions)
      .about("Versions of a DAG")
      .takes(paging())
      .takes(ordered_by("id"))
      .refuses({"version_number", "bundle_name", "bundle_version"})
      .answers_with(200, "DAGVersionCollectionResponse");
  router
      .add(Method::get, "/api/v2/dags/{dag_id}/dagVersions/{version_number:int}", "get_dag_version",
           get_version)
      .about("One version")
      .answers_with(200, "DagVersionResponse");
  router.tag("DagSource");
  router.add(Method::get, "/api/v2/dagSources/{dag_id}", "get_dag_source", get_source)
      .about("The text of the defining file, of the current version unless one is named")
      .takes({{.name = "version_number", .kind = Param::Kind::integer}})
      .answers_with(200, "DAGSourceResponse")
      .answers_with(200, "", "text/plain");
}

}  // namespace leoflow::api
