// SPDX-License-Identifier: Apache-2.0
#include "model/states.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace leoflow {
namespace {

// Indexed by the enumerators.
constexpr std::array<std::string_view, 4> kRunStates{"queued", "running", "success", "failed"};
constexpr std::array<std::string_view, 5> kRunTypes{"manual", "scheduled", "backfill",
                                                    "asset_triggered", "asset_materialization"};
constexpr std::array<std::string_view, 13> kTaskStates{
    "none",     "scheduled",  "queued",          "running",      "success",
    "failed",   "skipped",    "upstream_failed", "up_for_retry", "up_for_reschedule",
    "deferred", "restarting", "removed"};
constexpr std::array<std::string_view, 6> kAttemptStates{"created", "dispatched", "claimed",
                                                         "running", "settled",    "lost"};
constexpr std::array<std::string_view, kTriggerRuleCount> kTriggerRules{
    "all_success",
    "all_failed",
    "all_done",
    "all_done_min_one_success",
    "all_skipped",
    "one_success",
    "one_failed",
    "one_done",
    "none_failed",
    "none_failed_min_one_success",
    "none_skipped",
    "always",
    "all_done_setup_success"};
constexpr std::array<std::string_view, 3> kWeightRules{"downstream", "upstream", "absolute"};

template <typename Enum, size_t N>
std::optional<Enum> parse(const std::array<std::string_view, N>& names, std::string_view text) {
  for (size_t i = 0; i < N; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

// A set of task states as bits.
using StateSet = uint32_t;

template <typename... States>
constexpr StateSet set_of(States... states) {
  return ((StateSet(1) << unsigned(states)) | ...);
}

// What every state allows: marking by a person (success, failed, skipped), a task that left its DAG
// (removed), and clearing (none).
constexpr StateSet kAlways = set_of(TaskState::success, TaskState::failed, TaskState::skipped,
                                    TaskState::removed, TaskState::none);
// How a try can end without being final.
constexpr StateSet kPauses =
    set_of(TaskState::up_for_retry, TaskState::up_for_reschedule, TaskState::deferred);
// A cleared or waiting task may find that its trigger rule can no longer hold.
constexpr StateSet kDecide = set_of(TaskState::scheduled, TaskState::upstream_failed);

constexpr StateSet successors(TaskState from) {
  switch (from) {
    case TaskState::none: return kAlways | kDecide;
    case TaskState::scheduled:
      return kAlways | kDecide | set_of(TaskState::queued, TaskState::deferred);
    // The report that the task runs may be overtaken by its outcome; a lost placement goes back.
    case TaskState::queued:
      return kAlways | kPauses |
             set_of(TaskState::scheduled, TaskState::running, TaskState::restarting);
    case TaskState::running:
      return kAlways | kPauses |
             set_of(TaskState::scheduled, TaskState::queued, TaskState::restarting);
    case TaskState::up_for_retry:
    case TaskState::up_for_reschedule: return kAlways | kDecide | set_of(TaskState::queued);
    case TaskState::deferred:
      return kAlways | set_of(TaskState::scheduled, TaskState::queued, TaskState::up_for_retry,
                              TaskState::restarting);
    case TaskState::restarting:
      return kAlways | set_of(TaskState::scheduled, TaskState::queued, TaskState::up_for_retry);
    case TaskState::success:
    case TaskState::failed:
    case TaskState::skipped:
    case TaskState::upstream_failed:
    case TaskState::removed: return kAlways;
  }
  return 0;
}

}  // namespace

std::string_view to_string(RunState state) { return kRunStates[size_t(state)]; }
std::string_view to_string(RunType type) { return kRunTypes[size_t(type)]; }
std::string_view to_string(TaskState state) { return kTaskStates[size_t(state)]; }
std::string_view to_string(AttemptState state) { return kAttemptStates[size_t(state)]; }
std::string_view to_string(TriggerRule rule) { return kTriggerRules[size_t(rule)]; }
std::string_view to_string(WeightRule rule) { return kWeightRules[size_t(rule)]; }

std::optional<RunState> parse_run_state(std::string_view text) {
  return parse<RunState>(kRunStates, text);
}
std::optional<RunType> parse_run_type(std::string_view text) {
  return parse<RunType>(kRunTypes, text);
}
std::optional<TaskState> parse_task_state(std::string_view text) {
  return parse<TaskState>(kTaskStates, text);
}
std::optional<AttemptState> parse_attempt_state(std::string_view text) {
  return parse<AttemptState>(kAttemptStates, text);
}
std::optional<TriggerRule> parse_trigger_rule(std::string_view text) {
  return parse<TriggerRule>(kTriggerRules, text);
}
std::optional<WeightRule> parse_weight_rule(std::string_view text) {
  return parse<WeightRule>(kWeightRules, text);
}

bool is_finished(RunState state) { return state == RunState::success || state == RunState::failed; }

bool is_finished(TaskState state) {
  constexpr StateSet finished = set_of(TaskState::success, TaskState::failed, TaskState::skipped,
                                       TaskState::upstream_failed, TaskState::removed);
  return (finished >> unsigned(state)) & 1;
}

bool is_finished(AttemptState state) {
  return state == AttemptState::settled || state == AttemptState::lost;
}

bool legal_move(TaskState from, TaskState to) {
  return from != to && ((successors(from) >> unsigned(to)) & 1);
}

bool legal_move(RunState from, RunState to) {
  // Runs start, end, are marked and are cleared (back to queued, or to running): each state leads
  // to each other one.
  return from != to;
}

bool legal_move(AttemptState from, AttemptState to) {
  // Only forward; reports may overtake each other, so steps may be skipped.
  return !is_finished(from) && to > from;
}

}  // namespace leoflow
