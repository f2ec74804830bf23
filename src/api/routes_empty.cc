// SPDX-License-Identifier: Apache-2.0
// Parts of the public API that are always empty on this server: there is nothing to list, and
// saying so in the right shape keeps clients working.
#include "api/lookup.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

Response empty_list(std::string_view member) {
  json::Writer w;
  w.begin_object().key(member).begin_array().end_array().member("total_entries", 0).end_object();
  return json_response(w);
}

// An order by a column that Airflow's list lacks is an error here too.
Result<Response> empty_list(const Call& call, std::string_view member, std::string_view columns) {
  if (auto page = call.page(columns, columns.substr(0, columns.find(' '))); !page)
    return fail(page);
  return empty_list(member);
}

Result<Response> get_assets(Call& call) {
  return empty_list(call, "assets", "id name uri created_at updated_at");
}
Result<Response> get_asset_aliases(Call& call) {
  return empty_list(call, "asset_aliases", "id name");
}
Result<Response> get_asset_events(Call& call) {
  return empty_list(call, "asset_events",
                    "id source_task_id source_dag_id source_run_id source_map_index timestamp");
}
Result<Response> get_plugins(Call&) { return empty_list("plugins"); }
Result<Response> get_plugin_errors(Call&) { return empty_list("import_errors"); }
Result<Response> get_providers(Call&) { return empty_list("providers"); }

Result<Response> get_hitl_details(Call& call) {
  return empty_list(call, "hitl_details",
                    "ti_id subject responded_at created_at responded_by_user_id "
                    "responded_by_user_name dag_id run_id task_display_name run_after "
                    "rendered_map_index task_instance_operator task_instance_state");
}

Result<Response> no_asset(Call& call) {
  return fail(Code::not_found, "The Asset with ID: `" + call.path("asset_id") + "` was not found");
}

Result<Response> no_alias(Call& call) {
  return fail(Code::not_found,
              "The Asset Alias with ID: `" + call.path("asset_alias_id") + "` was not found");
}

Result<Response> no_asset_of_body(Call& call) {
  return fail(Code::not_found, "The Asset with ID: `" +
                                   std::to_string(json::int_or(call.body, "asset_id")) +
                                   "` was not found");
}

// No DAG waits for assets, so none has queued events.
Result<Response> get_queued_events(Call& call) {
  auto dag = find_dag(call, call.path("dag_id"));
  if (!dag) return fail(dag);
  return fail(Code::not_found, "Queue event with dag_id: `" + dag->dag_id + "` was not found");
}

Result<Response> no_hitl_detail(Call& call) {
  auto row = find_task_instance(call, call.path_int("map_index"));
  if (!row) return fail(row);
  return fail(Code::not_found, "Human-in-the-loop detail does not exist for Task Instance " +
                                   row->task_instance.task_id);
}

Route& add_list(Router& router, const std::string& path, std::string_view operation,
                Handler handler, std::string_view member) {
  std::string shape(operation);
  shape = "Empty_" + shape;
  router.shape(shape, std::string(member) + ":[obj] total_entries:int");
  return router.add(Method::get, path, operation, handler)
      .about("Empty on this server")
      .answers_with(200, shape);
}

Route& add_missing(Router& router, Method method, const std::string& path,
                   std::string_view operation, Handler handler) {
  return router.add(method, path, operation, handler)
      .about("There are none: always an error")
      .answers_with(404, "HTTPExceptionResponse");
}

// Airflow's filters of these lists: what is wrong in a request is told, though nothing is there.
void add_asset_lists(Router& router) {
  using Kind = Param::Kind;
  router.tag("Asset");
  add_list(router, "/api/v2/assets", "get_assets", get_assets, "assets")
      .takes(paging())
      .takes(ordered_by("id"))
      .takes(pattern("name"))
      .takes(pattern("uri"))
      .takes({{.name = "dag_ids", .repeated = true},
              {.name = "only_active", .kind = Kind::boolean, .fallback = "true"}});
  add_list(router, "/api/v2/assets/aliases", "get_asset_aliases", get_asset_aliases,
           "asset_aliases")
      .takes(paging())
      .takes(ordered_by("id"))
      .takes(pattern("name"));
  add_list(router, "/api/v2/assets/events", "get_asset_events", get_asset_events, "asset_events")
      .takes(paging())
      .takes(ordered_by("id"))
      .takes({{.name = "asset_id", .kind = Kind::integer},
              {.name = "source_dag_id"},
              {.name = "source_task_id"},
              {.name = "source_run_id"},
              {.name = "source_map_index", .kind = Kind::integer}})
      .takes(pattern("name"))
      .takes(instant_range("timestamp"));
}

