// SPDX-License-Identifier: Apache-2.0
// The two machines of state, never mixed: orchestration (runs and task instances, Airflow's names) and execution
// (attempts). Names here are the wire and SQL names.
#pragma once

#include <optional>
#include <string_view>

namespace leoflow {

enum class RunState { queued, running, success, failed };

enum class RunType { manual, scheduled, backfill, asset_triggered, asset_materialization };

// `none` is Airflow's null state.
enum class TaskState {
  none,
  scheduled,
  queued,
  running,
  success,
  failed,
  skipped,
  upstream_failed,
  up_for_retry,
  up_for_reschedule,
  deferred,
  restarting,
  removed,
};

// created: decided and committed, not yet handed over; dispatched: handed to an executor; claimed: an agent holds it;
// running: user code started; settled: its outcome is committed; lost: the place is gone.
enum class AttemptState { created, dispatched, claimed, running, settled, lost };

enum class TriggerRule {
  all_success,
  all_failed,
  all_done,
  all_done_min_one_success,
  all_skipped,
  one_success,
  one_failed,
  one_done,
  none_failed,
  none_failed_min_one_success,
  none_skipped,
  always,
  all_done_setup_success,
};
constexpr int kTriggerRuleCount = 13;

enum class WeightRule { downstream, upstream, absolute };

std::string_view to_string(RunState state);
std::string_view to_string(RunType type);
std::string_view to_string(TaskState state);  // "none" for none; APIs print null themselves
std::string_view to_string(AttemptState state);
std::string_view to_string(TriggerRule rule);
std::string_view to_string(WeightRule rule);

std::optional<RunState> parse_run_state(std::string_view text);
std::optional<RunType> parse_run_type(std::string_view text);
std::optional<TaskState> parse_task_state(std::string_view text);
std::optional<AttemptState> parse_attempt_state(std::string_view text);
std::optional<TriggerRule> parse_trigger_rule(std::string_view text);
std::optional<WeightRule> parse_weight_rule(std::string_view text);

// success or failed.
bool is_finished(RunState state);
// success, failed, skipped, upstream_failed, removed.
bool is_finished(TaskState state);
bool is_finished(AttemptState state);

// Whether the engine may move a task instance from one state to the other (Airflow's transitions plus clear and mark).
bool legal_move(TaskState from, TaskState to);
bool legal_move(RunState from, RunState to);
bool legal_move(AttemptState from, AttemptState to);

}  // namespace leoflow
