// SPDX-License-Identifier: Apache-2.0
// /dags/{dag_id}/dagRuns: reading runs. Changing them: routes_trigger.cc.
#include "api/lookup.h"
#include "api/present.h"
#include "api/ranges.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

constexpr const char* kNoPartition = "No run has a partition";
constexpr std::string_view kOrder =
    "id dag_id run_id dag_run_id=run_id state run_type logical_date run_after start_date end_date "
    "updated_at "
    "duration queued_at conf data_interval_start data_interval_end triggering_user_name "
    "partition_date=id";  // none has one

Response write_runs(const Call& call, const PageOf<DagRun>& page) {
  json::Writer w;
  w.begin_object().key("dag_runs").begin_array();
  for (const DagRun& run : page.rows) write_run(w, call.services, run);
  page_members(w.end_array(), page);
  w.end_object();
  return json_response(w);
}

Result<Response> run_collection(const Call& call, const RunQuery& query) {
  auto page = call.services.store.runs().list_runs(query);
  if (!page) return fail(page);
  return write_runs(call, *page);
}

Status check_dag_of_path(const Call& call) {
  if (call.path("dag_id") == "~") return {};
  auto dag = find_dag(call, call.path("dag_id"));
  if (!dag) return fail(dag);
  return {};
}

Result<Response> get_dag_runs(Call& call) {
  if (auto status = check_dag_of_path(call); !status) return fail(status);
  RunQuery query{.dag_id = path_or_all(call, "dag_id")};
  query.dag_id_pattern = call.pattern("dag_id");
  query.run_id_pattern = call.pattern("run_id");
  query.user_pattern = call.pattern("triggering_user_name");
  for (const std::string& text : call.query_all("state"))
    query.states.push_back(*parse_run_state(text));
  for (const std::string& text : call.query_all("run_type")) {
    if (auto type = parse_run_type(text)) query.types.push_back(*type);
  }
  query.version_numbers = call.query_ints("dag_version");
  query.bundle_version = call.query_or("bundle_version");
  query.conf_contains = call.query_or("conf_contains");
  read_ranges(call, query);
  auto page = call.page(kOrder, "id");
  if (!page) return fail(page);
  query.page = std::move(*page);
  query.consuming_asset = call.query_or("consuming_asset_pattern");
  // No run has a partition.
  bool none = call.queries_any({"partition_date_gte", "partition_date_lte", "partition_key_pattern",
                                "partition_key_prefix_pattern"});
  if (none) return write_runs(call, {});
  return run_collection(call, query);
}

Result<Response> list_dag_runs_batch(Call& call) {
  if (call.path("dag_id") != "~") return fail(Code::invalid, "dag_id must be ~ here");
  RunQuery query{.dag_ids = texts_of_body(call, "dag_ids")};
  if (const json::array* states = json::array_or_null(call.body, "states")) {
    for (const json::value& state : *states) {
      if (state.is_string()) query.states.push_back(*parse_run_state(state.get_string()));
    }
  }
  query.conf_contains = call.text("conf_contains");
  read_ranges_of_body(call, query);
  auto page = page_of_body(call, kOrder);
  if (!page) return fail(page);
  query.page = std::move(*page);
  return run_collection(call, query);
}

Result<Response> get_dag_run(Call& call) {
  auto run = find_run(call);
  if (!run) return fail(run);
  json::Writer w;
  write_run(w, call.services, *run);
  return json_response(w);
}

void add_shapes(Router& router) {
  router.shape("DagRunState", "=<queued|running|success|failed>");
  router.shape("DagRunType", "=<manual|scheduled|backfill|asset_triggered|asset_materialization>");
  router.shape(
      "DAGRunResponse",
      "dag_run_id:str dag_id:str dag_display_name:str logical_date:time? queued_at:time? "
      "start_date:time? "
      "end_date:time? duration:num? data_interval_start:time? data_interval_end:time? "
      "run_after:time "
      "last_scheduling_decision:time? run_type:DagRunType state:DagRunState triggered_by:str? "
      "triggering_user_name:str? conf:obj? note:str? dag_versions:[DagVersionResponse] "
      "bundle_version:str? "
      "partition_key:str? partition_date:time?");
  router.shape("DAGRunCollectionResponse", "dag_runs:[DAGRunResponse]" + std::string(kPageMembers));
  router.shape("DAGRunsBatchBody",
               "!dag_ids?:[str]? states?:[DagRunState?]? order_by?:str? page_limit?:int(0..) "
               "page_offset?:int(0..) conf_contains?:str?" +
                   range_body_members());
}

}  // namespace

void add_dag_run_routes(Router& router) {
  add_shapes(router);
  router.tag("DagRun");
  const std::string base = "/api/v2/dags/{dag_id}/dagRuns";
  Route& list = router.add(Method::get, base, "get_dag_runs", get_dag_runs)
                    .about("List runs; dag_id ~ means all DAGs")
                    .takes(paging())
                    .takes(ordered_by("id"));
  list.takes(range_params())
      .takes({{.name = "run_type",
               .repeated = true,
               .choices = "manual|scheduled|backfill|asset_triggered|asset_materialization|"
                          "operator_triggered"},
              {.name = "state", .repeated = true, .choices = "queued|running|success|failed"},
              {.name = "dag_version",
               .kind = Param::Kind::integer,
               .summary = "Version numbers",
               .repeated = true,
               .minimum = 0},
              {.name = "bundle_version"},
              {.name = "conf_contains", .summary = "Part of the conf as JSON text"}})
      .takes(pattern("run_id"))
      .takes(pattern("triggering_user_name"))
      .takes(pattern("dag_id"))
      .takes(cursor())
      .takes({{.name = "partition_date_gte", .summary = kNoPartition},
              {.name = "partition_date_lte", .summary = kNoPartition},
              {.name = "partition_key_pattern", .summary = kNoPartition},
              {.name = "partition_key_prefix_pattern", .summary = kNoPartition},
              {.name = "consuming_asset_pattern",
               .summary = "Part of name or URI of an asset whose events it consumed"}})
      .answers_with(200, "DAGRunCollectionResponse");
  router.add(Method::post, base + "/list", "get_list_dag_runs_batch", list_dag_runs_batch)
      .about("List runs by a body instead of a query")
      .unaudited()
      .reads("DAGRunsBatchBody")
      .answers_with(200, "DAGRunCollectionResponse");
  router.add(Method::get, base + "/{dag_run_id}", "get_dag_run", get_dag_run)
      .about("One run")
      .answers_with(200, "DAGRunResponse");
}

}  // namespace leoflow::api
