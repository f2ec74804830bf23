// SPDX-License-Identifier: Apache-2.0
// /assets: what there is, its aliases, making an asset anew, and what DAGs have queued.
#include <algorithm>
#include <set>

#include "api/lookup.h"
#include "api/present.h"
#include "api/present_assets.h"
#include "api/routes.h"
#include "api/trigger.h"

namespace leoflow::api {
namespace {

Result<Response> get_assets(Call& call) {
  AssetQuery query{.name_pattern = call.pattern("name"),
                   .uri_pattern = call.pattern("uri"),
                   .dag_ids = call.query_all("dag_ids"),
                   .only_active = call.query_bool("only_active").value_or(true)};
  auto order = call.page("id name uri created_at updated_at", "id");
  if (!order) return fail(order);
  query.page = std::move(*order);
  auto page = call.services.store.assets().list(query);
  if (!page) return fail(page);
  json::Writer w;
  w.begin_object().key("assets").begin_array();
  if (auto written = write_assets(w, call.services, page->rows); !written) return fail(written);
  w.end_array().member("total_entries", page->total).end_object();
  return json_response(w);
}

Result<Response> get_asset(Call& call) {
  auto asset = find_asset(call, call.path_id("asset_id"));
  if (!asset) return fail(asset);
  json::Writer w;
  if (auto written = write_assets(w, call.services, {*asset}); !written) return fail(written);
  return json_response(w);
}

void write_alias(json::Writer& w, const AssetAlias& alias) {
  w.begin_object().member("id", alias.id).member("name", alias.name);
  w.member("group", alias.group).end_object();
}

Result<Response> get_asset_aliases(Call& call) {
  AssetAliasQuery query{.name_pattern = call.pattern("name")};
  auto order = call.page("id name", "id");
  if (!order) return fail(order);
  query.page = std::move(*order);
  auto page = call.services.store.assets().list_aliases(query);
  if (!page) return fail(page);
  json::Writer w;
  w.begin_object().key("asset_aliases").begin_array();
  for (const AssetAlias& alias : page->rows) write_alias(w, alias);
  w.end_array().member("total_entries", page->total).end_object();
  return json_response(w);
}

Result<Response> get_asset_alias(Call& call) {
  int64_t id = call.path_id("asset_alias_id");
  auto alias = call.services.store.assets().get_alias(id);
  if (!alias) return fail(alias);
  if (!*alias) {
    return fail(Code::not_found,
                "The Asset Alias with ID: `" + std::to_string(id) + "` was not found");
  }
  json::Writer w;
  write_alias(w, **alias);
  return json_response(w);
}

// Runs the DAG that makes the asset.
Result<Response> materialize_asset(Call& call) {
  auto asset = find_asset(call, call.path_id("asset_id"));
  if (!asset) return fail(asset);
  auto references = call.services.store.assets().references({asset->id});
  if (!references) return fail(references);
  std::set<std::string> makers;
  for (const AssetReference& one : *references) {
    if (one.role == AssetReference::Role::outlet) makers.insert(one.dag_id);
  }
  const std::string name = "asset with ID: " + std::to_string(asset->id);
  if (makers.empty()) return fail(Code::not_found, "No DAG materializes " + name);
  if (makers.size() > 1)
    return fail(Code::conflict, "More than one DAG materializes " + name,
                "trigger the one that is meant: POST /dags/{dag_id}/dagRuns");
  call.audit.dag_id = *makers.begin();
  return trigger_run(call, *makers.begin(), RunType::asset_materialization);
}

// Which queued events a path and `before` mean. `not_found` for an unknown DAG or asset.
Result<QueuedAssetQuery> queued_query(const Call& call) {
  QueuedAssetQuery query{.before = call.query_time("before")};
  auto named = [&](std::string_view part) {
    return std::ranges::any_of(call.path_params,
                               [&](const auto& param) { return param.first == part; });
  };
  if (named("dag_id")) {
    auto dag = find_dag(call, call.path("dag_id"));
    if (!dag) return fail(dag);
    query.dag_id = dag->dag_id;
  }
  if (named("asset_id")) query.asset_id = call.path_id("asset_id");
  return query;
}

std::unexpected<Error> none_queued(const QueuedAssetQuery& query) {
  std::string what = "Queue event with ";
  if (!query.dag_id.empty()) what += "dag_id: `" + query.dag_id + "`";
  if (!query.dag_id.empty() && query.asset_id) what += " and ";
  if (query.asset_id) what += "asset_id: `" + std::to_string(*query.asset_id) + "`";
  return fail(Code::not_found, what + " was not found");
}

void write_queued(json::Writer& w, const Services& services, const QueuedAssetRow& row) {
  auto dag = services.store.dags().get_dag(row.queued.dag_id);
  VersionPtr version =
      dag && *dag ? version_or_null(services, (*dag)->current_version) : VersionPtr();
  w.begin_object().member("dag_id", row.queued.dag_id).member("asset_id", row.asset_id);
  w.member("created_at", api_time(row.queued.at));
  w.member("dag_display_name", dag_name(version, row.queued.dag_id)).end_object();
}

Result<Response> get_queued(Call& call) {
  auto query = queued_query(call);
  if (!query) return fail(query);
  auto rows = call.services.store.assets().queued(*query);
  if (!rows) return fail(rows);
  if (rows->empty()) return none_queued(*query);
  json::Writer w;
  if (!query->dag_id.empty() && query->asset_id) {
    write_queued(w, call.services, rows->front());
    return json_response(w);
  }
  w.begin_object().key("queued_events").begin_array();
  for (const QueuedAssetRow& row : *rows) write_queued(w, call.services, row);
  w.end_array().member("total_entries", int64_t(rows->size())).end_object();
  return json_response(w);
}

Result<Response> delete_queued(Call& call) {
  auto query = queued_query(call);
  if (!query) return fail(query);
  QueuedAssets which{.before = query->before};
  if (!query->dag_id.empty()) which.dag_ids = {{query->dag_id}};
  if (query->asset_id) {
    auto asset = find_asset(call, *query->asset_id);
    if (!asset) return fail(asset);
    which.asset = asset->key;
  }
  auto forgotten = wait_reply<int64_t>([&](auto reply) {
    call.services.engine.forget_queued_assets(std::move(which), std::move(reply));
  });
  if (!forgotten) return fail(forgotten);
  if (*forgotten == 0) return none_queued(*query);
  return no_content();
}

void add_shapes(Router& router) {
  router.shape("DagScheduleAssetReference", "dag_id:str created_at:time updated_at:time");
  router.shape("TaskAssetReference", "dag_id:str task_id:str created_at:time updated_at:time");
  router.shape("AssetAliasResponse", "id:int name:str group:str");
  router.shape("LastAssetEventResponse", "id:int? timestamp:time?");
  router.shape("AssetResponse",
               "id:int name:str uri:str group:str extra:obj? created_at:time updated_at:time "
               "scheduled_dags:[DagScheduleAssetReference] producing_tasks:[TaskAssetReference] "
               "consuming_tasks:[TaskAssetReference] aliases:[AssetAliasResponse] watchers:[obj] "
               "last_asset_event:LastAssetEventResponse?");
  router.shape("AssetCollectionResponse", "assets:[AssetResponse] total_entries:int");
  router.shape("AssetAliasCollectionResponse",
               "asset_aliases:[AssetAliasResponse] total_entries:int");
  router.shape("QueuedEventResponse",
               "dag_id:str asset_id:int created_at:time dag_display_name:str");
  router.shape("QueuedEventCollectionResponse",
               "queued_events:[QueuedEventResponse] total_entries:int");
  router.shape(
      "MaterializeAssetBody",
      "!dag_run_id?:str? logical_date?:time? data_interval_start?:time? data_interval_end?:time? "
      "run_after?:time? conf?:obj? note?:str(..1000)? partition_key?:str?");
}

void add_queued_routes(Router& router) {
  const std::string of_dag = "/api/v2/dags/{dag_id}/assets";
  const std::string of_asset = "/api/v2/assets/{asset_id:int}/queuedEvents";
  const std::string of_both = of_dag + "/{asset_id:int}/queuedEvents";
  const std::vector<Param> before{{.name = "before", .kind = Param::Kind::instant}};
  const char* shown = "Updates that a DAG has seen while its condition was not true yet";
  router.add(Method::get, of_dag + "/queuedEvents", "get_dag_asset_queued_events", get_queued)
      .about(shown)
      .takes(before)
      .answers_with(200, "QueuedEventCollectionResponse");
  router.add(Method::get, of_both, "get_dag_asset_queued_event", get_queued)
      .about(shown)
      .takes(before)
      .answers_with(200, "QueuedEventResponse");
  router.add(Method::get, of_asset, "get_asset_queued_events", get_queued)
      .about(shown)
      .takes(before)
      .answers_with(200, "QueuedEventCollectionResponse");
  const char* forgotten = "The DAG waits for these updates anew";
  router.add(Method::del, of_dag + "/queuedEvents", "delete_dag_asset_queued_events", delete_queued)
      .about(forgotten)
      .takes(before)
      .answers_with(204);
  router.add(Method::del, of_both, "delete_dag_asset_queued_event", delete_queued)
      .about(forgotten)
      .takes(before)
      .answers_with(204);
  router.add(Method::del, of_asset, "delete_asset_queued_events", delete_queued)
      .about(forgotten)
      .takes(before)
      .answers_with(204);
}

}  // namespace

void add_asset_routes(Router& router) {
  using Kind = Param::Kind;
  add_shapes(router);
  router.tag("Asset");
  router.add(Method::get, "/api/v2/assets", "get_assets", get_assets)
      .about("List assets with the DAGs and tasks that name them")
      .takes(paging())
      .takes(ordered_by("id"))
      .takes(pattern("name"))
      .takes(pattern("uri"))
      .takes({{.name = "dag_ids", .summary = "That one of these DAGs names", .repeated = true},
              {.name = "only_active",
               .kind = Kind::boolean,
               .summary = "That a DAG still names",
               .fallback = "true"}})
      .answers_with(200, "AssetCollectionResponse");
  router.add(Method::get, "/api/v2/assets/aliases", "get_asset_aliases", get_asset_aliases)
      .about("List asset aliases")
      .takes(paging())
      .takes(ordered_by("id"))
      .takes(pattern("name"))
      .answers_with(200, "AssetAliasCollectionResponse");
  router
      .add(Method::get, "/api/v2/assets/aliases/{asset_alias_id:int}", "get_asset_alias",
           get_asset_alias)
      .about("One asset alias")
      .answers_with(200, "AssetAliasResponse");
  router.add(Method::get, "/api/v2/assets/{asset_id:int}", "get_asset", get_asset)
      .about("One asset")
      .answers_with(200, "AssetResponse");
  router
      .add(Method::post, "/api/v2/assets/{asset_id:int}/materialize", "materialize_asset",
           materialize_asset)
      .about("Run the DAG whose task makes the asset; 409 if there are several")
      .reads("MaterializeAssetBody")
      .body_may_be_missing()
      .answers_with(200, "DAGRunResponse");
  add_queued_routes(router);
}

}  // namespace leoflow::api