void add_hitl_list(Router& router) {
  using Kind = Param::Kind;
  add_list(router, "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails", "get_hitl_details",
           get_hitl_details, "hitl_details")
      .takes(paging())
      .takes(ordered_by("ti_id"))
      .takes(pattern("dag_id"))
      .takes(pattern("task_id"))
      .takes({{.name = "task_id"},
              {.name = "map_index", .kind = Kind::integer},
              {.name = "state", .repeated = true},
              {.name = "response_received", .kind = Kind::boolean},
              {.name = "responded_by_user_id", .repeated = true},
              {.name = "responded_by_user_name", .repeated = true},
              {.name = "subject_search"},
              {.name = "body_search"}})
      .takes(instant_range("created_at"));
}

void add_queued_event_routes(Router& router) {
  const std::string of_dag = "/api/v2/dags/{dag_id}/assets";
  const std::string of_asset = "/api/v2/assets/{asset_id:int}/queuedEvents";
  const std::vector<Param> before{{.name = "before", .kind = Param::Kind::instant}};
  router.tag("Asset");
  add_missing(router, Method::get, of_dag + "/queuedEvents", "get_dag_asset_queued_events",
              get_queued_events)
      .takes(before);
  add_missing(router, Method::del, of_dag + "/queuedEvents", "delete_dag_asset_queued_events",
              get_queued_events)
      .takes(before);
  add_missing(router, Method::get, of_dag + "/{asset_id:int}/queuedEvents",
              "get_dag_asset_queued_event", get_queued_events)
      .takes(before);
  add_missing(router, Method::del, of_dag + "/{asset_id:int}/queuedEvents",
              "delete_dag_asset_queued_event", get_queued_events)
      .takes(before);
  add_missing(router, Method::get, of_asset, "get_asset_queued_events", no_asset).takes(before);
  add_missing(router, Method::del, of_asset, "delete_asset_queued_events", no_asset).takes(before);
}

void add_asset_change_routes(Router& router) {
  router.shape("CreateAssetEventsBody",
               "!asset_id:int extra?:obj partition_key?:str? access_control?:any");
  add_missing(router, Method::post, "/api/v2/assets/events", "create_asset_event", no_asset_of_body)
      .reads("CreateAssetEventsBody");
  add_missing(router, Method::post, "/api/v2/assets/{asset_id:int}/materialize",
              "materialize_asset", no_asset);
  add_missing(router, Method::get, "/api/v2/assets/aliases/{asset_alias_id:int}", "get_asset_alias",
              no_alias);
}

void add_hitl_routes(Router& router) {
  router.tag("Task Instance");
  const std::string task =
      "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index:int}";
  router.shape("UpdateHITLDetailPayload", "!chosen_options:[str] params_input?:obj");
  add_missing(router, Method::get, task + "/hitlDetails", "get_hitl_detail", no_hitl_detail);
  add_missing(router, Method::patch, task + "/hitlDetails", "update_hitl_detail", no_hitl_detail)
      .reads("UpdateHITLDetailPayload");
  add_missing(router, Method::get, task + "/hitlDetails/tries/{try_number:int}",
              "get_hitl_detail_try_detail", no_hitl_detail);
}

}  // namespace

void add_empty_routes(Router& router) {
  router.shape("HTTPExceptionResponse", "detail:any hint?:str");
  router.shape("ValidationError", "loc:[any] msg:str type:str input?:any");
  router.shape("HTTPValidationError", "detail:[ValidationError]");
  router.shape("AssetEventCollectionResponse", "asset_events:[obj] total_entries:int");
  add_asset_lists(router);
  router.add(Method::get, "/api/v2/assets/{asset_id:int}", "get_asset", no_asset)
      .about("There are none")
      .answers_with(404, "HTTPExceptionResponse");
  router.tag("Installation");
  add_list(router, "/api/v2/plugins", "get_plugins", get_plugins, "plugins").takes(paging());
  add_list(router, "/api/v2/plugins/importErrors", "plugin_import_errors", get_plugin_errors,
           "import_errors");
  add_list(router, "/api/v2/providers", "get_providers", get_providers, "providers")
      .takes(paging());
  add_hitl_list(router);
  add_queued_event_routes(router);
  add_asset_change_routes(router);
  add_hitl_routes(router);
}

}  // namespace leoflow::api
