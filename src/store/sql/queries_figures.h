// SPDX-License-Identifier: Apache-2.0
// Figures over many runs, from counters and from what is open; favorites.
#pragma once

#include "store/sql/queries_dags.h"
#include "store/sql/queries_engine.h"

namespace leoflow::sql {

inline constexpr SqlText kSumRunCounts(
    "SELECT counted.state, sum(counted.runs) FROM run_counts counted WHERE TRUE");
inline constexpr SqlText kByState(" GROUP BY counted.state");

inline constexpr auto kCountDagsByKind =
    "SELECT count(*), coalesce(sum(dag.is_paused = 0), 0), coalesce(sum(coalesce(" + kLastRunState +
    " = 'failed', FALSE)), 0) FROM dags dag WHERE dag.is_stale = 0";

inline constexpr SqlText kSumRunHours(
    "SELECT counted.hour, counted.state, sum(counted.runs) FROM run_hours counted"
    " WHERE counted.hour >= $since AND counted.hour <= $until");
inline constexpr SqlText kByHourAndState(
    " GROUP BY counted.hour, counted.state HAVING sum(counted.runs) > 0"
    " ORDER BY counted.hour, counted.state");

inline constexpr auto kRunsOfState =
    "SELECT " + kRunColumns + " FROM runs run WHERE run.state = $state";
inline constexpr SqlText kNewestDueFirst(
    " ORDER BY run.run_after DESC, run.run_key DESC LIMIT $rows_max");
inline constexpr SqlText kOldestDueFirst(
    " ORDER BY run.run_after ASC, run.run_key ASC LIMIT $rows_max");
inline constexpr auto kCountTasksOfRuns =
    "SELECT task_instance.run_key, task_instance.state, count(*) FROM task_instances task_instance"
    " WHERE task_instance.run_key" +
    dialect::kInOpen + "$runs" + dialect::kInClose +
    " GROUP BY task_instance.run_key, task_instance.state";

// CROSS JOIN: from the failed ones to their runs, never the other way.
inline constexpr SqlText kSelectFailures(
    "SELECT run.dag_id, run.run_id, task_instance.task_id, task_instance.map_index,"
    " task_instance.try_number, task_instance.start_date, task_instance.end_date,"
    " task_instance.reason, task_instance.map_label FROM task_instances task_instance"
    " CROSS JOIN runs run ON run.run_key = task_instance.run_key"
    " WHERE task_instance.state = 'failed' AND task_instance.end_date >= $since");
inline constexpr SqlText kNewestEndFirst(" ORDER BY task_instance.end_date DESC LIMIT $rows_max");

inline constexpr SqlText kSelectTaskDays(
    "SELECT counted.dag_id, counted.task_id, counted.bucket, counted.tries, counted.failures,"
    " counted.retries, counted.took FROM task_days counted"
    " WHERE counted.day >= $first_day AND counted.day <= $last_day");
inline constexpr SqlText kInTaskOrder(
    " ORDER BY counted.day, counted.dag_id, counted.task_id, counted.bucket");
inline constexpr auto kSelectDaysOfTask =
    "SELECT counted.bucket, sum(counted.tries) FROM task_days counted WHERE counted.day" +
    dialect::kInOpen + "$days" + dialect::kInClose +
    " AND counted.dag_id = $dag_id AND counted.task_id = $task_id GROUP BY counted.bucket";
inline constexpr SqlText kCountTaskEnd(
    "INSERT INTO task_days (day, dag_id, task_id, bucket, tries, failures, retries, took) VALUES "
    "($day, $dag_id, $task_id, $bucket, $tries, $failures, $retries, $took) ON CONFLICT (day, "
    "dag_id, task_id, bucket) DO UPDATE SET tries = task_days.tries + excluded.tries, failures = "
    "task_days.failures + excluded.failures, retries = task_days.retries + excluded.retries, "
    "took = task_days.took + excluded.took");

// What is open belongs to runs that are, so finished history is never looked at.
inline constexpr SqlText kSelectPoolUse(
    "SELECT task_instance.pool, run.dag_id, task_instance.task_id, task_instance.state, count(*),"
    " sum(task_instance.pool_slots),"
    " min(coalesce(task_instance.queued_at, task_instance.scheduled_at))"
    " FROM runs run CROSS JOIN task_instances task_instance"
    " ON task_instance.run_key = run.run_key WHERE run.state IN ('queued', 'running')"
    " AND task_instance.state IN ('running', 'restarting', 'queued', 'deferred', 'scheduled')"
    " GROUP BY task_instance.pool, run.dag_id, task_instance.task_id, task_instance.state"
    " ORDER BY task_instance.pool, 7, run.dag_id, task_instance.task_id");
inline constexpr SqlText kCountOpenAttempts(
    "SELECT attempt.agent, count(*) FROM attempts attempt"
    " WHERE attempt.state NOT IN ('settled', 'lost') GROUP BY attempt.agent");

inline constexpr SqlText kPurgeRunHours("DELETE FROM run_hours WHERE hour < $before");
inline constexpr SqlText kPurgeTaskDays("DELETE FROM task_days WHERE day < $before");
inline constexpr SqlText kDeleteTaskDaysOfDag("DELETE FROM task_days WHERE dag_id = $dag_id");
inline constexpr SqlText kDeleteRunCountsOfDag("DELETE FROM run_counts WHERE dag_id = $dag_id");
inline constexpr SqlText kDeleteRunHoursOfDag("DELETE FROM run_hours WHERE dag_id = $dag_id");

inline constexpr SqlText kInsertFavorite(
    "INSERT INTO favorites (username, dag_id) VALUES ($username, $dag_id) ON CONFLICT DO NOTHING");
inline constexpr SqlText kDeleteFavorite(
    "DELETE FROM favorites WHERE username = $username AND dag_id = $dag_id");
inline constexpr SqlText kSelectFavorites(
    "SELECT dag_id FROM favorites WHERE username = $username ORDER BY dag_id");
inline constexpr SqlText kCountFavorites(
    "SELECT count(*) FROM favorites WHERE username = $username");

}  // namespace leoflow::sql
