// SPDX-License-Identifier: Apache-2.0
// Runs and what hangs on them: the engine's writes and loads. Column lists are in the order of the
// readers in rows.h.
#pragma once

#include "store/sql/dialect.h"
#include "store/sql/sql_text.h"

namespace leoflow::sql {

inline constexpr SqlText kRunColumns(
    "run.run_key, run.dag_id, run.run_id, run.version_id, run.state, run.run_type, "
    "run.logical_date, run.interval_start, run.interval_end, run.run_after, run.queued_at, "
    "run.start_date, run.end_date, run.last_scheduling_decision, run.triggered_by, "
    "run.triggering_user, run.conf, run.note, run.end_reason, run.clear_number, "
    "run.version_stamp");
inline constexpr SqlText kTaskInstanceColumns(
    "task_instance.task_instance_key, task_instance.run_key, task_instance.task_id, "
    "task_instance.map_index, task_instance.state, task_instance.try_number, "
    "task_instance.max_tries, task_instance.infra_losses, task_instance.attempt_id, "
    "task_instance.scheduled_at, task_instance.queued_at, task_instance.start_date, "
    "task_instance.end_date, task_instance.next_at, task_instance.operator_name, "
    "task_instance.pool, task_instance.pool_slots, task_instance.queue, "
    "task_instance.priority_weight, task_instance.note, task_instance.reason, "
    "task_instance.version_stamp");
inline constexpr SqlText kTryColumns(
    "tried.task_instance_key, tried.try_number, tried.state, tried.max_tries, "
    "tried.attempt_id, tried.scheduled_at, tried.queued_at, tried.start_date, tried.end_date, "
    "tried.reason, tried.version_id");
inline constexpr SqlText kAttemptColumns(
    "attempt.attempt_id, attempt.kind, attempt.run_key, attempt.task_instance_key, "
    "attempt.task_id, attempt.map_index, attempt.try_number, attempt.state, "
    "attempt.version_id, attempt.executor, attempt.agent, attempt.pid, attempt.hostname, "
    "attempt.created_at, attempt.dispatched_at, attempt.started_at, attempt.ended_at, "
    "attempt.outcome, attempt.reason, attempt.held_since, "
    "attempt.cpu_us, attempt.memory_peak_bytes");
inline constexpr SqlText kXComColumns(
    "xcom.run_key, xcom.task_id, xcom.map_index, xcom.key, xcom.value, xcom.spill_path, "
    "xcom.size_bytes, xcom.pushed_at");
inline constexpr SqlText kVolumeColumns(
    "volume.volume_id, volume.run_key, volume.dag_id, volume.run_id, volume.name, "
    "volume.path, volume.size_bytes, volume.state, volume.created_at, volume.deleted_at, "
    "volume.delete_reason");

// Writes of a batch. Updates of runs and task instances apply only to the state they were computed
// from.
inline constexpr SqlText kInsertRun(
    "INSERT INTO runs (run_key, dag_id, run_id, version_id, state, run_type, logical_date, "
    "interval_start, interval_end, run_after, queued_at, start_date, end_date, "
    "last_scheduling_decision, triggered_by, triggering_user, conf, note, end_reason, "
    "clear_number, version_stamp) VALUES ($run_key, $dag_id, $run_id, $version_id, $state, "
    "$run_type, $logical_date, $interval_start, $interval_end, $run_after, $queued_at, "
    "$start_date, $end_date, $last_scheduling_decision, $triggered_by, $triggering_user, "
    "$conf, $note, $end_reason, $clear_number, $version_stamp)");
inline constexpr SqlText kUpdateRun(
    "UPDATE runs SET version_id = $version_id, state = $state, run_type = $run_type, logical_date "
    "= $logical_date, "
    "interval_start = $interval_start, interval_end = $interval_end, run_after = $run_after, "
    "queued_at = $queued_at, start_date = $start_date, end_date = $end_date, "
    "last_scheduling_decision = $last_scheduling_decision, triggered_by = $triggered_by, "
    "triggering_user = $triggering_user, conf = $conf, note = $note, end_reason = "
    "$end_reason, clear_number = $clear_number, version_stamp = $version_stamp WHERE run_key "
    "= $run_key AND version_stamp = $version_stamp - 1");
inline constexpr SqlText kInsertTaskInstance(
    "INSERT INTO task_instances (task_instance_key, run_key, task_id, map_index, state, "
    "try_number, max_tries, infra_losses, attempt_id, scheduled_at, queued_at, start_date, "
    "end_date, next_at, operator_name, pool, pool_slots, queue, priority_weight, note, "
    "reason, version_stamp) VALUES ($task_instance_key, $run_key, $task_id, $map_index, "
    "$state, $try_number, $max_tries, $infra_losses, $attempt_id, $scheduled_at, $queued_at, "
    "$start_date, $end_date, $next_at, $operator_name, $pool, $pool_slots, $queue, "
    "$priority_weight, $note, $reason, $version_stamp)");
inline constexpr SqlText kUpdateTaskInstance(
    "UPDATE task_instances SET state = $state, try_number = $try_number, max_tries = "
    "$max_tries, infra_losses = $infra_losses, attempt_id = $attempt_id, scheduled_at = "
    "$scheduled_at, queued_at = $queued_at, start_date = $start_date, end_date = $end_date, "
    "next_at = $next_at, operator_name = $operator_name, pool = $pool, pool_slots = "
    "$pool_slots, queue = $queue, priority_weight = $priority_weight, note = $note, reason = "
    "$reason, version_stamp = $version_stamp WHERE task_instance_key = $task_instance_key AND "
    "version_stamp = $version_stamp - 1");
inline constexpr SqlText kInsertAttempt(
    "INSERT INTO attempts (attempt_id, kind, run_key, task_instance_key, task_id, map_index, "
    "try_number, state, version_id, executor, agent, pid, hostname, created_at, "
    "dispatched_at, started_at, ended_at, outcome, reason, held_since, cpu_us, memory_peak_bytes) "
    "VALUES ($attempt_id, $kind, "
    "$run_key, $task_instance_key, $task_id, $map_index, $try_number, $state, $version_id, "
    "$executor, $agent, $pid, $hostname, $created_at, $dispatched_at, $started_at, $ended_at, "
    "$outcome, $reason, $held_since, $cpu_us, $memory_peak_bytes)");
inline constexpr SqlText kUpdateAttempt(
    "UPDATE attempts SET state = $state, version_id = $version_id, executor = $executor, "
    "agent = $agent, pid = $pid, hostname = $hostname, dispatched_at = $dispatched_at, "
    "started_at = $started_at, ended_at = $ended_at, outcome = $outcome, reason = $reason, "
    "held_since = $held_since, cpu_us = $cpu_us, memory_peak_bytes = $memory_peak_bytes "
    "WHERE attempt_id = $attempt_id");
// Of a task instance that still exists: a run deleted in the same batch took its own along.
inline constexpr SqlText kUpsertTry(
    "INSERT INTO task_tries (task_instance_key, try_number, state, max_tries, attempt_id, "
    "scheduled_at, queued_at, start_date, end_date, reason, version_id) SELECT "
    "$task_instance_key, $try_number, $state, $max_tries, $attempt_id, $scheduled_at, "
    "$queued_at, $start_date, $end_date, $reason, $version_id FROM task_instances WHERE "
    "task_instance_key = $task_instance_key ON CONFLICT (task_instance_key, try_number, "
    "attempt_id) DO UPDATE SET state = excluded.state, max_tries = excluded.max_tries, "
    "scheduled_at = excluded.scheduled_at, queued_at = excluded.queued_at, start_date = "
    "excluded.start_date, end_date = excluded.end_date, reason = excluded.reason, version_id "
    "= excluded.version_id");
inline constexpr SqlText kUpsertXCom(
    "INSERT INTO xcoms (run_key, task_id, map_index, key, value, spill_path, size_bytes, "
    "pushed_at) SELECT $run_key, $task_id, $map_index, $key, $value, $spill_path, "
    "$size_bytes, $pushed_at FROM runs WHERE runs.run_key = $run_key ON CONFLICT (run_key, "
    "task_id, map_index, key) DO UPDATE SET value = excluded.value, spill_path = "
    "excluded.spill_path, size_bytes = excluded.size_bytes, pushed_at = excluded.pushed_at");
inline constexpr SqlText kClearXComs(
    "DELETE FROM xcoms WHERE (run_key, task_id, map_index) IN (SELECT run_key, task_id, "
    "map_index FROM task_instances WHERE task_instance_key = $task_instance_key)");
inline constexpr SqlText kUpsertRendered(
    "INSERT INTO rendered_fields (task_instance_key, fields) SELECT $task_instance_key, "
    "$fields FROM task_instances WHERE task_instance_key = $task_instance_key ON CONFLICT "
    "(task_instance_key) DO UPDATE SET fields = excluded.fields");
inline constexpr SqlText kInsertVolume(
    "INSERT INTO staging_volumes (volume_id, run_key, dag_id, run_id, name, path, size_bytes, "
    "state, created_at, deleted_at, delete_reason) VALUES ($volume_id, $run_key, $dag_id, "
    "$run_id, $name, $path, $size_bytes, $state, $created_at, $deleted_at, $delete_reason)");
inline constexpr SqlText kUpdateVolume(
    "UPDATE staging_volumes SET path = $path, size_bytes = $size_bytes, state = $state, "
    "deleted_at = $deleted_at, delete_reason = $delete_reason WHERE volume_id = $volume_id");
inline constexpr SqlText kPlanDag(
    "UPDATE dags SET is_paused = $is_paused, next_logical_date = $next_logical_date, "
    "next_interval_start = $next_interval_start, next_interval_end = $next_interval_end, "
    "next_run_after = $next_run_after WHERE dag_id = $dag_id");
inline constexpr SqlText kInsertEvent(
    "INSERT INTO event_log (logged_at, event, dag_id, run_id, task_id, map_index, try_number, "
    "owner, extra, object, address) VALUES ($logged_at, $event, $dag_id, $run_id, $task_id, "
    "$map_index, "
    "$try_number, $owner, $extra, $object, $address)");
inline constexpr SqlText kDeleteRun("DELETE FROM runs WHERE run_key = $run_key");
inline constexpr SqlText kDeleteAttempts(
    "DELETE FROM attempts WHERE run_key = (SELECT run_key FROM task_instances WHERE "
    "task_instance_key = $task_instance_key) AND task_instance_key = $task_instance_key");
inline constexpr SqlText kDeleteTaskInstance(
    "DELETE FROM task_instances WHERE task_instance_key = $task_instance_key");
inline constexpr SqlText kSelectWatermarks(
    "SELECT "
    "max((SELECT coalesce(max(run_key), 0) FROM runs),"
    " coalesce((SELECT id FROM ids_given WHERE name = 'run'), 0)), "
    "max((SELECT coalesce(max(task_instance_key), 0) FROM task_instances),"
    " coalesce((SELECT id FROM ids_given WHERE name = 'task_instance'), 0)), "
    "max((SELECT coalesce(max(attempt_id), 0) FROM attempts),"
    " coalesce((SELECT id FROM ids_given WHERE name = 'attempt'), 0)), "
    "(SELECT coalesce(max(volume_id), 0) FROM staging_volumes), "
    "max((SELECT coalesce(max(backfill_id), 0) FROM backfills),"
    " coalesce((SELECT id FROM ids_given WHERE name = 'backfill'), 0)), "
    "max((SELECT coalesce(max(event_id), 0) FROM asset_events),"
    " coalesce((SELECT id FROM ids_given WHERE name = 'asset_event'), 0))");

// Loads. The state lists repeat the conditions of the partial indexes word for word, which is how
// they are found.
inline constexpr SqlText kRunIsActive("run.state IN ('queued', 'running')");
inline constexpr SqlText kAttemptIsOpen("attempt.state NOT IN ('settled', 'lost')");

inline constexpr auto kSelectActiveRuns =
    "SELECT " + kRunColumns + " FROM runs run WHERE " + kRunIsActive + " ORDER BY run.run_key";
inline constexpr auto kSelectActiveTaskInstances =
    "SELECT " + kTaskInstanceColumns +
    " FROM runs run CROSS JOIN task_instances task_instance ON task_instance.run_key = run.run_key "
    "WHERE " +
    kRunIsActive + " ORDER BY run.run_key";
inline constexpr auto kSelectActiveOpenAttempts =
    "SELECT " + kAttemptColumns +
    " FROM attempts attempt JOIN runs run ON run.run_key = attempt.run_key WHERE " +
    kAttemptIsOpen + " AND " + kRunIsActive + " ORDER BY attempt.run_key, attempt.attempt_id";
inline constexpr auto kSelectStrayAttempts =
    "SELECT " + kAttemptColumns +
    " FROM attempts attempt JOIN runs run ON run.run_key = attempt.run_key WHERE " +
    kAttemptIsOpen + " AND NOT (" + kRunIsActive + ") ORDER BY attempt.attempt_id";

inline constexpr auto kSelectRunByKey =
    "SELECT " + kRunColumns + " FROM runs run WHERE run.run_key = $run_key";
inline constexpr auto kSelectRunByName =
    "SELECT " + kRunColumns + " FROM runs run WHERE run.dag_id = $dag_id AND run.run_id = $run_id";
inline constexpr auto kSelectTaskInstancesOfRun =
    "SELECT " + kTaskInstanceColumns +
    " FROM task_instances task_instance WHERE task_instance.run_key = $run_key";
inline constexpr auto kSelectTaskInstancesOfTask =
    kSelectTaskInstancesOfRun +
    " AND task_instance.task_id = $task_id ORDER BY task_instance.map_index";
inline constexpr auto kSelectOpenAttemptsOfRun =
    "SELECT " + kAttemptColumns + " FROM attempts attempt WHERE attempt.run_key = $run_key AND " +
    kAttemptIsOpen + " ORDER BY attempt.attempt_id";
inline constexpr auto kSelectAttemptsOfRun =
    "SELECT " + kAttemptColumns +
    " FROM attempts attempt WHERE attempt.run_key = $run_key"
    " ORDER BY attempt.attempt_id";
inline constexpr auto kSelectAttempt =
    "SELECT " + kAttemptColumns + " FROM attempts attempt WHERE attempt.attempt_id = $attempt_id";
inline constexpr auto kSelectAttemptOfTry =
    "SELECT " + kAttemptColumns +
    " FROM task_instances task_instance JOIN attempts attempt ON attempt.run_key = "
    "task_instance.run_key"
    " AND attempt.task_instance_key = task_instance.task_instance_key"
    " WHERE task_instance.task_instance_key = $task_instance_key AND attempt.try_number = "
    "$try_number"
    " ORDER BY attempt.attempt_id DESC LIMIT 1";
inline constexpr auto kSelectTries =
    "SELECT " + kTryColumns +
    " FROM task_tries tried WHERE tried.task_instance_key = $task_instance_key"
    " ORDER BY tried.try_number, tried.attempt_id";

inline constexpr auto kSelectLatestAutomatedRun =
    "SELECT " + kRunColumns +
    " FROM runs run WHERE run.dag_id = $dag_id"
    " AND run.run_type IN ('scheduled', 'backfill') AND run.logical_date IS NOT NULL"
    " ORDER BY run.logical_date DESC LIMIT 1";
inline constexpr auto kSelectPreviousRun =
    "SELECT " + kRunColumns +
    " FROM runs run WHERE run.dag_id = $dag_id"
    " AND run.logical_date < $logical_date ORDER BY run.logical_date DESC LIMIT 1";
inline constexpr auto kSelectPreviousScheduledRun =
    "SELECT " + kRunColumns +
    " FROM runs run WHERE run.dag_id = $dag_id AND run.run_type = 'scheduled'"
    " AND run.logical_date < $logical_date ORDER BY run.logical_date DESC LIMIT 1";
inline constexpr auto kSelectPreviousSuccess =
    "SELECT " + kRunColumns +
    " FROM runs run WHERE run.dag_id = $dag_id AND run.state = 'success'"
    " AND run.logical_date < $logical_date ORDER BY run.logical_date DESC LIMIT 1";
inline constexpr auto kSelectLatestSuccess =
    "SELECT " + kRunColumns +
    " FROM runs run WHERE run.dag_id = $dag_id AND run.state = 'success'"
    " ORDER BY run.run_after DESC, run.run_key DESC LIMIT 1";

inline constexpr auto kSelectVolumeOfRun =
    "SELECT " + kVolumeColumns +
    " FROM staging_volumes volume WHERE volume.run_key = $run_key"
    " ORDER BY volume.state = 'active' DESC, volume.volume_id DESC LIMIT 1";
// A finished run's volume past its time, whatever the end was: a successful run frees its own at
// once, and this catches the one whose server died in between. Without a run: kept for the same
// time from its creation.
inline constexpr auto kSelectVolumesDue =
    "SELECT " + kVolumeColumns +
    " FROM staging_volumes volume LEFT JOIN runs run ON run.run_key = volume.run_key"
    " WHERE volume.state = 'active' AND ((run.state IN ('success', 'failed') AND run.end_date < "
    "$before)"
    " OR (run.run_key IS NULL AND volume.created_at < $before)) ORDER BY volume.volume_id";

}  // namespace leoflow::sql
