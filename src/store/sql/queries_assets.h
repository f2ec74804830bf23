// SPDX-License-Identifier: Apache-2.0
// Assets, events and who names them. Column lists are in the order of the readers in
// asset_store.cc.
#pragma once

#include "store/sql/dialect.h"
#include "store/sql/listing.h"

namespace leoflow::sql {

// -- What a batch writes.
inline constexpr SqlText kInsertAsset(
    "INSERT INTO assets (name, uri, asset_group, extra, created_at, updated_at) VALUES ($name, "
    "$uri, $group, $extra, $at, $at) ON CONFLICT (name, uri) DO NOTHING");
inline constexpr SqlText kInsertAlias(
    "INSERT INTO asset_aliases (name, alias_group) VALUES ($name, $group) ON CONFLICT (name) DO "
    "NOTHING");
inline constexpr SqlText kLinkAlias(
    "INSERT INTO asset_alias_links (alias_id, asset_id) SELECT alias.alias_id, asset.asset_id FROM "
    "asset_aliases alias, assets asset WHERE alias.name = $alias AND asset.name = $name AND "
    "asset.uri = $uri ON CONFLICT DO NOTHING");
inline constexpr SqlText kInsertAssetEvent(
    "INSERT INTO asset_events (event_id, asset_id, happened_at, extra, source_dag_id, "
    "source_task_id, source_run_id, source_map_index) SELECT $event_id, asset_id, $at, $extra, "
    "$dag_id, $task_id, $run_id, $map_index FROM assets WHERE name = $name AND uri = $uri");
inline constexpr SqlText kInsertEventAlias(
    "INSERT INTO asset_event_aliases (event_id, alias_id) SELECT $event_id, alias_id FROM "
    "asset_aliases WHERE name = $alias ON CONFLICT DO NOTHING");
inline constexpr SqlText kQueueAsset(
    "INSERT INTO asset_queue (dag_id, asset_id, queued_at) SELECT dag.dag_id, "
    "asset.asset_id, $at FROM assets asset JOIN dags dag ON dag.dag_id = $dag_id WHERE asset.name "
    "= $name AND asset.uri = $uri ON CONFLICT (dag_id, asset_id) DO UPDATE SET "
    "queued_at = excluded.queued_at");
inline constexpr SqlText kUnqueueAsset(
    "DELETE FROM asset_queue WHERE dag_id = $dag_id AND asset_id = (SELECT asset_id FROM assets "
    "WHERE name = $name AND uri = $uri)");
inline constexpr SqlText kUnqueueAssets("DELETE FROM asset_queue WHERE dag_id = $dag_id");
// The newest ones after the mark, of the assets that the schedule names or that were told under an
// alias it names.
inline constexpr SqlText kConsumeEvents(
    "INSERT INTO asset_event_runs (run_key, event_id) SELECT $run_key, event.event_id FROM "
    "asset_events event WHERE event.event_id <= $last_event AND event.event_id > "
    "coalesce((SELECT event_id FROM asset_marks WHERE dag_id = $dag_id), 0) AND event.asset_id IN "
    "(SELECT asset.asset_id FROM dag_assets named JOIN assets asset ON asset.name = named.name AND "
    "asset.uri = named.uri WHERE named.dag_id = $dag_id AND named.role = 'schedule' AND named.kind "
    "= 'asset' UNION SELECT link.asset_id FROM dag_assets named JOIN asset_aliases alias ON "
    "alias.name = named.name JOIN asset_alias_links link ON link.alias_id = alias.alias_id WHERE "
    "named.dag_id = $dag_id AND named.role = 'schedule' AND named.kind = 'alias') "
    "ORDER BY event.event_id DESC LIMIT $events_max");
inline constexpr SqlText kMarkConsumed(
    "INSERT INTO asset_marks (dag_id, event_id) SELECT dag_id, $last_event FROM dags WHERE dag_id "
    "= $dag_id ON CONFLICT (dag_id) DO UPDATE SET event_id = excluded.event_id");

// -- What the current version of a DAG names.
inline constexpr SqlText kUpsertAsset(
    "INSERT INTO assets (name, uri, asset_group, extra, created_at, updated_at) VALUES ($name, "
    "$uri, $group, $extra, $at, $at) ON CONFLICT (name, uri) DO UPDATE SET asset_group = "
    "excluded.asset_group, extra = excluded.extra, updated_at = excluded.updated_at WHERE "
    "assets.asset_group <> excluded.asset_group OR assets.extra <> excluded.extra");
inline constexpr SqlText kUpsertAlias(
    "INSERT INTO asset_aliases (name, alias_group) VALUES ($name, $group) ON CONFLICT (name) DO "
    "UPDATE SET alias_group = excluded.alias_group");
inline constexpr SqlText kSelectNamedAssets(
    "SELECT role, task_id, kind, name, uri FROM dag_assets WHERE dag_id = $dag_id");
inline constexpr SqlText kInsertNamedAsset(
    "INSERT INTO dag_assets (dag_id, role, task_id, kind, name, uri, created_at) VALUES ($dag_id, "
    "$role, $task_id, $kind, $name, $uri, $at)");
inline constexpr SqlText kDeleteNamedAsset(
    "DELETE FROM dag_assets WHERE dag_id = $dag_id AND role = $role AND task_id = $task_id AND "
    "kind = $kind AND name = $name AND uri = $uri");

// -- What lists show.
inline constexpr SqlText kAssetColumns(
    "asset.asset_id, asset.name, asset.uri, asset.asset_group, asset.extra, asset.created_at, "
    "asset.updated_at");
inline constexpr auto kListAssets = "SELECT " + kAssetColumns + " FROM assets asset WHERE TRUE";
inline constexpr SqlText kCountAssets("SELECT 1 FROM assets asset WHERE TRUE");
inline constexpr auto kSelectAsset = kListAssets + " AND asset.asset_id = $asset_id";
// Whole names only: that a task reads something does not make it an asset.
inline constexpr SqlText kNamedBy(
    "EXISTS (SELECT 1 FROM dag_assets named JOIN dags dag ON dag.dag_id = named.dag_id WHERE "
    "named.kind = 'asset' AND named.name = asset.name AND named.uri = asset.uri AND dag.is_stale = "
    "0");
// Or told under an alias that one names.
inline constexpr auto kAssetIsActive =
    " AND (" + kNamedBy +
    ") OR EXISTS (SELECT 1 FROM asset_alias_links link JOIN asset_aliases alias ON alias.alias_id "
    "= link.alias_id JOIN dag_assets named ON named.kind = 'alias' AND named.name = alias.name "
    "JOIN dags dag ON dag.dag_id = named.dag_id WHERE link.asset_id = asset.asset_id AND "
    "dag.is_stale = 0))";
inline constexpr auto kAssetOfDags = " AND " + kNamedBy + " AND dag.dag_id" + dialect::kInOpen +
                                     "$dag_ids" + dialect::kInClose + ")";
inline constexpr auto kAssetOfAllowed = " AND " + kNamedBy + " AND dag.dag_id" + dialect::kInOpen +
                                        "$dags_allowed" + dialect::kInClose + ")";
inline constexpr auto kFindAssetByName = kListAssets + " AND asset.name = $text ORDER BY " +
                                         kNamedBy + ") DESC, asset.asset_id DESC LIMIT 1";
inline constexpr auto kFindAssetByUri = kListAssets + " AND asset.uri = $text ORDER BY " +
                                        kNamedBy + ") DESC, asset.asset_id DESC LIMIT 1";
inline constexpr auto kFindAsset = kListAssets + " AND asset.name = $name AND asset.uri = $uri";
inline constexpr OrderColumn kAssetOrder[] = {
    {"id", "asset.asset_id"},
    {"name", "asset.name"},
    {"uri", "asset.uri"},
    {"created_at", "asset.created_at"},
    {"updated_at", "asset.updated_at"},
};

inline constexpr SqlText kListAliases(
    "SELECT alias.alias_id, alias.name, alias.alias_group FROM asset_aliases alias WHERE TRUE");
inline constexpr SqlText kCountAliases("SELECT 1 FROM asset_aliases alias WHERE TRUE");
inline constexpr auto kAliasOfAllowed =
    " AND EXISTS (SELECT 1 FROM dag_assets named WHERE named.kind = 'alias' AND named.name = "
    "alias.name AND named.dag_id" +
    dialect::kInOpen + "$dags_allowed" + dialect::kInClose + ")";
inline constexpr auto kSelectAlias = kListAliases + " AND alias.alias_id = $alias_id";
inline constexpr OrderColumn kAliasOrder[] = {{"id", "alias.alias_id"}, {"name", "alias.name"}};
inline constexpr SqlText kAliasLinks(
    "SELECT alias.name, alias.alias_id, asset.asset_id, asset.name, asset.uri FROM "
    "asset_alias_links link JOIN asset_aliases alias ON alias.alias_id = link.alias_id JOIN assets "
    "asset ON asset.asset_id = link.asset_id");
inline constexpr SqlText kLinkOrder(" ORDER BY alias.name, asset.asset_id");
inline constexpr auto kSelectAliasLinks = kAliasLinks + kLinkOrder;
inline constexpr auto kSelectLinksOfAssets = kAliasLinks + " WHERE link.asset_id" +
                                             dialect::kInOpen + "$asset_ids" + dialect::kInClose +
                                             kLinkOrder;

inline constexpr SqlText kReferenceColumns(
    "SELECT named.role, asset.asset_id, named.dag_id, named.task_id, named.created_at FROM assets "
    "asset JOIN dag_assets named ON named.kind = 'asset' AND ");
inline constexpr auto kReferencesOfAssets =
    " JOIN dags dag ON dag.dag_id = named.dag_id AND dag.is_stale = 0 WHERE asset.asset_id" +
    dialect::kInOpen + "$asset_ids" + dialect::kInClose;
inline constexpr auto kSelectReferences =
    kReferenceColumns + "named.name = asset.name AND named.uri = asset.uri" + kReferencesOfAssets +
    " UNION ALL " + kReferenceColumns + "named.name = asset.name AND named.uri = ''" +
    kReferencesOfAssets + " UNION ALL " + kReferenceColumns +
    "named.name = '' AND named.uri = asset.uri" + kReferencesOfAssets +
    " UNION SELECT named.role, asset.asset_id, named.dag_id, named.task_id, named.created_at FROM "
    "assets asset JOIN asset_alias_links link ON link.asset_id = asset.asset_id JOIN asset_aliases "
    "alias ON alias.alias_id = link.alias_id JOIN dag_assets named ON named.kind = 'alias' AND "
    "named.name = alias.name AND named.role = 'schedule'" +
    kReferencesOfAssets + " ORDER BY 2, 1, 3, 4";

inline constexpr SqlText kEventRow(
    "event.event_id, asset.name, asset.uri, event.happened_at, event.extra, event.source_dag_id, "
    "event.source_task_id, event.source_run_id, event.source_map_index, asset.asset_id, "
    "asset.asset_group FROM asset_events event JOIN assets asset ON asset.asset_id = "
    "event.asset_id");
inline constexpr auto kListAssetEvents = "SELECT " + kEventRow + " WHERE TRUE";
inline constexpr SqlText kCountAssetEvents(
    "SELECT 1 FROM asset_events event JOIN assets asset ON asset.asset_id = event.asset_id WHERE "
    "TRUE");
inline constexpr SqlText kEventOfAsset(" AND event.asset_id = $asset_id");
inline constexpr SqlText kEventOfMapIndex(" AND event.source_map_index = $map_index");
inline constexpr SqlText kEventConsumedBy(
    " AND event.event_id IN (SELECT event_id FROM asset_event_runs WHERE run_key = $run_key)");
inline constexpr SqlText kEventUnderAlias(
    " AND event.event_id IN (SELECT told.event_id FROM asset_event_aliases told JOIN asset_aliases "
    "alias ON alias.alias_id = told.alias_id WHERE alias.name = $alias)");
inline constexpr auto kEventOfDags = " AND (event.source_dag_id = '' OR event.source_dag_id" +
                                     dialect::kInOpen + "$dags_allowed" + dialect::kInClose + ")";
inline constexpr OrderColumn kAssetEventOrder[] = {
    {"id", "event.event_id"},
    {"source_task_id", "event.source_task_id"},
    {"source_dag_id", "event.source_dag_id"},
    {"source_run_id", "event.source_run_id"},
    {"source_map_index", "event.source_map_index"},
    {"timestamp", "event.happened_at"},
};
inline constexpr auto kSelectLastEvents =
    "SELECT " + kEventRow +
    " WHERE event.event_id = (SELECT max(newest.event_id) FROM asset_events newest WHERE "
    "newest.asset_id = asset.asset_id) AND asset.asset_id" +
    dialect::kInOpen + "$asset_ids" + dialect::kInClose;
inline constexpr auto kSelectEventAliases =
    "SELECT told.event_id, alias.name FROM asset_event_aliases told JOIN asset_aliases alias ON "
    "alias.alias_id = told.alias_id WHERE told.event_id" +
    dialect::kInOpen + "$event_ids" + dialect::kInClose + " ORDER BY told.event_id, alias.name";

inline constexpr SqlText kListQueued(
    "SELECT queued.dag_id, asset.name, asset.uri, queued.queued_at, asset.asset_id FROM "
    "asset_queue queued JOIN assets asset ON asset.asset_id = queued.asset_id WHERE TRUE");
inline constexpr SqlText kQueuedOfAsset(" AND queued.asset_id = $asset_id");
inline constexpr SqlText kQueuedBefore(" AND queued.queued_at <= $before");
inline constexpr SqlText kQueuedOrder(" ORDER BY queued.dag_id, queued.asset_id");

// -- Retention.
inline constexpr SqlText kPurgeAssetEvents(
    "DELETE FROM asset_events WHERE event_id IN (SELECT event_id FROM asset_events WHERE "
    "happened_at < $before ORDER BY happened_at LIMIT $rows_max)");
// That no DAG names, with nothing left of them.
inline constexpr SqlText kPurgeAssets(
    "DELETE FROM assets WHERE asset_id IN (SELECT asset.asset_id FROM assets asset WHERE "
    "asset.updated_at < $before AND NOT EXISTS (SELECT 1 FROM asset_events event WHERE "
    "event.asset_id = asset.asset_id) AND NOT EXISTS (SELECT 1 FROM dag_assets named WHERE "
    "named.kind = 'asset' AND named.name = asset.name AND named.uri = asset.uri) LIMIT $rows_max)");

}  // namespace leoflow::sql
