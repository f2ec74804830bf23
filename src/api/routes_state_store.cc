// SPDX-License-Identifier: Apache-2.0
// Airflow's state stores of task instances and assets. Tasks here keep nothing in them, so they are
// empty, and what would write to them is refused with a way out.
#include "api/lookup.h"
#include "api/present_assets.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

Result<Response> list_task_state(Call& call) {
  if (auto row = find_task_instance(call, map_index_of(call)); !row) return fail(row);
  json::Writer w;
  w.begin_object().key("task_state_store").begin_array().end_array();
  w.member("total_entries", 0).end_object();
  return json_response(w);
}

Result<Response> no_task_state(Call& call) {
  if (auto row = find_task_instance(call, map_index_of(call)); !row) return fail(row);
  return fail(Code::not_found, "Task state store key '" + call.path("key") + "' not found");
}

// Of no task instance: there is no place to keep it.
Result<Response> refuse_task_state(Call& call) {
  if (auto row = find_task_instance(call, map_index_of(call)); !row) return fail(row);
  return fail(Code::invalid, "this server has no task state store",
              "push an XCom: POST .../taskInstances/" + call.path("task_id") + "/xcomEntries");
}

// As in Airflow, deleting what is not there succeeds.
Result<Response> delete_task_state(Call& call) {
  if (auto row = find_task_instance(call, map_index_of(call)); !row) return fail(row);
  return no_content();
}

Result<Response> clear_task_state(Call& call) {
  if (!call.query_bool("all_map_indices").value_or(false)) return delete_task_state(call);
  TaskInstanceQuery query{.dag_id = call.path("dag_id"),
                          .run_id = call.path("dag_run_id"),
                          .task_id = call.path("task_id"),
                          .page = {.limit = 1}};
  auto page = call.services.store.runs().list_task_instances(query);
  if (!page) return fail(page);
  if (page->rows.empty())
    return fail(Code::not_found, "The run has no instance of task `" + query.task_id + "`");
  return no_content();
}

Result<Response> list_asset_state(Call& call) {
  if (auto asset = find_asset(call, call.path_id("asset_id")); !asset) return fail(asset);
  json::Writer w;
  w.begin_object().key("asset_state_store").begin_array().end_array();
  w.member("total_entries", 0).end_object();
  return json_response(w);
}

Result<Response> no_asset_state(Call& call) {
  if (auto asset = find_asset(call, call.path_id("asset_id")); !asset) return fail(asset);
  return fail(Code::not_found, "Asset state store key '" + call.path("key") + "' not found");
}

Result<Response> refuse_asset_state(Call& call) {
  if (auto asset = find_asset(call, call.path_id("asset_id")); !asset) return fail(asset);
  return fail(Code::invalid, "this server has no asset state store",
              "put what is to be kept into the extra of an event: POST /assets/events");
}

Result<Response> delete_asset_state(Call& call) {
  if (auto asset = find_asset(call, call.path_id("asset_id")); !asset) return fail(asset);
  return no_content();
}

Param index_param() {
  return {.name = "map_index", .kind = Param::Kind::integer, .fallback = "-1", .minimum = -1};
}

void add_task_state_routes(Router& router) {
  const std::string base =
      "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store";
  const std::string one = base + "/{key:path}";
  router.tag("TaskStateStore");
  router.add(Method::get, base, "list_task_state_store", list_task_state)
      .about("Empty on this server")
      .takes({index_param()})
      .takes(paging())
      .answers_with(200, "TaskStateStoreCollectionResponse");
  router.add(Method::del, base, "clear_task_state_store", clear_task_state)
      .about("There is nothing to delete")
      .takes({index_param(),
              {.name = "all_map_indices", .kind = Param::Kind::boolean, .fallback = "false"}})
      .answers_with(204);
  router.add(Method::get, one, "get_task_state_store", no_task_state)
      .about("There are none: always an error")
      .takes({index_param()})
      .answers_with(404, "HTTPExceptionResponse");
  router.add(Method::put, one, "set_task_state_store", refuse_task_state)
      .about("Task state is not kept here, XComs are: always an error")
      .takes({index_param()})
      .reads("TaskStateStoreBody")
      .answers_with(400, "HTTPExceptionResponse");
  router.add(Method::patch, one, "patch_task_state_store", no_task_state)
      .about("There are none: always an error")
      .takes({index_param()})
      .reads("TaskStateStorePatchBody")
      .answers_with(404, "HTTPExceptionResponse");
  router.add(Method::del, one, "delete_task_state_store", delete_task_state)
      .about("There is nothing to delete")
      .takes({index_param()})
      .answers_with(204);
}

void add_asset_state_routes(Router& router) {
  const std::string base = "/api/v2/assets/{asset_id:int}/state-store";
  const std::string one = base + "/{key:path}";
  router.tag("AssetStateStore");
  router.add(Method::get, base, "list_asset_state_store", list_asset_state)
      .about("Empty on this server")
      .takes(paging())
      .answers_with(200, "AssetStateStoreCollectionResponse");
  router.add(Method::del, base, "clear_asset_state_store", delete_asset_state)
      .about("There is nothing to delete")
      .answers_with(204);
  router.add(Method::get, one, "get_asset_state_store", no_asset_state)
      .about("There are none: always an error")
      .answers_with(404, "HTTPExceptionResponse");
  router.add(Method::put, one, "set_asset_state_store", refuse_asset_state)
      .about("Asset state is not kept here, events are: always an error")
      .reads("AssetStateStoreBody")
      .answers_with(400, "HTTPExceptionResponse");
  router.add(Method::del, one, "delete_asset_state_store", delete_asset_state)
      .about("There is nothing to delete")
      .answers_with(204);
}

}  // namespace

void add_state_store_routes(Router& router) {
  router.shape("TaskStateStoreResponse", "key:str value:any updated_at:time expires_at:time?");
  router.shape("TaskStateStoreCollectionResponse",
               "task_state_store:[TaskStateStoreResponse] total_entries:int");
  router.shape("TaskStateStoreBody", "!value:any expires_at?:str?");
  router.shape("TaskStateStorePatchBody", "!value:any");
  router.shape("AssetStateStoreBody", "!value:any");
  router.shape("AssetStateStoreCollectionResponse",
               "asset_state_store:[TaskStateStoreResponse] total_entries:int");
  add_task_state_routes(router);
  add_asset_state_routes(router);
}

}  // namespace leoflow::api
