// SPDX-License-Identifier: Apache-2.0
#include "store/sql/bind_rows.h"

#include "store/sql/rows.h"

namespace leoflow::sql {
namespace {

void bind_run_intervals(Query& query, const DagRun& run) {
  query.bind("$logical_date", run.logical_date)
      .bind("$interval_start", run.interval_start)
      .bind("$interval_end", run.interval_end)
      .bind("$run_after", run.run_after)
      .bind("$queued_at", run.queued_at)
      .bind("$start_date", run.start_date)
      .bind("$end_date", run.end_date)
      .bind("$last_scheduling_decision", run.last_scheduling_decision)
      .bind("$triggered_by", run.triggered_by)
      .bind("$triggering_user", run.triggering_user)
      .bind("$conf", run.conf)
      .bind("$note", run.note)
      .bind("$end_reason", run.end_reason)
      .bind("$clear_number", run.clear_number)
      .bind("$version_stamp", run.version_stamp);
}

// What a task instance gets after its identity.
void bind_task_instance_content(Query& query, const TaskInstance& task) {
  query.bind("$map_index", task.map_index)
      .bind("$state", to_string(task.state))
      .bind("$try_number", task.try_number)
      .bind("$max_tries", task.max_tries)
      .bind("$infra_losses", task.infra_losses)
      .bind("$attempt_id", task.attempt)
      .bind("$scheduled_at", task.scheduled_at)
      .bind("$queued_at", task.queued_at)
      .bind("$start_date", task.start_date)
      .bind("$end_date", task.end_date)
      .bind("$next_at", task.next_at)
      .bind("$operator_name", task.operator_name)
      .bind("$pool", task.pool)
      .bind("$pool_slots", task.pool_slots)
      .bind("$queue", task.queue)
      .bind("$priority_weight", task.priority_weight)
      .bind("$note", task.note)
      .bind("$reason", task.reason)
      .bind("$map_label", task.map_label)
      .bind("$version_stamp", task.version_stamp);
}

void bind_attempt_end(Query& query, const Attempt& attempt) {
  std::optional<int64_t> cpu_us, memory_peak_bytes;
  if (attempt.use.known()) {
    cpu_us = attempt.use.cpu / std::chrono::microseconds(1);
    memory_peak_bytes = attempt.use.memory_peak_bytes;
  }
  query.bind("$dispatched_at", attempt.dispatched_at)
      .bind("$started_at", attempt.started_at)
      .bind("$ended_at", attempt.ended_at)
      .bind("$outcome", attempt.outcome)
      .bind("$reason", attempt.reason)
      .bind("$held_since", attempt.held_since)
      .bind("$cpu_us", cpu_us)
      .bind("$memory_peak_bytes", memory_peak_bytes);
}

void bind_attempt_place(Query& query, const Attempt& attempt) {
  query.bind("$state", to_string(attempt.state))
      .bind("$version_id", attempt.version)
      .bind("$executor", attempt.executor)
      .bind("$agent", attempt.agent)
      .bind("$pid", attempt.pid)
      .bind("$hostname", attempt.hostname);
}

void bind_volume_content(Query& query, const StagingVolume& volume) {
  query.bind("$path", volume.path).bind("$size_bytes", volume.size_bytes).bind("$state", volume.state);
}

}  // namespace

void bind_run_inserted(Query& query, const DagRun& run) {
  query.bind("$run_key", run.key)
      .bind("$dag_id", run.dag_id)
      .bind("$run_id", run.run_id)
      .bind("$version_id", run.version)
      .bind("$state", to_string(run.state))
      .bind("$run_type", to_string(run.type));
  bind_run_intervals(query, run);
}

void bind_run_updated(Query& query, const DagRun& run) {
  query.bind("$version_id", run.version)
      .bind("$state", to_string(run.state))
      .bind("$run_type", to_string(run.type));
  bind_run_intervals(query, run);
  query.bind("$run_key", run.key);
}

void bind_task_instance_inserted(Query& query, const TaskInstance& task) {
  query.bind("$task_instance_key", task.key)
      .bind("$run_key", task.run)
      .bind("$task_id", task.task_id);
  bind_task_instance_content(query, task);
}

void bind_task_instance_updated(Query& query, const TaskInstance& task) {
  bind_task_instance_content(query, task);
  query.bind("$task_instance_key", task.key);
}

void bind_attempt_inserted(Query& query, const Attempt& attempt) {
  query.bind("$attempt_id", attempt.id)
      .bind("$kind", name_of(attempt.kind))
      .bind("$run_key", attempt.run)
      .bind("$task_instance_key", attempt.task_instance)
      .bind("$task_id", attempt.task_id)
      .bind("$map_index", attempt.map_index)
      .bind("$try_number", attempt.try_number);
  bind_attempt_place(query, attempt);
  query.bind("$created_at", attempt.created_at);
  bind_attempt_end(query, attempt);
}

void bind_attempt_updated(Query& query, const Attempt& attempt) {
  bind_attempt_place(query, attempt);
  bind_attempt_end(query, attempt);
  query.bind("$attempt_id", attempt.id);
}

void bind_try(Query& query, const TaskTry& tried) {
  query.bind("$task_instance_key", tried.task_instance)
      .bind("$try_number", tried.try_number)
      .bind("$state", to_string(tried.state))
      .bind("$max_tries", tried.max_tries)
      .bind("$attempt_id", tried.attempt)
      .bind("$scheduled_at", tried.scheduled_at)
      .bind("$queued_at", tried.queued_at)
      .bind("$start_date", tried.start_date)
      .bind("$end_date", tried.end_date)
      .bind("$reason", tried.reason)
      .bind("$version_id", tried.version);
}

void bind_xcom(Query& query, const XCom& xcom) {
  query.bind("$run_key", xcom.run)
      .bind("$task_id", xcom.task_id)
      .bind("$map_index", xcom.map_index)
      .bind("$key", xcom.key)
      .bind("$value", xcom.value)
      .bind("$spill_path", xcom.spill_path)
      .bind("$size_bytes", xcom.size_bytes)
      .bind("$pushed_at", xcom.timestamp)
      .bind("$length", xcom.length);
}

void bind_volume_inserted(Query& query, const StagingVolume& volume) {
  query.bind("$volume_id", volume.id);
  volume.run ? query.bind("$run_key", volume.run) : query.bind_null("$run_key");
  query.bind("$dag_id", volume.dag_id).bind("$run_id", volume.run_id).bind("$name", volume.name);
  bind_volume_content(query, volume);
  query.bind("$created_at", volume.created_at)
      .bind("$deleted_at", volume.deleted_at)
      .bind("$delete_reason", volume.delete_reason);
}

void bind_volume_updated(Query& query, const StagingVolume& volume) {
  bind_volume_content(query, volume);
  query.bind("$deleted_at", volume.deleted_at)
      .bind("$delete_reason", volume.delete_reason)
      .bind("$volume_id", volume.id);
}

void bind_dag_plan(Query& query, const Dag& dag) {
  query.bind("$is_paused", dag.is_paused)
      .bind("$next_logical_date", dag.next_logical_date)
      .bind("$next_interval_start", dag.next_interval_start)
      .bind("$next_interval_end", dag.next_interval_end)
      .bind("$next_run_after", dag.next_run_after)
      .bind("$dag_id", dag.dag_id);
}

void bind_event(Query& query, const EventLog& event) {
  query.bind("$logged_at", event.when)
      .bind("$event", event.event)
      .bind("$dag_id", event.dag_id)
      .bind("$run_id", event.run_id)
      .bind("$task_id", event.task_id)
      .bind("$map_index", event.map_index)
      .bind("$try_number", event.try_number)
      .bind("$owner", event.owner)
      .bind("$extra", event.extra)
      .bind("$object", event.object)
      .bind("$address", event.address);
}

}  // namespace leoflow::sql
