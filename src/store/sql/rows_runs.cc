// SPDX-License-Identifier: Apache-2.0
#include "store/sql/rows.h"

namespace leoflow::sql {
namespace {

std::optional<AttemptKind> parse_kind(std::string_view text) {
  if (text == "task") return AttemptKind::task;
  if (text == "dag_callback") return AttemptKind::dag_callback;
  return std::nullopt;
}

}  // namespace

std::string_view name_of(AttemptKind kind) { return kind == AttemptKind::task ? "task" : "dag_callback"; }

int64_t read_integer(Row& row) { return row.integer(); }
std::string read_text(Row& row) { return row.text(); }

DagRun read_run(Row& row) {
  DagRun run;
  run.key = row.id<RunKey>();
  run.dag_id = row.text();
  run.run_id = row.text();
  run.version = row.id<DagVersionId>();
  run.state = row.name(parse_run_state);
  run.type = row.name(parse_run_type);
  run.logical_date = row.time_or_null();
  run.interval_start = row.time_or_null();
  run.interval_end = row.time_or_null();
  run.run_after = row.time();
  run.queued_at = row.time();
  run.start_date = row.time_or_null();
  run.end_date = row.time_or_null();
  run.last_scheduling_decision = row.time_or_null();
  run.triggered_by = row.text();
  run.triggering_user = row.text();
  run.conf = row.text();
  run.note = row.text();
  run.end_reason = row.text();
  run.clear_number = row.number();
  run.version_stamp = row.integer();
  return run;
}

TaskInstance read_task_instance(Row& row) {
  TaskInstance task;
  task.key = row.id<TaskInstanceKey>();
  task.run = row.id<RunKey>();
  task.task_id = row.text();
  task.map_index = row.number();
  task.state = row.name(parse_task_state);
  task.try_number = row.number();
  task.max_tries = row.number();
  task.infra_losses = row.number();
  task.attempt = row.id<AttemptId>();
  task.scheduled_at = row.time_or_null();
  task.queued_at = row.time_or_null();
  task.start_date = row.time_or_null();
  task.end_date = row.time_or_null();
  task.next_at = row.time_or_null();
  task.operator_name = row.text();
  task.pool = row.text();
  task.pool_slots = row.number();
  task.queue = row.text();
  task.priority_weight = row.integer();
  task.note = row.text();
  task.reason = row.text();
  task.map_label = row.text();
  task.version_stamp = row.integer();
  return task;
}

TaskTry read_try(Row& row) {
  TaskTry tried;
  tried.task_instance = row.id<TaskInstanceKey>();
  tried.try_number = row.number();
  tried.state = row.name(parse_task_state);
  tried.max_tries = row.number();
  tried.attempt = row.id<AttemptId>();
  tried.scheduled_at = row.time_or_null();
  tried.queued_at = row.time_or_null();
  tried.start_date = row.time_or_null();
  tried.end_date = row.time_or_null();
  tried.reason = row.text();
  tried.version = row.id<DagVersionId>();
  return tried;
}

Attempt read_attempt(Row& row) {
  Attempt attempt;
  attempt.id = row.id<AttemptId>();
  attempt.kind = row.name(parse_kind);
  attempt.run = row.id<RunKey>();
  attempt.task_instance = row.id<TaskInstanceKey>();
  attempt.task_id = row.text();
  attempt.map_index = row.number();
  attempt.try_number = row.number();
  attempt.state = row.name(parse_attempt_state);
  attempt.version = row.id<DagVersionId>();
  attempt.executor = row.text();
  attempt.agent = row.text();
  attempt.pid = row.integer();
  attempt.hostname = row.text();
  attempt.created_at = row.time();
  attempt.dispatched_at = row.time_or_null();
  attempt.started_at = row.time_or_null();
  attempt.ended_at = row.time_or_null();
  attempt.outcome = row.text();
  attempt.reason = row.text();
  attempt.held_since = row.time_or_null();
  attempt.use.cpu = std::chrono::microseconds(row.integer_or_null().value_or(0));
  attempt.use.memory_peak_bytes = row.integer_or_null().value_or(0);
  return attempt;
}

TaskInstanceRow read_task_instance_row(Row& row) {
  TaskInstanceRow result;
  result.task_instance = read_task_instance(row);
  result.run = read_run(row);
  result.version = row.id<DagVersionId>();
  result.rendered_fields = row.text();
  if (!row.null_here()) result.attempt = read_attempt(row);
  return result;
}

XCom read_xcom(Row& row) {
  XCom xcom;
  xcom.run = row.id<RunKey>();
  xcom.task_id = row.text();
  xcom.map_index = row.number();
  xcom.key = row.text();
  xcom.value = row.text();
  xcom.spill_path = row.text();
  xcom.size_bytes = static_cast<uint64_t>(row.integer());
  xcom.timestamp = row.time();
  xcom.length = row.integer_or_null();
  return xcom;
}

Returned read_returned(Row& row) {
  Returned returned;
  returned.map_index = row.number();
  returned.length = row.integer_or_null();
  return returned;
}

StagingVolume read_volume(Row& row) {
  StagingVolume volume;
  volume.id = row.integer();
  volume.run = row.id<RunKey>();
  volume.dag_id = row.text();
  volume.run_id = row.text();
  volume.name = row.text();
  volume.path = row.text();
  volume.size_bytes = static_cast<uint64_t>(row.integer());
  volume.state = row.text();
  volume.created_at = row.time();
  volume.deleted_at = row.time_or_null();
  volume.delete_reason = row.text();
  return volume;
}

}  // namespace leoflow::sql
