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

Result<Response> get_assets(Call&) { return empty_list("assets"); }
Result<Response> get_asset_aliases(Call&) { return empty_list("asset_aliases"); }
Result<Response> get_asset_events(Call&) { return empty_list("asset_events"); }
Result<Response> get_backfills(Call&) { return empty_list("backfills"); }
Result<Response> get_plugins(Call&) { return empty_list("plugins"); }
Result<Response> get_plugin_errors(Call&) { return empty_list("import_errors"); }
Result<Response> get_providers(Call&) { return empty_list("providers"); }
Result<Response> get_jobs(Call&) { return empty_list("jobs"); }
Result<Response> get_hitl_details(Call&) { return empty_list("hitl_details"); }

Result<Response> no_asset(Call& call) {
  return fail(Code::not_found, "The Asset with ID: `" + call.path("asset_id") + "` was not found");
}

Result<Response> no_backfill(Call& call) {
  return fail(Code::not_found, "Could not find backfill with id " + call.path("backfill_id"));
}

Result<Response> config_hidden(Call&) {
  return fail(Code::denied, "Your administrator chose not to expose the configuration");
}

void add_list(Router& router, const std::string& path, std::string_view operation, Handler handler,
              std::string_view member) {
  std::string shape(operation);
  shape = "Empty_" + shape;
  router.shape(shape, std::string(member) + ":[obj] total_entries:int");
  router.add(Method::get, path, operation, handler)
      .about("Empty on this server")
      .answers_with(200, shape);
}

}  // namespace

void add_empty_routes(Router& router) {
  router.shape("HTTPExceptionResponse", "detail:any hint?:str");
  router.shape("ValidationError", "loc:[any] msg:str type:str input?:any");
  router.shape("HTTPValidationError", "detail:[ValidationError]");
  router.shape("AssetEventCollectionResponse", "asset_events:[obj] total_entries:int");
  router.tag("Asset");
  add_list(router, "/api/v2/assets", "get_assets", get_assets, "assets");
  add_list(router, "/api/v2/assets/aliases", "get_asset_aliases", get_asset_aliases,
           "asset_aliases");
  add_list(router, "/api/v2/assets/events", "get_asset_events", get_asset_events, "asset_events");
  router.add(Method::get, "/api/v2/assets/{asset_id:int}", "get_asset", no_asset)
      .about("There are none")
      .answers_with(404, "HTTPExceptionResponse");
  router.tag("Backfill");
  router.shape("BackfillCollectionResponse", "backfills:[obj] total_entries:int");
  router.add(Method::get, "/api/v2/backfills", "list_backfills", get_backfills)
      .about("Empty on this server")
      .takes({{.name = "dag_id", .required = true}})
      .answers_with(200, "BackfillCollectionResponse");
  router.add(Method::get, "/api/v2/backfills/{backfill_id:int}", "get_backfill", no_backfill)
      .about("There are none")
      .answers_with(404, "HTTPExceptionResponse");
  router.tag("Installation");
  add_list(router, "/api/v2/plugins", "get_plugins", get_plugins, "plugins");
  add_list(router, "/api/v2/plugins/importErrors", "plugin_import_errors", get_plugin_errors,
           "import_errors");
  add_list(router, "/api/v2/providers", "get_providers", get_providers, "providers");
  add_list(router, "/api/v2/jobs", "get_jobs", get_jobs, "jobs");
  add_list(router, "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails", "get_hitl_details",
           get_hitl_details, "hitl_details");
  router.add(Method::get, "/api/v2/config", "get_config", config_hidden)
      .about("Not shown: always 403")
      .answers_with(403, "HTTPExceptionResponse");
  router
      .add(Method::get, "/api/v2/config/section/{section}/option/{option}", "get_config_value",
           config_hidden)
      .about("Not shown: always 403")
      .answers_with(403, "HTTPExceptionResponse");
}

}  // namespace leoflow::api
