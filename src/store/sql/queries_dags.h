// SPDX-License-Identifier: Apache-2.0
// DAGs, versions, import errors.
#pragma once

#include "store/sql/dialect.h"
#include "store/sql/listing.h"

namespace leoflow::sql {

// An import error belongs to the DAGs of its file, by either of the names a file goes by.
inline constexpr SqlText kDagHasImportErrors(
    "EXISTS (SELECT 1 FROM import_errors broken WHERE broken.filename IN (dag.relative_fileloc, "
    "dag.fileloc) AND broken.bundle_name = dag.bundle_name)");
inline constexpr auto kDagColumns =
    "dag.dag_id, dag.current_version, dag.is_paused, dag.is_stale, dag.fileloc, "
    "dag.relative_fileloc,"
    " dag.bundle_name, dag.last_parsed_time, dag.last_parse_duration, dag.next_logical_date,"
    " dag.next_interval_start, dag.next_interval_end, dag.next_run_after, " +
    kDagHasImportErrors;
inline constexpr SqlText kLastRunState(
    "(SELECT last.state FROM runs last WHERE last.dag_id = dag.dag_id"
    " ORDER BY last.run_after DESC, last.run_key DESC LIMIT 1)");
inline constexpr SqlText kLastRunStart(
    "(SELECT last.start_date FROM runs last WHERE last.dag_id = dag.dag_id"
    " ORDER BY last.run_after DESC, last.run_key DESC LIMIT 1)");

inline constexpr auto kListDags = "SELECT " + kDagColumns + " FROM dags dag WHERE TRUE";
inline constexpr SqlText kCountDags("SELECT 1 FROM dags dag WHERE TRUE");
inline constexpr auto kSelectDag = kListDags + " AND dag.dag_id = $dag_id";

inline constexpr SqlText kDagNotStale(" AND dag.is_stale = 0");
inline constexpr SqlText kDagFavorite(
    " AND dag.dag_id IN (SELECT dag_id FROM favorites WHERE username = $username)");
inline constexpr SqlText kDagNoFavorite(
    " AND dag.dag_id NOT IN (SELECT dag_id FROM favorites WHERE username = $username)");
inline constexpr SqlText kDagPaused(" AND dag.is_paused = $paused");
inline constexpr auto kDagWithImportErrors = " AND " + kDagHasImportErrors;
inline constexpr auto kDagWithoutImportErrors = " AND NOT " + kDagHasImportErrors;
inline constexpr auto kDagLastRunState = " AND " + kLastRunState + " = $last_run_state";
// The newest run of each DAG is one step from the end of runs_by_dag_run_after, its row one more:
// the cost is that of the DAGs, however many runs there are (list_plan_test.cc).
inline constexpr SqlText kDagLastRunOpen(
    " AND EXISTS (SELECT 1 FROM runs last WHERE last.run_key = (SELECT newest.run_key FROM runs"
    " newest WHERE newest.dag_id = dag.dag_id ORDER BY newest.run_after DESC, newest.run_key DESC"
    " LIMIT 1)");
inline constexpr SqlText kDagLastRunClose(")");
inline constexpr SqlText kDagBundleVersion(
    " AND EXISTS (SELECT 1 FROM dag_versions version WHERE version.version_id ="
    " dag.current_version AND version.label = $bundle_version)");
inline constexpr auto kDagTagsAny =
    " AND EXISTS (SELECT 1 FROM dag_tags tagged WHERE tagged.dag_id = dag.dag_id AND tagged.tag" +
    dialect::kInOpen + "$tags" + dialect::kInClose + ")";
inline constexpr auto kDagTagsAll =
    " AND (SELECT count(*) FROM dag_tags tagged WHERE tagged.dag_id = dag.dag_id AND tagged.tag" +
    dialect::kInOpen + "$tags" + dialect::kInClose + ") = $tags_count";
inline constexpr SqlText kDagByAssets(
    " AND EXISTS (SELECT 1 FROM dag_assets named WHERE named.dag_id = dag.dag_id AND named.role = "
    "'schedule')");
inline constexpr SqlText kDagNotByAssets(
    " AND NOT EXISTS (SELECT 1 FROM dag_assets named WHERE named.dag_id = dag.dag_id AND "
    "named.role = 'schedule')");
inline constexpr SqlText kDagOnAssetOpen(
    " AND EXISTS (SELECT 1 FROM dag_assets named WHERE named.dag_id = dag.dag_id AND named.role = "
    "'schedule'");
inline constexpr SqlText kDagOnAssetClose(")");
inline constexpr auto kDagOwners =
    " AND EXISTS (SELECT 1 FROM dag_owners owned WHERE owned.dag_id = dag.dag_id AND owned.owner" +
    dialect::kInOpen + "$owners" + dialect::kInClose + ")";

inline constexpr SqlText kSelectAllTags(
    "SELECT dag.dag_id, coalesce(tagged.tag, '') FROM dags dag LEFT JOIN dag_tags tagged"
    " ON tagged.dag_id = dag.dag_id ORDER BY dag.dag_id, tagged.tag");
inline constexpr SqlText kSelectTagsOf(
    "SELECT tag FROM dag_tags WHERE dag_id = $dag_id ORDER BY tag");
inline constexpr SqlText kSelectDagsOfFile(
    "SELECT dag_id FROM dags WHERE relative_fileloc = $filename OR fileloc = $filename ORDER BY "
    "dag_id");

inline constexpr OrderColumn kDagOrder[] = {
    {"dag_id", "dag.dag_id"},
    {"dag_display_name", "dag.display_name"},
    {"is_paused", "dag.is_paused"},
    {"last_parsed_time", "dag.last_parsed_time"},
    {"next_dagrun", "dag.next_logical_date", true},
    {"next_logical_date", "dag.next_logical_date", true},
    {"next_run_after", "dag.next_run_after", true},
    {"last_run_state", kLastRunState.text, true},
    {"last_run_start_date", kLastRunStart.text, true},
};

inline constexpr SqlText kUpsertDag(
    "INSERT INTO dags (dag_id, display_name, schedule_kind, current_version, is_paused, is_stale, "
    "fileloc, "
    "relative_fileloc,"
    " bundle_name, last_parsed_time, last_parse_duration, next_logical_date, next_interval_start,"
    " next_interval_end, next_run_after) VALUES ($dag_id, $display_name, "
    "$schedule_kind, $current_version, "
    "$is_paused, 0, $fileloc,"
    " $relative_fileloc, $bundle_name, $last_parsed_time, $last_parse_duration, $next_logical_date,"
    " $next_interval_start, $next_interval_end, $next_run_after)"
    " ON CONFLICT (dag_id) DO UPDATE SET display_name = excluded.display_name,"
    " schedule_kind = excluded.schedule_kind,"
    " current_version = excluded.current_version, is_stale = 0, fileloc = excluded.fileloc,"
    " relative_fileloc = excluded.relative_fileloc, bundle_name = excluded.bundle_name,"
    " last_parsed_time = excluded.last_parsed_time, last_parse_duration = "
    "excluded.last_parse_duration");
inline constexpr SqlText kSetCurrentVersion(
    "UPDATE dags SET current_version = $version_id, display_name = $display_name,"
    " schedule_kind = $schedule_kind WHERE dag_id = $dag_id");
inline constexpr SqlText kSetPaused("UPDATE dags SET is_paused = $value WHERE dag_id = $dag_id");
inline constexpr SqlText kSetStale("UPDATE dags SET is_stale = $value WHERE dag_id = $dag_id");
inline constexpr SqlText kDeleteTags("DELETE FROM dag_tags WHERE dag_id = $dag_id");
inline constexpr SqlText kInsertTag(
    "INSERT INTO dag_tags (dag_id, tag) VALUES ($dag_id, $value) ON CONFLICT DO NOTHING");
inline constexpr SqlText kDeleteOwners("DELETE FROM dag_owners WHERE dag_id = $dag_id");
inline constexpr SqlText kInsertOwner(
    "INSERT INTO dag_owners (dag_id, owner) VALUES ($dag_id, $value) ON CONFLICT DO NOTHING");

// Deleting a DAG, in this order.
inline constexpr SqlText kCountRunning(
    "SELECT count(*) FROM runs run JOIN task_instances task_instance ON task_instance.run_key = "
    "run.run_key"
    " WHERE run.state IN ('queued', 'running') AND run.dag_id = $dag_id"
    " AND task_instance.state = 'running'");
inline constexpr SqlText kDeleteRunsOfDag("DELETE FROM runs WHERE dag_id = $dag_id");
inline constexpr SqlText kDeleteDag("DELETE FROM dags WHERE dag_id = $dag_id");
inline constexpr SqlText kDeleteVersionsOfDag("DELETE FROM dag_versions WHERE dag_id = $dag_id");

inline constexpr SqlText kVersionFacts(
    "version.version_id, version.dag_id, version.version_number, version.label, "
    "version.content_hash,"
    " version.bundle_path, version.environment, version.created_at, version.bundle_name,"
    " version.image, version.commit_id, version.url, ");
inline constexpr auto kVersionColumns = kVersionFacts + "version.dag_json, version.source";
inline constexpr auto kSelectVersion =
    "SELECT " + kVersionColumns +
    " FROM dag_versions version WHERE version.version_id = $version_id";
inline constexpr auto kSelectVersionByNumber =
    "SELECT " + kVersionColumns +
    " FROM dag_versions version WHERE version.dag_id = $dag_id"
    " AND version.version_number = $version_number";
inline constexpr auto kSelectCurrentVersion =
    "SELECT " + kVersionColumns +
    " FROM dags dag JOIN dag_versions version"
    " ON version.version_id = dag.current_version WHERE dag.dag_id = $dag_id";
inline constexpr auto kSelectNewestVersion =
    "SELECT " + kVersionColumns +
    " FROM dag_versions version WHERE version.dag_id = $dag_id"
    " ORDER BY version.version_number DESC LIMIT 1";
inline constexpr auto kListVersions =
    "SELECT " + kVersionFacts + "'', '' FROM dag_versions version WHERE TRUE";
inline constexpr SqlText kVersionNumber(" AND version.version_number = $version_number");
inline constexpr SqlText kCountVersions("SELECT 1 FROM dag_versions version WHERE TRUE");
inline constexpr SqlText kInsertVersion(
    "INSERT INTO dag_versions (version_id, dag_id, version_number, label, content_hash, "
    "bundle_path, environment, created_at, bundle_name, image, commit_id, url, "
    "dag_json, source)"
    " SELECT 1 + max((SELECT coalesce(max(version_id), 0) FROM dag_versions),"
    " coalesce((SELECT id FROM ids_given WHERE name = 'version'), 0)), $dag_id,"
    " coalesce(max(version_number), 0) + 1, $label, $content_hash, $bundle_path, $environment,"
    " $created_at, $bundle_name, $image, $commit_id, $url, $dag_json, $source"
    " FROM dag_versions WHERE dag_id = $dag_id"
    " RETURNING version_id");

inline constexpr OrderColumn kVersionOrder[] = {
    {"id", "version.version_id"},        {"version_number", "version.version_number"},
    {"dag_id", "version.dag_id"},        {"bundle_name", "version.bundle_name"},
    {"bundle_version", "version.label"}, {"created_at", "version.created_at"},
};

inline constexpr SqlText kImportErrorColumns(
    "broken.import_error_id, broken.happened_at, broken.filename, broken.bundle_name, "
    "broken.stack_trace");
inline constexpr SqlText kUpsertImportError(
    "INSERT INTO import_errors (happened_at, filename, bundle_name, stack_trace)"
    " VALUES ($happened_at, $filename, $bundle_name, $stack_trace) ON CONFLICT (filename) DO UPDATE"
    " SET happened_at = excluded.happened_at, bundle_name = excluded.bundle_name,"
    " stack_trace = excluded.stack_trace");
inline constexpr SqlText kDeleteImportError("DELETE FROM import_errors WHERE filename = $filename");
inline constexpr auto kListImportErrors =
    "SELECT " + kImportErrorColumns + " FROM import_errors broken WHERE TRUE";
inline constexpr SqlText kCountImportErrors("SELECT 1 FROM import_errors broken WHERE TRUE");
inline constexpr auto kSelectImportError =
    kListImportErrors + " AND broken.import_error_id = $import_error_id";

inline constexpr auto kImportErrorOfDags =
    " AND EXISTS (SELECT 1 FROM dags dag WHERE broken.filename IN (dag.relative_fileloc, "
    "dag.fileloc)"
    " AND dag.dag_id" +
    dialect::kInOpen + "$dag_ids" + dialect::kInClose + ")";

inline constexpr OrderColumn kImportErrorOrder[] = {
    {"id", "broken.import_error_id"},      {"import_error_id", "broken.import_error_id"},
    {"timestamp", "broken.happened_at"},   {"filename", "broken.filename"},
    {"bundle_name", "broken.bundle_name"}, {"stacktrace", "broken.stack_trace"},
};

}  // namespace leoflow::sql
