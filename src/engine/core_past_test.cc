// SPDX-License-Identifier: Apache-2.0
#include "engine/core_harness_for_test.h"

namespace leoflow {
namespace {

using std::chrono::hours;

constexpr const char* kWaits = "waits for the previous run (depends_on_past)";

// Task a, of `instances` if it is mapped, and b after it.
void daily(CoreHarness& h, int instances = 0) {
  h.dag("d", "a>b", [&](DagSpec& spec) {
    CoreHarness::task(spec, "a").depends_on_past = true;
    if (instances > 0) CoreHarness::task(spec, "a").expand = {{.length = instances}};
  });
}

// r1, and r2 an hour after it, both begun.
void run_two(CoreHarness& h) {
  h.trigger("d", "r1", h.now).value();
  h.trigger("d", "r2", h.now + hours(1)).value();
  h.pass(hours(1));
}

void restart(CoreHarness& h) {
  ASSERT_TRUE(h.core->load(h.now).has_value());
  h.step();
}

TEST(CorePast, WaitsForTheRunBefore) {
  CoreHarness h;
  daily(h);
  run_two(h);
  EXPECT_EQ(h.states("d", "r2"), "a=- b=-");
  EXPECT_EQ(h.reason("d", "r2", "a"), "waits for the previous run (depends_on_past)");
  h.end("r1/a", OutcomeKind::failed);
  EXPECT_EQ(h.states("d", "r2"), "a=- b=-");
  auto marked = h.ask<std::vector<Touched>, event::MarkTask>(
      MarkTaskRequest{.name = {"d", "r1", "a"}, .state = TaskState::success});
  ASSERT_TRUE(marked.has_value());
  EXPECT_EQ(h.states("d", "r1"), "a=success b=queued");
  EXPECT_EQ(h.states("d", "r2"), "a=queued b=-");
}

// They are made in one step, before any of them is in the store.
TEST(CorePast, KeepsRunsThatAreCaughtUpInOrder) {
  CoreHarness h;
  Time start = h.now - hours(3);
  h.dag("d", "a", [&](DagSpec& spec) {
    spec.schedule = {.kind = ScheduleSpec::Kind::delta_trigger, .delta = hours(1)};
    spec.start_date = start, spec.end_date = start + hours(2), spec.catchup = true;
    spec.tasks[0].depends_on_past = true;
  });
  for (int hour = 0; hour < 3; ++hour) {
    ASSERT_EQ(h.placed.size(), 1u);
    h.end("scheduled__" + format_iso(start + hours(hour)) + "/a");
  }
  EXPECT_TRUE(h.placed.empty());
}

TEST(CorePast, AMappedTaskWaitsForAllInstancesOfTheRunBefore) {
  CoreHarness h;
  daily(h, 3);
  run_two(h);
  for (std::string index : {"2", "0", "1"}) {
    EXPECT_EQ(h.states("d", "r2"), "a[0]=- a[1]=- a[2]=- b=-");
    EXPECT_EQ(h.reason("d", "r2", "a"), kWaits);
    h.end("r1/a[" + index + "]");
  }
  EXPECT_EQ(h.states("d", "r2"), "a[0]=queued a[1]=queued a[2]=queued b=-");
}

TEST(CorePast, WaitForDownstreamAlsoWantsWhatFollowsThere) {
  CoreHarness h;
  h.dag("d", "a>b", [](DagSpec& spec) { CoreHarness::task(spec, "a").wait_for_downstream = true; });
  run_two(h);
  h.end("r1/a");
  EXPECT_EQ(h.states("d", "r2"), "a=- b=-");
  h.end("r1/b");
  EXPECT_EQ(h.states("d", "r2"), "a=queued b=-");
}

TEST(CorePast, ARunThatComesInBetweenIsWaitedFor) {
  CoreHarness h;
  daily(h);
  Time start = h.now;
  h.trigger("d", "r1", start).value();
  h.trigger("d", "r3", start + hours(2)).value();
  h.pass(hours(2));
  h.trigger("d", "r2", start + hours(1)).value();
  h.end("r1/a");
  EXPECT_EQ(h.states("d", "r3"), "a=- b=-");
  h.end("r2/a");
  EXPECT_EQ(h.states("d", "r3"), "a=queued b=-");
}

TEST(CorePast, ARunThatIsDeletedIsWaitedForNoMore) {
  CoreHarness h;
  daily(h);
  Time start = h.now;
  for (int i = 1; i <= 3; ++i) h.trigger("d", "r" + std::to_string(i), start + hours(i)).value();
  h.pass(hours(3));
  auto drop = [&](const std::string& run_id) {
    h.core->handle(event::DeleteRun{"d", run_id, [](const auto&) {}}, h.now);
    h.step();
  };
  drop("r2");
  EXPECT_EQ(h.states("d", "r3"), "a=- b=-") << "r1 is before it now";
  h.end("r1/a", OutcomeKind::failed);
  h.pass(hours(1));
  EXPECT_EQ(h.state("d", "r1"), "failed");
  EXPECT_EQ(h.states("d", "r3"), "a=- b=-");
  drop("r1");
  EXPECT_EQ(h.states("d", "r3"), "a=queued b=-");
}

// Each run lets the next one go without a process in between: no chain of calls.
TEST(CorePast, ManyRunsLetEachOtherGo) {
  constexpr int kRuns = 1'000;
  CoreHarness h;
  h.dag("d", "a>b b>c", [](DagSpec& spec) {
    spec.max_active_runs = kRuns;
    CoreHarness::task(spec, "b").depends_on_past = true;
    CoreHarness::task(spec, "b").inline_success = true;
  });
  Time start = h.now;
  auto run = [](int day) { return "r" + std::to_string(day); };
  for (int day = 0; day < kRuns; ++day) h.trigger("d", run(day), start + hours(24 * day)).value();
  h.pass(hours(24 * kRuns));
  for (int day = kRuns - 1; day > 0; --day) {
    auto marked = h.ask<std::vector<Touched>, event::MarkTask>(
        MarkTaskRequest{.name = {"d", run(day), "a"}, .state = TaskState::success});
    ASSERT_TRUE(marked.has_value());
  }
  EXPECT_EQ(h.states("d", run(1)), "a=success b=- c=-");
  h.end("r0/a");
  for (int day : {0, 1, kRuns - 1})
    EXPECT_TRUE(h.states("d", run(day)).starts_with("a=success b=success c=")) << day;
}

TEST(CorePast, StillWaitsAfterALoad) {
  CoreHarness h;
  daily(h, 2);
  run_two(h);
  restart(h);
  EXPECT_EQ(h.reason("d", "r2", "a"), kWaits);
  h.end("r1/a[0]");
  EXPECT_EQ(h.states("d", "r2"), "a[0]=- a[1]=- b=-");
  h.end("r1/a[1]");
  EXPECT_EQ(h.states("d", "r2"), "a[0]=queued a[1]=queued b=-");
}

}  // namespace
}  // namespace leoflow
