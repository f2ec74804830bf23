// SPDX-License-Identifier: Apache-2.0
#include "schedule/trigger_rule.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <vector>

#include "schedule/golden_for_test.h"

namespace leoflow {
namespace {

using States = std::vector<TaskState>;

UpstreamCounts count(const States& upstream) {
  UpstreamCounts counts;
  counts.total = int(upstream.size());
  for (TaskState state : upstream) {
    counts.success += state == TaskState::success;
    counts.skipped += state == TaskState::skipped;
    counts.failed += state == TaskState::failed;
    counts.upstream_failed += state == TaskState::upstream_failed;
    counts.removed += state == TaskState::removed;
  }
  return counts;
}

bool any(const States& upstream, std::initializer_list<TaskState> wanted) {
  for (TaskState state : upstream) {
    for (TaskState one : wanted) {
      if (state == one) return true;
    }
  }
  return false;
}

bool only(const States& upstream, std::initializer_list<TaskState> wanted) {
  for (TaskState state : upstream) {
    bool found = false;
    for (TaskState one : wanted) found = found || state == one;
    if (!found) return false;
  }
  return true;
}

// The table of docs/scheduling.md read row by row over lists of states, with none of evaluate()'s
// arithmetic. Removed instances count as if they were not there; only one_success and a lone "≥ 1
// success" still need a success.
Verdict oracle(TriggerRule rule, const States& all) {
  using enum TaskState;
  using enum Verdict;
  if (all.empty() || rule == TriggerRule::always) return run;
  States up;
  for (TaskState state : all) {
    if (state != removed) up.push_back(state);
  }
  bool done = only(up, {success, failed, skipped, upstream_failed});
  bool failure = any(up, {failed, upstream_failed});
  switch (rule) {
    case TriggerRule::all_success:
      return failure ? upstream_fail : any(up, {skipped}) ? skip : only(up, {success}) ? run : wait;
    case TriggerRule::all_failed:
      return any(up, {success, skipped}) ? skip : only(up, {failed, upstream_failed}) ? run : wait;
    case TriggerRule::all_done: return done ? run : wait;
    case TriggerRule::all_done_min_one_success:
      if (any(up, {skipped})) return skip;
      return !done ? wait : any(up, {success}) ? run : upstream_fail;
    case TriggerRule::all_skipped:
      return any(up, {success, failed, upstream_failed}) ? skip : only(up, {skipped}) ? run : wait;
    case TriggerRule::one_success:
      if (any(up, {success})) return run;
      if (!done) return wait;
      return !up.empty() && only(up, {skipped}) ? skip : upstream_fail;
    case TriggerRule::one_failed: return failure ? run : done ? skip : wait;
    case TriggerRule::one_done: return any(up, {success, failed}) ? run : done ? skip : wait;
    case TriggerRule::none_failed:
      return failure ? upstream_fail : only(up, {success, skipped}) ? run : wait;
    case TriggerRule::none_failed_min_one_success:
      if (failure) return upstream_fail;
      if (!done) return wait;
      return !up.empty() && only(up, {skipped}) ? skip : run;
    case TriggerRule::none_skipped: return any(up, {skipped}) ? skip : done ? run : wait;
    case TriggerRule::all_done_setup_success: return done ? run : wait;  // no setups in these lists
    case TriggerRule::always: return run;
  }
  return wait;
}

// Every multiset of up to `size` upstream states.
void for_each_upstream(size_t size, int from, States& chosen,
                       const std::function<void(const States&)>& visit) {
  constexpr TaskState kStates[] = {TaskState::success, TaskState::failed,
                                   TaskState::skipped, TaskState::upstream_failed,
                                   TaskState::removed, TaskState::running};
  visit(chosen);
  if (chosen.size() == size) return;
  for (int i = from; i < int(std::size(kStates)); ++i) {
    chosen.push_back(kStates[i]);
    for_each_upstream(size, i, chosen, visit);
    chosen.pop_back();
  }
}

TEST(TriggerRule, AgreesWithTheTableForAllCountsUpToFour) {
  int compared = 0;
  States chosen;
  for_each_upstream(4, 0, chosen, [&](const States& upstream) {
    for (int i = 0; i < kTriggerRuleCount; ++i) {
      auto rule = TriggerRule(i);
      std::string names;
      for (TaskState state : upstream) names += std::string(to_string(state)) + " ";
      ASSERT_EQ(evaluate(rule, count(upstream)), oracle(rule, upstream))
          << to_string(rule) << " over " << names;
      ++compared;
    }
  });
  EXPECT_EQ(compared, 210 * kTriggerRuleCount);  // C(4 + 6, 4) multisets
}

TaskState state_of_letter(char letter) {
  const std::map<char, TaskState> letters = {{'S', TaskState::success},
                                             {'F', TaskState::failed},
                                             {'K', TaskState::skipped},
                                             {'U', TaskState::upstream_failed}};
  return letters.at(letter);
}

// Task ids of the recorded runs are "<rule>.<letters of the upstream states>".
int compare_with_recording(const std::string& file) {
  int compared = 0;
  auto document = golden::load(file);
  const auto& run = document.at("dags").at(0).at("runs").at(0);
  for (const auto& instance : run.at("task_instances").as_array()) {
    std::string id(instance.at("task_id").as_string());
    size_t dot = id.find('.');
    if (dot == std::string::npos) continue;
    auto rule = parse_trigger_rule(id.substr(0, dot));
    if (!rule) {
      ADD_FAILURE() << "unknown rule in " << id;
      continue;
    }
    States upstream;
    for (char letter : id.substr(dot + 1)) upstream.push_back(state_of_letter(letter));
    const std::map<Verdict, std::string> outcome = {{Verdict::run, "success"},
                                                    {Verdict::skip, "skipped"},
                                                    {Verdict::upstream_fail, "upstream_failed"}};
    Verdict verdict = evaluate(*rule, count(upstream));
    EXPECT_NE(verdict, Verdict::wait) << id;
    if (verdict == Verdict::wait) continue;
    EXPECT_EQ(outcome.at(verdict), instance.at("state").as_string()) << id;
    ++compared;
  }
  return compared;
}

TEST(TriggerRule, SingleUpstreamAsRecordedFromAirflow) {
  EXPECT_EQ(compare_with_recording("rules_single.json"), 12 * 4);
}

TEST(TriggerRule, PairsOfUpstreamAsRecordedFromAirflow) {
  EXPECT_EQ(compare_with_recording("rules_pairs.json"), 12 * 6);
}

TEST(TriggerRule, TeardownNeedsOneSuccessfulSetup) {
  UpstreamCounts counts{.total = 3, .success = 1, .failed = 2, .setups_total = 2};
  auto verdict = [&] { return evaluate(TriggerRule::all_done_setup_success, counts); };
  EXPECT_EQ(verdict(), Verdict::upstream_fail);
  counts.setups_success = 1;
  EXPECT_EQ(verdict(), Verdict::run);
  counts.setups_success = 0;
  counts.setups_skipped = 2;
  EXPECT_EQ(verdict(), Verdict::skip);
  counts.failed = 1;
  EXPECT_EQ(verdict(), Verdict::wait);
}

}  // namespace
}  // namespace leoflow
