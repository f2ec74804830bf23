// SPDX-License-Identifier: Apache-2.0
// /api/leoflow/v1/dagRuns/latest: the newest runs of each of many DAGs, so that a list of DAGs asks
// once for what its rows show. Each DAG costs a walk along the index of its own runs.
#include "api/call.h"
#include "api/present.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

constexpr size_t kDagsMax = 100;
constexpr int64_t kRunsDefault = 14, kRunsMax = 50;  // of each

void write_latest(json::Writer& w, const DagRun& run) {
  w.begin_object().member("dag_id", run.dag_id).member("dag_run_id", run.run_id);
  w.member("run_type", to_string(run.type)).member("state", to_string(run.state));
  w.member("run_after", api_time(run.run_after)).member("queued_at", api_time(run.queued_at));
  member_time(w, "start_date", run.start_date);
  member_time(w, "end_date", run.end_date);
  member_duration(w, run.start_date, run.end_date);
  w.end_object();
}

Result<Response> list_latest_runs(Call& call) {
  auto dag_ids = texts_of_body(call, "dag_ids");
  if (dag_ids.size() > kDagsMax)
    return fail(Code::invalid, "dag_ids: more than " + std::to_string(kDagsMax) + " DAGs",
                "ask for the rest in another request");
  RunQuery query;
  query.page.limit = int(json::int_or(call.body, "limit", kRunsDefault));
  query.page.order = {{.column = "run_after", .descending = true}};
  json::Writer w;
  w.begin_object().key("dag_runs").begin_array();
  for (std::string& dag_id : dag_ids) {
    query.dag_id = std::move(dag_id);
    auto page = call.services.store.runs().list_runs(query);
    if (!page) return fail(page);
    for (const DagRun& run : page->rows) write_latest(w, run);
  }
  w.end_array().end_object();
  return json_response(w);
}

}  // namespace

void add_latest_run_routes(Router& router) {
  router.shape("LatestRun",
               "dag_id:str dag_run_id:str run_type:DagRunType state:DagRunState run_after:time "
               "queued_at:time? start_date:time? end_date:time? duration:num?");
  router.shape("LatestRunsResponse", "dag_runs:[LatestRun]");
  router.shape("LatestRunsBody", "!dag_ids:[str] limit?:int(1.." + std::to_string(kRunsMax) + ")");
  router.tag("DagRun");
  router.add(Method::post, "/api/leoflow/v1/dagRuns/latest", "list_latest_runs", list_latest_runs)
      .about("The newest runs of each of at most " + std::to_string(kDagsMax) +
             " DAGs, newest first; DAGs in the order asked for")
      .unaudited()
      .reads("LatestRunsBody")
      .answers_with(200, "LatestRunsResponse");
}

}  // namespace leoflow::api
