// SPDX-License-Identifier: Apache-2.0
#include "model/states.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace leoflow {
namespace {

// Every value's name is distinct and reads back.
template <typename Enum>
void check_names(int count, std::optional<Enum> (*parse)(std::string_view)) {
  std::set<std::string_view> names;
  for (int i = 0; i < count; ++i) {
    auto value = static_cast<Enum>(i);
    names.insert(to_string(value));
    EXPECT_EQ(parse(to_string(value)), value) << i;
  }
  EXPECT_EQ(names.size(), size_t(count));
  EXPECT_FALSE(parse("").has_value());
  EXPECT_FALSE(parse("Success").has_value());
}

TEST(States, NamesReadBack) {
  check_names<RunState>(4, parse_run_state);
  check_names<RunType>(4, parse_run_type);
  check_names<TaskState>(13, parse_task_state);
  check_names<AttemptState>(6, parse_attempt_state);
  check_names<TriggerRule>(kTriggerRuleCount, parse_trigger_rule);
  check_names<WeightRule>(3, parse_weight_rule);
}

TEST(States, NamesAreAirflows) {
  EXPECT_EQ(to_string(TaskState::upstream_failed), "upstream_failed");
  EXPECT_EQ(to_string(TaskState::up_for_reschedule), "up_for_reschedule");
  EXPECT_EQ(to_string(TaskState::removed), "removed");
  EXPECT_EQ(to_string(TriggerRule::none_failed_min_one_success), "none_failed_min_one_success");
  EXPECT_EQ(to_string(TriggerRule::all_done_setup_success), "all_done_setup_success");
  EXPECT_EQ(to_string(RunType::asset_triggered), "asset_triggered");
  EXPECT_EQ(to_string(AttemptState::settled), "settled");
}

TEST(States, FinishedTaskStates) {
  std::string finished;
  for (int i = 0; i < 13; ++i) {
    if (is_finished(TaskState(i))) finished += std::string(to_string(TaskState(i))) + " ";
  }
  EXPECT_EQ(finished, "success failed skipped upstream_failed removed ");
}

TEST(TaskMoves, FollowALife) {
  using enum TaskState;
  for (auto [from, to] : {std::pair{none, scheduled},
                          {scheduled, queued},
                          {queued, running},
                          {running, success},
                          {running, up_for_retry},
                          {up_for_retry, scheduled},
                          {running, deferred},
                          {deferred, scheduled},
                          {running, up_for_reschedule},
                          {up_for_reschedule, scheduled},
                          {none, upstream_failed},
                          {scheduled, success},
                          {running, queued},
                          {failed, none},
                          {success, none},
                          {success, failed},
                          {running, restarting},
                          {restarting, none}}) {
    EXPECT_TRUE(legal_move(from, to)) << to_string(from) << " -> " << to_string(to);
  }
}

TEST(TaskMoves, RefuseWhatSkipsADecision) {
  using enum TaskState;
  for (auto [from, to] : {std::pair{none, running},
                          {none, queued},
                          {scheduled, running},
                          {success, running},
                          {success, scheduled},
                          {failed, queued},
                          {failed, up_for_retry},
                          {skipped, running},
                          {upstream_failed, scheduled},
                          {running, upstream_failed},
                          {removed, scheduled},
                          {up_for_retry, running},
                          {none, up_for_retry}}) {
    EXPECT_FALSE(legal_move(from, to)) << to_string(from) << " -> " << to_string(to);
  }
}

TEST(TaskMoves, EveryStateCanBeMarkedAndClearedButNotRepeated) {
  for (int i = 0; i < 13; ++i) {
    auto from = static_cast<TaskState>(i);
    EXPECT_FALSE(legal_move(from, from));
    for (TaskState to :
         {TaskState::none, TaskState::success, TaskState::failed, TaskState::skipped}) {
      EXPECT_EQ(legal_move(from, to), from != to) << to_string(from) << " -> " << to_string(to);
    }
  }
}

TEST(AttemptMoves, OnlyForwardAndNeverOutOfAnEnd) {
  for (int from = 0; from < 6; ++from) {
    for (int to = 0; to < 6; ++to) {
      bool ended =
          AttemptState(from) == AttemptState::settled || AttemptState(from) == AttemptState::lost;
      EXPECT_EQ(legal_move(AttemptState(from), AttemptState(to)), !ended && to > from);
    }
  }
}

TEST(RunMoves, EachStateLeadsToEachOther) {
  EXPECT_TRUE(legal_move(RunState::queued, RunState::running));
  EXPECT_TRUE(legal_move(RunState::failed, RunState::queued));
  EXPECT_TRUE(legal_move(RunState::success, RunState::failed));
  EXPECT_FALSE(legal_move(RunState::running, RunState::running));
  EXPECT_TRUE(is_finished(RunState::failed));
  EXPECT_FALSE(is_finished(RunState::queued));
}

}  // namespace
}  // namespace leoflow
