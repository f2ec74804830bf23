// SPDX-License-Identifier: Apache-2.0
#include "api/present_assets.h"

#include <algorithm>

#include "api/present.h"

namespace leoflow::api {
namespace {

using Named = AssetReference::Role;

// The rows of a list that belong to one of many ids.
template <typename Row, typename Id>
std::vector<const Row*> rows_of(const std::vector<Row>& rows, int64_t id, Id id_of) {
  std::vector<const Row*> found;
  for (const Row& row : rows) {
    if (std::invoke(id_of, row) == id) found.push_back(&row);
  }
  return found;
}

void write_references(json::Writer& w, std::string_view name,
                      const std::vector<const AssetReference*>& references, Named role) {
  w.key(name).begin_array();
  for (const AssetReference* one : references) {
    if (one->role != role) continue;
    w.begin_object().member("dag_id", one->dag_id);
    if (role != Named::schedule) w.member("task_id", one->task_id);
    w.member("created_at", api_time(one->created_at));
    w.member("updated_at", api_time(one->updated_at)).end_object();
  }
  w.end_array();
}

void write_last_event(json::Writer& w, const std::vector<const AssetEventRow*>& events) {
  w.key("last_asset_event").begin_object();
  if (events.empty()) {
    w.member_null("id").member_null("timestamp");
  } else {
    w.member("id", events.front()->event.id);
    w.member("timestamp", api_time(events.front()->event.at));
  }
  w.end_object();
}

void write_created_run(json::Writer& w, const DagRun& run) {
  w.begin_object().member("run_id", run.run_id).member("dag_id", run.dag_id);
  member_time(w, "logical_date", run.logical_date);
  member_time(w, "start_date", run.start_date);
  member_time(w, "end_date", run.end_date);
  w.member("state", to_string(run.state));
  member_time(w, "data_interval_start", run.interval_start);
  member_time(w, "data_interval_end", run.interval_end);
  w.member_null("partition_key").end_object();
}

void write_event(json::Writer& w, const AssetEventRow& row,
                 const std::vector<const std::pair<int64_t, DagRun>*>& runs) {
  const AssetEvent& event = row.event;
  w.begin_object().member("id", event.id).member("asset_id", row.asset_id);
  w.member("uri", event.asset.uri).member("name", event.asset.name).member("group", row.group);
  w.key("extra").raw(event.extra);
  member_text(w, "source_task_id", event.task_id);
  member_text(w, "source_dag_id", event.dag_id);
  member_text(w, "source_run_id", event.run_id);
  w.member("source_map_index", event.map_index).key("created_dagruns").begin_array();
  for (const auto* run : runs) write_created_run(w, run->second);
  w.end_array().member("timestamp", api_time(event.at)).member_null("partition_key").end_object();
}

}  // namespace

Status write_assets(json::Writer& w, const Services& services, const std::vector<Asset>& assets) {
  std::vector<int64_t> ids;
  for (const Asset& asset : assets) ids.push_back(asset.id);
  AssetStore& store = services.store.assets();
  auto references = store.references(ids);
  if (!references) return fail(references);
  auto last = store.last_events(ids);
  if (!last) return fail(last);
  auto links = ids.empty() ? Result<std::vector<AliasLink>>() : store.alias_links(ids);
  if (!links) return fail(links);
  for (const Asset& asset : assets) {
    auto mine = rows_of(*references, asset.id, &AssetReference::asset_id);
    w.begin_object().member("id", asset.id).member("name", asset.key.name);
    w.member("uri", asset.key.uri).member("group", asset.group).key("extra").raw(asset.extra);
    w.member("created_at", api_time(asset.created_at));
    w.member("updated_at", api_time(asset.updated_at));
    write_references(w, "scheduled_dags", mine, Named::schedule);
    write_references(w, "producing_tasks", mine, Named::outlet);
    write_references(w, "consuming_tasks", mine, Named::inlet);
    w.key("aliases").begin_array();
    for (const AliasLink* link : rows_of(*links, asset.id, &AliasLink::asset_id)) {
      w.begin_object().member("id", link->alias_id).member("name", link->alias);
      w.member("group", "asset").end_object();
    }
    w.end_array().key("watchers").begin_array().end_array();
    write_last_event(w, rows_of(*last, asset.id, &AssetEventRow::asset_id));
    w.end_object();
  }
  return {};
}

Status write_asset_events(json::Writer& w, const Services& services,
                          const std::vector<AssetEventRow>& events) {
  std::vector<int64_t> ids;
  for (const AssetEventRow& row : events) ids.push_back(row.event.id);
  auto runs = services.store.assets().runs_of(ids);
  if (!runs) return fail(runs);
  for (const AssetEventRow& row : events) {
    write_event(w, row, rows_of(*runs, row.event.id, &std::pair<int64_t, DagRun>::first));
  }
  return {};
}

Result<Response> asset_event_collection(const Call& call, const AssetEventQuery& query) {
  auto page = call.services.store.assets().list_events(query);
  if (!page) return fail(page);
  json::Writer w;
  w.begin_object().key("asset_events").begin_array();
  if (auto written = write_asset_events(w, call.services, page->rows); !written)
    return fail(written);
  w.end_array().member("total_entries", page->total).end_object();
  return json_response(w);
}

Result<Asset> find_asset(const Call& call, int64_t id) {
  auto asset = call.services.store.assets().get(id);
  if (!asset) return fail(asset);
  if (!*asset) {
    return fail(Code::not_found, "The Asset with ID: `" + std::to_string(id) + "` was not found");
  }
  return std::move(**asset);
}

}  // namespace leoflow::api
