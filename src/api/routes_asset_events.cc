// SPDX-License-Identifier: Apache-2.0
// Events of assets: the list, those that a run is there for, and telling of one.
#include "api/lookup.h"
#include "api/present.h"
#include "api/present_assets.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

constexpr int kUpstreamEventsMax = kConsumedEventsMax;

Result<Response> get_asset_events(Call& call) {
  AssetEventQuery query{.asset_id = call.query_int("asset_id"),
                        .source_dag_id = call.query_or("source_dag_id"),
                        .source_task_id = call.query_or("source_task_id"),
                        .source_run_id = call.query_or("source_run_id"),
                        .name_pattern = call.pattern("name"),
                        .timestamp = call.time_range("timestamp")};
  if (auto index = call.query_int("source_map_index")) query.source_map_index = int(*index);
  auto order =
      call.page("id source_task_id source_dag_id source_run_id source_map_index timestamp", "id");
  if (!order) return fail(order);
  query.page = std::move(*order);
  return asset_event_collection(call, query);
}

Result<Response> get_upstream_asset_events(Call& call) {
  auto run = find_run(call);
  if (!run) return fail(run);
  AssetEventQuery query{.consumed_by = run->key,
                        .page = {.limit = kUpstreamEventsMax, .order = {{.column = "id"}}}};
  return asset_event_collection(call, query);
}

Result<Response> create_asset_event(Call& call) {
  auto asset = find_asset(call, json::int_or(call.body, "asset_id"));
  if (!asset) return fail(asset);
  if (call.has("partition_key"))
    return fail(Code::invalid, "events have no partitions",
                "leave partition_key out; the extra can say what the event is about");
  AssetEventRequest request{.asset = asset->key, .group = asset->group};
  if (const json::object* extra = json::object_or_null(call.body, "extra")) request.extra = *extra;
  request.extra["from_rest_api"] = true;
  if (json::dump(request.extra).size() > kAssetExtraBytesMax)
    return fail(Code::invalid, "the extra of an asset event has at most " +
                                   std::to_string(kAssetExtraBytesMax) + " bytes");
  auto event = wait_reply<AssetEvent>([&](auto reply) {
    call.services.engine.create_asset_event(std::move(request), std::move(reply));
  });
  if (!event) return fail(event);
  json::Writer w;
  AssetEventRow row{.event = std::move(*event), .asset_id = asset->id, .group = asset->group};
  if (auto written = write_asset_events(w, call.services, {row}); !written) return fail(written);
  return json_response(w);
}

void add_shapes(Router& router) {
  router.shape("DagRunAssetReference",
               "run_id:str dag_id:str logical_date:time? start_date:time? end_date:time? "
               "state:DagRunState data_interval_start:time? data_interval_end:time? "
               "partition_key:str?");
  router.shape("AssetEventResponse",
               "id:int asset_id:int uri:str? name:str? group:str? extra:obj? source_task_id:str? "
               "source_dag_id:str? source_run_id:str? source_map_index:int "
               "created_dagruns:[DagRunAssetReference] timestamp:time partition_key:str?");
  router.shape("AssetEventCollectionResponse",
               "asset_events:[AssetEventResponse] total_entries:int");
  router.shape("CreateAssetEventsBody",
               "!asset_id:int extra?:obj partition_key?:str? access_control?:any");
}

}  // namespace

void add_asset_event_routes(Router& router) {
  using Kind = Param::Kind;
  add_shapes(router);
  router.tag("Asset");
  router.add(Method::get, "/api/v2/assets/events", "get_asset_events", get_asset_events)
      .about("List updates of assets, with the runs they started")
      .takes(paging())
      .takes(ordered_by("id"))
      .takes({{.name = "asset_id", .kind = Kind::integer},
              {.name = "source_dag_id"},
              {.name = "source_task_id"},
              {.name = "source_run_id"},
              {.name = "source_map_index", .kind = Kind::integer}})
      .takes(pattern("name"))
      .takes(instant_range("timestamp"))
      .answers_with(200, "AssetEventCollectionResponse");
  router.add(Method::post, "/api/v2/assets/events", "create_asset_event", create_asset_event)
      .about("Tell of an update, as a task with that outlet would")
      .reads("CreateAssetEventsBody")
      .answers_with(200, "AssetEventResponse")
      .answers_with(404, "HTTPExceptionResponse");
  router.tag("DagRun");
  router
      .add(Method::get, "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/upstreamAssetEvents",
           "get_upstream_asset_events", get_upstream_asset_events)
      .about("Asset events that started the run")
      .answers_with(200, "AssetEventCollectionResponse");
}

}  // namespace leoflow::api
