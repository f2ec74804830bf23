// SPDX-License-Identifier: Apache-2.0
// Lists of runs, task instances and XComs, with their filters and orderings.
#pragma once

#include "store/sql/listing.h"
#include "store/sql/queries_engine.h"

namespace leoflow::sql {

// When a row last changed, as far as its own instants tell.
inline constexpr auto kRunUpdatedAt =
    dialect::kGreatest + "(run.queued_at, coalesce(run.start_date, 0), coalesce(run.end_date, 0),"
    " coalesce(run.last_scheduling_decision, 0))";
inline constexpr auto kTaskInstanceUpdatedAt =
    dialect::kGreatest + "(coalesce(task_instance.scheduled_at, 0), coalesce(task_instance.queued_at, 0),"
    " coalesce(task_instance.start_date, 0), coalesce(task_instance.end_date, 0))";
// Seconds; NULL while open.
inline constexpr SqlText kRunDuration("(run.end_date - run.start_date) / 1000000.0");
// The same in the unit of its index.
inline constexpr SqlText kRunMicros("(run.end_date - run.start_date)");
inline constexpr SqlText kTaskInstanceDuration("(task_instance.end_date - task_instance.start_date) / 1000000.0");

inline constexpr auto kRunsByKey = "SELECT " + kRunColumns + " FROM runs run WHERE run.run_key" +
                                   dialect::kInOpen + "$keys" + dialect::kInClose;
inline constexpr SqlText kFromRuns(" FROM runs run");
// How many runs each DAG has in each state, as far as conditions on the two let through.
inline constexpr SqlText kSelectRunCounts(
    "SELECT counted.dag_id, counted.state, counted.runs FROM run_counts counted"
    " WHERE counted.runs > 0");
inline constexpr SqlText kInCountOrder(" ORDER BY counted.dag_id, counted.state");
inline constexpr auto kRunVersionIn =
    " AND run.version_id IN (SELECT version_id FROM dag_versions WHERE version_number" + dialect::kInOpen +
    "$version_numbers" + dialect::kInClose + ")";
inline constexpr SqlText kRunBundleVersion(
    " AND run.version_id IN (SELECT version_id FROM dag_versions WHERE label = $bundle_version)");

inline constexpr SqlText kRunConsumedOpen(
    " AND run.run_key IN (SELECT used.run_key FROM asset_event_runs used JOIN asset_events event ON"
    " event.event_id = used.event_id JOIN assets asset ON asset.asset_id = event.asset_id WHERE"
    " TRUE");
inline constexpr SqlText kRunConsumedClose(")");

// The version of a try is its attempt's; a task that never started has its run's.
inline constexpr SqlText kTaskInstanceVersion("coalesce(attempt.version_id, run.version_id)");
inline constexpr SqlText kTaskInstanceJoins(
    " FROM task_instances task_instance JOIN runs run ON run.run_key = task_instance.run_key"
    " LEFT JOIN attempts attempt ON attempt.attempt_id = task_instance.attempt_id"
    " LEFT JOIN rendered_fields rendered ON rendered.task_instance_key = task_instance.task_instance_key");
inline constexpr auto kListTaskInstances =
    "SELECT " + kTaskInstanceColumns + ", " + kRunColumns + ", " + kTaskInstanceVersion +
    ", coalesce(rendered.fields, '{}'), " + kAttemptColumns + kTaskInstanceJoins + " WHERE TRUE";
inline constexpr auto kSelectTaskInstanceByName =
    kListTaskInstances + " AND run.dag_id = $dag_id AND run.run_id = $run_id"
    " AND task_instance.task_id = $task_id AND task_instance.map_index = $map_index";
inline constexpr auto kTaskInstancesByKey =
    kListTaskInstances + " AND task_instance.task_instance_key" + dialect::kInOpen + "$keys" +
    dialect::kInClose;
inline constexpr SqlText kFromTaskInstances(" FROM task_instances task_instance");
inline constexpr SqlText kWithRuns(
    " CROSS JOIN runs run ON run.run_key = task_instance.run_key");
inline constexpr SqlText kWithTaskInstances(
    " CROSS JOIN task_instances task_instance ON task_instance.run_key = run.run_key");
inline constexpr SqlText kWithAttempts(
    " LEFT JOIN attempts attempt ON attempt.attempt_id = task_instance.attempt_id");
inline constexpr SqlText kRenderedMapIndex(
    "(CASE WHEN task_instance.map_index >= 0 THEN CAST(task_instance.map_index AS TEXT) END)");
inline constexpr SqlText kUnsuccessful(
    " AND task_instance.state IN ('failed', 'upstream_failed', 'skipped', 'removed')");
inline constexpr SqlText kTaskFailed(" AND task_instance.state = 'failed'");
inline constexpr auto kRunOpen = " AND " + kRunIsActive;
inline constexpr auto kTaskInstanceVersionIn =
    " AND " + kTaskInstanceVersion + " IN (SELECT version_id FROM dag_versions WHERE version_number" +
    dialect::kInOpen + "$version_numbers" + dialect::kInClose + ")";

inline constexpr auto kListXComs =
    "SELECT " + kXComColumns +
    ", run.dag_id, run.run_id, run.version_id, run.logical_date, run.run_after"
    " FROM xcoms xcom JOIN runs run ON run.run_key = xcom.run_key WHERE TRUE";
inline constexpr SqlText kCountXComs(
    "SELECT 1 FROM xcoms xcom JOIN runs run ON run.run_key = xcom.run_key WHERE TRUE");
// DAGs are few: their ids are found first, then looked up by.
inline constexpr SqlText kRunDagNamedOpen(
    " AND run.dag_id IN (SELECT dag.dag_id FROM dags dag WHERE TRUE");
inline constexpr SqlText kRunDagNamedClose(")");
inline constexpr SqlText kXComMapIndex(" AND xcom.map_index = $map_index");
inline constexpr auto kSelectXCom =
    "SELECT " + kXComColumns + " FROM xcoms xcom WHERE xcom.run_key = $run_key AND xcom.task_id = $task_id"
    " AND xcom.map_index = $map_index AND xcom.key = $key";
inline constexpr SqlText kDeleteXCom(
    "DELETE FROM xcoms WHERE run_key = $run_key AND task_id = $task_id AND map_index = $map_index AND key = $key");

inline constexpr OrderColumn kRunOrder[] = {
    {"id", "run.run_key"},
    {"dag_id", "run.dag_id", false, "runs_by_dag"},
    {"run_id", "run.run_id"},
    {"dag_run_id", "run.run_id"},
    {"state", "run.state"},
    {"run_type", "run.run_type"},
    {"logical_date", "run.logical_date", true, "runs_by_logical_date"},
    {"run_after", "run.run_after", false, "runs_by_run_after"},
    {"queued_at", "run.queued_at"},
    {"start_date", "run.start_date", true, "runs_by_start"},
    {"end_date", "run.end_date", true, "runs_by_end"},
    {"updated_at", kRunUpdatedAt.text},
    {"duration", kRunMicros.text, true, "runs_by_duration"},
    {"conf", "substr(run.conf, 1, 200)"},
    {"data_interval_start", "run.interval_start", true},
    {"data_interval_end", "run.interval_end", true},
    {"triggering_user_name", "run.triggering_user"},
};

inline constexpr OrderColumn kTaskInstanceOrder[] = {
    {"id", "task_instance.task_instance_key"},
    {"map_index", "task_instance.map_index"},
    {"state", "task_instance.state"},
    {"duration", kTaskInstanceDuration.text, true},
    {"start_date", "task_instance.start_date", true, "task_instances_started"},
    {"end_date", "task_instance.end_date", true},
    {"queued_when", "task_instance.queued_at", true},
    {"scheduled_when", "task_instance.scheduled_at", true},
    {"updated_at", kTaskInstanceUpdatedAt.text},
    {"try_number", "task_instance.try_number"},
    {"operator", "task_instance.operator_name"},
    {"pool", "task_instance.pool"},
    {"queue", "task_instance.queue"},
    {"priority_weight", "task_instance.priority_weight"},
    {"dag_id", "run.dag_id"},
    {"run_id", "run.run_id"},
    {"run_after", "run.run_after"},
    {"logical_date", "run.logical_date", true},
    {"data_interval_start", "run.interval_start", true},
    {"data_interval_end", "run.interval_end", true},
};

inline constexpr OrderColumn kXComOrder[] = {
    {"key", "xcom.key"},
    {"dag_id", "run.dag_id"},
    {"run_id", "run.run_id"},
    {"task_id", "xcom.task_id"},
    {"map_index", "xcom.map_index"},
    {"timestamp", "xcom.pushed_at"},
    {"run_after", "run.run_after"},
    {"logical_date", "run.logical_date", true},
};
inline constexpr SqlText kXComKey("xcom.run_key ASC, xcom.task_id ASC, xcom.map_index ASC, xcom.key");

}  // namespace leoflow::sql
