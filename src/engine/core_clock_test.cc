// SPDX-License-Identifier: Apache-2.0
// The host's clock steps back while runs are under way. What waits for a time waits for that time;
// nothing runs twice, and nothing ends before it began.
#include "engine/core.h"
#include "engine/core_harness_for_test.h"

namespace leoflow {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(CoreClock, ARunGoesOnAndNothingEndsBeforeItBegan) {
  CoreHarness h;
  h.dag("d", "a>b");
  h.trigger("d", "r").value();
  AttemptId attempt = h.placed.at("r/a").attempt;
  h.core->handle(event::AttemptRunning{attempt, 1, h.now}, h.now);
  h.pass(-hours(1));
  h.end("r/a");
  h.end("r/b");
  EXPECT_EQ(h.state("d", "r"), "success");
  EXPECT_GE(*h.run("d", "r").end_date, *h.run("d", "r").start_date);
  TaskInstance a = h.instance("d", "r", "a");
  ASSERT_TRUE(a.start_date && a.end_date);
  EXPECT_GE(*a.end_date, *a.start_date);
  auto attempts = h.store->runs().list_attempts(h.run("d", "r").key);
  ASSERT_TRUE(attempts.has_value());
  for (const auto& row : *attempts) {
    EXPECT_GE(row.ended_at.value_or(h.now + hours(2)), row.started_at.value_or(h.now));
  }
}

TEST(CoreClock, ARetryWaitsForTheTimeItWasToldAndComesOnce) {
  CoreHarness h;
  h.dag("d", "a", [](DagSpec& spec) {
    spec.tasks[0].retries = 3;
    spec.tasks[0].retry_delay = seconds(10);
  });
  h.trigger("d", "r").value();
  h.end("r/a", OutcomeKind::failed);
  h.pass(-minutes(5));
  EXPECT_EQ(h.states("d", "r"), "a=up_for_retry");
  EXPECT_EQ(h.reason("d", "r", "a").substr(0, 9), "retry at ") << "and it says so";
  h.pass(minutes(5) + seconds(10));
  EXPECT_EQ(h.states("d", "r"), "a=queued");
  EXPECT_EQ(h.instance("d", "r", "a").try_number, 2);
}

TEST(CoreClock, AMachineWhoseClockIsWrongNeitherDelaysARetryNorEndsBeforeItsAttempt) {
  for (Duration skew : {Duration(hours(2)), -Duration(hours(2))}) {
    CoreHarness h;
    h.dag("d", "a", [](DagSpec& spec) {
      spec.tasks[0].retries = 1;
      spec.tasks[0].retry_delay = seconds(10);
    });
    h.trigger("d", "r").value();
    h.now += seconds(5);
    AttemptId attempt = h.placed.at("r/a").attempt;
    Time told = h.now + skew;
    h.core->handle(event::AttemptRunning{attempt, 1, told}, h.now);
    h.step();
    h.core->handle(event::OutcomeReported{{.attempt = attempt,
                                           .kind = OutcomeKind::failed,
                                           .started_at = told,
                                           .ended_at = told + seconds(1)}},
                   h.now);
    h.placed.clear();
    h.step();
    auto row = *h.store->runs().get_attempt(attempt);
    EXPECT_GE(*row->started_at, row->created_at);
    EXPECT_LE(*row->ended_at, h.now);
    h.pass(seconds(10));
    EXPECT_TRUE(h.placed.contains("r/a"));
  }
}

TEST(CoreClock, ScheduledRunsAreNotMadeTwice) {
  CoreHarness h;
  h.dag("d", "a", [](DagSpec& spec) {
    spec.schedule.kind = ScheduleSpec::Kind::cron_trigger;
    spec.schedule.crons = {"0 * * * *"};
    spec.max_active_runs = 16;
  });
  h.pass(hours(3));
  size_t before = h.placed.size();
  EXPECT_GE(before, 2U);
  h.pass(-hours(2));
  h.core->handle(event::DagChanged{"d"}, h.now);  // a reload plans anew
  h.step();
  ASSERT_TRUE(h.core->load(h.now).has_value());  // and so does a restart
  h.step();
  h.pass(hours(2));
  EXPECT_EQ(h.placed.size(), before) << "each hour once";
  h.pass(hours(1));
  EXPECT_EQ(h.placed.size(), before + 1);
}

}  // namespace
}  // namespace leoflow
