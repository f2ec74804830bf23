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

Result<Response> get_plugins(Call&) { return empty_list("plugins"); }
Result<Response> get_plugin_errors(Call&) { return empty_list("import_errors"); }
Result<Response> get_providers(Call&) { return empty_list("providers"); }

Result<Response> get_hitl_details(Call& call) {
  return empty_list(call, "hitl_details",
                    "ti_id subject responded_at created_at responded_by_user_id "
                    "responded_by_user_name dag_id run_id task_display_name run_after "
                    "rendered_map_index task_instance_operator task_instance_state");
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

// Airflow's filters of the list: what is wrong in a request is told, though nothing is there.
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
  router.tag("Installation");
  add_list(router, "/api/v2/plugins", "get_plugins", get_plugins, "plugins").takes(paging());
  add_list(router, "/api/v2/plugins/importErrors", "plugin_import_errors", get_plugin_errors,
           "import_errors");
  add_list(router, "/api/v2/providers", "get_providers", get_providers, "providers")
      .takes(paging());
  add_hitl_list(router);
  add_hitl_routes(router);
}

}  // namespace leoflow::api
