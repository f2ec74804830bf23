// SPDX-License-Identifier: Apache-2.0
#include "store/sql/asset_store.h"

#include "store/sql/queries_assets.h"
#include "store/sql/queries_engine.h"
#include "store/sql/rows.h"
#include "store/sql/simple_query.h"

namespace leoflow::sql {
namespace {

constexpr auto kSelectEventRuns =
    "SELECT used.event_id, " + kRunColumns +
    " FROM asset_event_runs used JOIN runs run ON run.run_key = used.run_key WHERE used.event_id" +
    dialect::kInOpen + "$event_ids" + dialect::kInClose + " ORDER BY used.event_id, run.run_key";

AssetKey read_key(Row& row) {
  AssetKey key;
  key.name = row.text();
  key.uri = row.text();
  return key;
}

Asset read_asset(Row& row) {
  Asset asset;
  asset.id = row.integer();
  asset.key = read_key(row);
  asset.group = row.text();
  asset.extra = row.text();
  asset.created_at = row.time();
  asset.updated_at = row.time();
  return asset;
}

AssetAlias read_alias(Row& row) {
  AssetAlias alias;
  alias.id = row.integer();
  alias.name = row.text();
  alias.group = row.text();
  return alias;
}

AliasLink read_link(Row& row) {
  AliasLink link;
  link.alias = row.text();
  link.alias_id = row.integer();
  link.asset_id = row.integer();
  link.asset = read_key(row);
  return link;
}

std::optional<AssetReference::Role> parse_role(std::string_view text) {
  using Role = AssetReference::Role;
  if (text == "schedule") return Role::schedule;
  if (text == "outlet") return Role::outlet;
  return text == "inlet" ? std::optional(Role::inlet) : std::nullopt;
}

AssetReference read_reference(Row& row) {
  AssetReference reference;
  reference.role = row.name(parse_role);
  reference.asset_id = row.integer();
  reference.dag_id = row.text();
  reference.task_id = row.text();
  reference.created_at = reference.updated_at = row.time();
  return reference;
}

AssetEventRow read_event_row(Row& row) {
  AssetEventRow event;
  event.event.id = row.integer();
  event.event.asset = read_key(row);
  event.event.at = row.time();
  event.event.extra = row.text();
  event.event.dag_id = row.text();
  event.event.task_id = row.text();
  event.event.run_id = row.text();
  event.event.map_index = row.number();
  event.asset_id = row.integer();
  event.group = row.text();
  return event;
}

std::pair<int64_t, std::string> read_event_alias(Row& row) {
  int64_t event = row.integer();
  return {event, row.text()};
}

std::pair<int64_t, DagRun> read_event_run(Row& row) {
  int64_t event = row.integer();
  return {event, read_run(row)};
}

QueuedAssetRow read_queued(Row& row) {
  QueuedAssetRow queued;
  queued.queued.dag_id = row.text();
  queued.queued.asset = read_key(row);
  queued.queued.at = row.time();
  queued.asset_id = row.integer();
  return queued;
}

Where conditions_of(const AssetEventQuery& query) {
  Where where;
  if (query.asset_id) where.add(kEventOfAsset, "$asset_id", *query.asset_id);
  where.equal("event.source_dag_id", "$source_dag_id", query.source_dag_id);
  where.equal("event.source_task_id", "$source_task_id", query.source_task_id);
  where.equal("event.source_run_id", "$source_run_id", query.source_run_id);
  if (query.source_map_index)
    where.add(kEventOfMapIndex, "$map_index", int64_t(*query.source_map_index));
  where.matches("asset.name", "$name_pattern", query.name_pattern);
  where.range("event.happened_at", "$timestamp", query.timestamp);
  if (query.consumed_by) where.add(kEventConsumedBy, "$run_key", query.consumed_by->value);
  if (!query.alias.empty()) where.add(kEventUnderAlias, "$alias", query.alias);
  if (query.dags_allowed) where.add_list(kEventOfDags, "$dags_allowed", *query.dags_allowed);
  return where;
}

}  // namespace

Result<PageOf<Asset>> SqlAssetStore::list(const AssetQuery& query) {
  Where where;
  where.matches("asset.name", "$name_pattern", query.name_pattern);
  where.matches("asset.uri", "$uri_pattern", query.uri_pattern);
  if (!query.dag_ids.empty()) where.add_list(kAssetOfDags, "$dag_ids", query.dag_ids);
  if (query.only_active) where.add(kAssetIsActive);
  if (query.dags_allowed) where.add_list(kAssetOfAllowed, "$dags_allowed", *query.dags_allowed);
  ListQuery list{kListAssets, kCountAssets, kAssetOrder, "asset.asset_id"};
  return database_.read([&](Connection& connection) {
    return read_page(connection, list, where, query.page, read_asset);
  });
}

Result<std::optional<Asset>> SqlAssetStore::get(int64_t id) {
  return select_row(database_, kSelectAsset, read_asset,
                    [&](Query& query) { query.bind("$asset_id", id); });
}

Result<std::optional<Asset>> SqlAssetStore::find(const AssetKey& key) {
  if (!key.name.empty() && !key.uri.empty()) {
    return select_row(database_, kFindAsset, read_asset,
                      [&](Query& query) { query.bind("$name", key.name).bind("$uri", key.uri); });
  }
  bool by_name = !key.name.empty();
  return select_row(database_, by_name ? kFindAssetByName.view() : kFindAssetByUri.view(),
                    read_asset,
                    [&](Query& query) { query.bind("$text", by_name ? key.name : key.uri); });
}

Result<PageOf<AssetAlias>> SqlAssetStore::list_aliases(const AssetAliasQuery& query) {
  Where where;
  where.matches("alias.name", "$name_pattern", query.name_pattern);
  if (query.dags_allowed) where.add_list(kAliasOfAllowed, "$dags_allowed", *query.dags_allowed);
  ListQuery list{kListAliases, kCountAliases, kAliasOrder, "alias.alias_id"};
  return database_.read([&](Connection& connection) {
    return read_page(connection, list, where, query.page, read_alias);
  });
}

Result<std::optional<AssetAlias>> SqlAssetStore::get_alias(int64_t id) {
  return select_row(database_, kSelectAlias, read_alias,
                    [&](Query& query) { query.bind("$alias_id", id); });
}

Result<std::vector<AssetReference>> SqlAssetStore::references(const std::vector<int64_t>& assets) {
  std::string ids = json_list(assets);
  return select_rows(database_, kSelectReferences, read_reference,
                     [&](Query& query) { query.bind("$asset_ids", ids); });
}

Result<std::vector<AliasLink>> SqlAssetStore::alias_links(const std::vector<int64_t>& assets) {
  if (assets.empty()) return select_rows(database_, kSelectAliasLinks, read_link);
  std::string ids = json_list(assets);
  return select_rows(database_, kSelectLinksOfAssets, read_link,
                     [&](Query& query) { query.bind("$asset_ids", ids); });
}

Result<PageOf<AssetEventRow>> SqlAssetStore::list_events(const AssetEventQuery& query) {
  Where where = conditions_of(query);
  ListQuery list{kListAssetEvents, kCountAssetEvents, kAssetEventOrder, "event.event_id"};
  return database_.read([&](Connection& connection) {
    return read_page(connection, list, where, query.page, read_event_row);
  });
}

Result<std::vector<AssetEventRow>> SqlAssetStore::last_events(const std::vector<int64_t>& assets) {
  std::string ids = json_list(assets);
  return select_rows(database_, kSelectLastEvents, read_event_row,
                     [&](Query& query) { query.bind("$asset_ids", ids); });
}

Result<std::vector<std::pair<int64_t, std::string>>> SqlAssetStore::aliases_of(
    const std::vector<int64_t>& events) {
  std::string ids = json_list(events);
  return select_rows(database_, kSelectEventAliases, read_event_alias,
                     [&](Query& query) { query.bind("$event_ids", ids); });
}

Result<std::vector<std::pair<int64_t, DagRun>>> SqlAssetStore::runs_of(
    const std::vector<int64_t>& events) {
  std::string ids = json_list(events);
  return select_rows(database_, kSelectEventRuns, read_event_run,
                     [&](Query& query) { query.bind("$event_ids", ids); });
}

Result<std::vector<QueuedAssetRow>> SqlAssetStore::queued(const QueuedAssetQuery& query) {
  Where where;
  where.equal("queued.dag_id", "$dag_id", query.dag_id);
  if (query.asset_id) where.add(kQueuedOfAsset, "$asset_id", *query.asset_id);
  if (query.before) where.add(kQueuedBefore, "$before", to_micros(*query.before));
  where.only("queued.dag_id", "$dags_allowed", query.dags_allowed);
  return database_.read([&](Connection& connection) -> Result<std::vector<QueuedAssetRow>> {
    std::string sql = std::string(kListQueued.view()) + where.text();
    sql += kQueuedOrder.view();
    Result<Query> select = connection.query(sql);
    if (!select) return fail(select);
    where.bind_to(*select);
    return read_all(*select, read_queued);
  });
}

}  // namespace leoflow::sql
