// SPDX-License-Identifier: Apache-2.0
// Backfills: which dates are made, in which order, under which limits, and what is left after a
// restart, a pause or a cancellation.
#include "engine/core_harness_for_test.h"

namespace leoflow {
namespace {

const Time kDay = from_micros(1'699'920'000'000'000);  // 2023-11-14, the day of the harness's clock
Time day(int before) { return kDay - std::chrono::hours(24 * before); }

class CoreBackfill : public testing::Test {
 protected:
  void daily(const std::function<void(DagSpec&)>& edit = {}) {
    h.dag("etl", "a", [&](DagSpec& spec) {
      spec.schedule.kind = ScheduleSpec::Kind::cron_trigger;
      spec.schedule.crons = {"0 0 * * *"};
      spec.start_date = day(400);
      spec.end_date = day(300);  // nothing is due by itself
      if (edit) edit(spec);
    });
  }
  BackfillRequest range(int from, int to) {
    return {.dag_id = "etl", .from_date = day(from), .to_date = day(to)};
  }
  Result<Backfill> ask(BackfillRequest request) {
    return h.ask<Backfill, event::StartBackfill>(std::move(request));
  }
  Result<Backfill> move(int64_t id, BackfillMove what) {
    Result<Backfill> answer = fail(Code::internal, "not answered");
    h.core->handle(event::MoveBackfill{"etl", id, what, [&](auto given) { answer = given; }},
                   h.now);
    h.step();
    return answer;
  }
  // "14 success, 13 running": days of the month in the order in which they were decided.
  std::string runs(int64_t id) {
    std::string text;
    auto made_runs = h.store->backfills().runs_of(id);
    CHECK(made_runs.has_value());
    for (const BackfillRun& made : *made_runs) {
      if (!text.empty()) text += ", ";
      text += format_time(made.logical_date).substr(8, 2) + " ";
      auto run = made.run ? h.store->runs().get_run(made.run) : Result<std::optional<DagRun>>();
      text += made.run && run && *run ? std::string(to_string((*run)->state)) : made.exception;
    }
    return text;
  }
  void succeed(int before) { h.end("backfill__" + format_iso(day(before)) + "/a"); }
  void fail_run(const std::string& run_id) { h.end(run_id + "/a", OutcomeKind::failed); }
  Backfill stored(int64_t id) { return **h.store->backfills().get(id); }

  CoreHarness h;
};

TEST_F(CoreBackfill, MakesTheDatesOfTheRangeUnderItsOwnLimit) {
  daily();
  auto request = range(4, 1);
  request.max_active_runs = 2;
  request.conf = {{"why", "test"}};
  auto backfill = ask(request);
  ASSERT_TRUE(backfill) << backfill.error().text();
  EXPECT_EQ(backfill->dates, 4);
  EXPECT_EQ(runs(backfill->id), "10 running, 11 running, 12 queued, 13 queued");
  auto run = h.store->runs().get_run("etl", "backfill__" + format_iso(day(4)));
  ASSERT_TRUE(run && *run);
  EXPECT_EQ((*run)->type, RunType::backfill);
  EXPECT_EQ((*run)->triggered_by, "backfill");
  EXPECT_EQ((*run)->conf, R"({"why":"test"})");
  for (int before : {4, 3, 2, 1}) {
    EXPECT_FALSE(stored(backfill->id).completed_at);
    succeed(before);
  }
  EXPECT_EQ(runs(backfill->id), "10 success, 11 success, 12 success, 13 success");
  EXPECT_EQ(stored(backfill->id).completed_at, h.now);
  auto progress = h.store->backfills().progress(backfill->id);
  ASSERT_TRUE(progress);
  EXPECT_EQ(progress->succeeded, 4);
}

TEST_F(CoreBackfill, RunsBackwards) {
  daily();
  auto request = range(3, 1);
  request.max_active_runs = 1;
  request.run_backwards = true;
  auto backfill = ask(request);
  ASSERT_TRUE(backfill);
  EXPECT_EQ(runs(backfill->id), "13 running, 12 queued, 11 queued");
}

TEST_F(CoreBackfill, DoesNotTakeThePlacesOfOtherRuns) {
  daily([](DagSpec& spec) { spec.max_active_runs = 1; });
  auto backfill = ask(range(2, 1));
  ASSERT_TRUE(backfill);
  EXPECT_EQ(runs(backfill->id), "12 running, 13 running");
  h.trigger("etl", "by_hand");
  EXPECT_EQ(h.state("etl", "by_hand"), "running");
}

TEST_F(CoreBackfill, ExistingRunsStayUnlessTheyAreToRunAgain) {
  daily();
  auto first = ask(range(3, 2));
  ASSERT_TRUE(first);
  succeed(3);
  fail_run("backfill__" + format_iso(day(2)));
  ASSERT_TRUE(stored(first->id).completed_at);

  auto kept = ask(range(4, 1));
  ASSERT_TRUE(kept);
  EXPECT_EQ(runs(kept->id), "10 running, 11 already exists, 12 already exists, 13 running");
  succeed(4), succeed(1);

  auto request = range(3, 1);
  request.reprocess = Reprocess::failed;
  auto again = ask(request);
  ASSERT_TRUE(again);
  EXPECT_EQ(runs(again->id), "11 already exists, 12 running, 13 already exists");
  succeed(2);
  request.reprocess = Reprocess::completed;
  auto all = ask(request);
  ASSERT_TRUE(all);
  EXPECT_EQ(runs(all->id), "11 running, 12 running, 13 running");
  EXPECT_EQ(stored(again->id).completed_at, h.now);
}

TEST_F(CoreBackfill, ARunThatIsUnderWayIsNotTouched) {
  daily();
  ASSERT_TRUE(h.trigger("etl", "mine", day(2)));
  auto request = range(2, 2);
  request.reprocess = Reprocess::completed;
  auto backfill = ask(request);
  ASSERT_TRUE(backfill);
  EXPECT_EQ(runs(backfill->id), "12 in flight");
  EXPECT_TRUE(stored(backfill->id).completed_at);
}

TEST_F(CoreBackfill, APauseHoldsWhatWaits) {
  daily();
  auto request = range(3, 1);
  request.max_active_runs = 1;
  auto backfill = ask(request);
  ASSERT_TRUE(move(backfill->id, BackfillMove::pause));
  succeed(3);
  EXPECT_EQ(runs(backfill->id), "11 success, 12 queued, 13 queued");
  ASSERT_TRUE(move(backfill->id, BackfillMove::unpause));
  EXPECT_EQ(runs(backfill->id), "11 success, 12 running, 13 queued");
}

TEST_F(CoreBackfill, CancellingFailsWhatWaitsAndLetsTheRestRun) {
  daily();
  auto request = range(3, 1);
  request.max_active_runs = 1;
  auto backfill = ask(request);
  auto cancelled = move(backfill->id, BackfillMove::cancel);
  ASSERT_TRUE(cancelled) << cancelled.error().text();
  EXPECT_EQ(cancelled->completed_at, h.now);
  EXPECT_EQ(runs(backfill->id), "11 running, 12 failed, 13 failed");
  succeed(3);
  EXPECT_EQ(runs(backfill->id), "11 success, 12 failed, 13 failed");
  auto twice = move(backfill->id, BackfillMove::cancel);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code(), Code::conflict);
  EXPECT_EQ(move(99, BackfillMove::pause).error().code(), Code::not_found);
  EXPECT_TRUE(ask(range(5, 4))) << "the DAG is free for the next one";
}

TEST_F(CoreBackfill, GoesOnAfterARestart) {
  daily();
  auto request = range(150, 1);  // more than are made ahead
  request.max_active_runs = 2;
  auto backfill = ask(request);
  ASSERT_TRUE(backfill);
  EXPECT_LT(h.store->backfills().runs_of(backfill->id)->size(), 150u);
  ASSERT_TRUE(h.core->load(h.now));
  h.step();
  EXPECT_LT(h.store->backfills().runs_of(backfill->id)->size(), 150u);
  for (int left = 150; left > 0; --left) succeed(left);
  EXPECT_TRUE(stored(backfill->id).completed_at);
  auto made = *h.store->backfills().runs_of(backfill->id);
  ASSERT_EQ(made.size(), 150u);
  for (size_t i = 0; i < made.size(); ++i) EXPECT_EQ(made[i].logical_date, day(150 - int(i)));
}

TEST_F(CoreBackfill, RefusesWhatCannotWork) {
  daily();
  h.dag("plain", "a");
  auto code = [&](BackfillRequest request) {
    auto answer = ask(std::move(request));
    return answer ? Code::internal : answer.error().code();
  };
  EXPECT_EQ(code({.dag_id = "plain", .from_date = day(2), .to_date = day(1)}), Code::invalid);
  EXPECT_EQ(code({.dag_id = "nobody", .from_date = day(2), .to_date = day(1)}), Code::not_found);
  EXPECT_EQ(code(range(1, 2)), Code::invalid) << "ends before it begins";
  EXPECT_EQ(code(range(-5, -9)), Code::invalid) << "the future";
  auto never = range(2, 1);
  never.max_active_runs = 0;
  EXPECT_EQ(code(never), Code::invalid);
  EXPECT_EQ(code(range(20'000, 1)), Code::exhausted);
  ASSERT_TRUE(ask(range(2, 1)));
  EXPECT_EQ(code(range(4, 3)), Code::exists) << "one at a time";
}

TEST_F(CoreBackfill, DependsOnPastNeedsOrderAndReprocessing) {
  daily([](DagSpec& spec) { spec.tasks[0].depends_on_past = true; });
  ASSERT_TRUE(h.trigger("etl", "before", day(9)));
  fail_run("before");
  auto request = range(3, 2);
  EXPECT_EQ(ask(request).error().code(), Code::invalid);
  request.reprocess = Reprocess::failed;
  request.run_backwards = true;
  EXPECT_EQ(ask(request).error().code(), Code::invalid);
  request.run_backwards = false;
  ASSERT_TRUE(ask(request));
  EXPECT_TRUE(h.placed.contains("backfill__" + format_iso(day(3)) + "/a"))
      << "the first has no past";
  EXPECT_FALSE(h.placed.contains("backfill__" + format_iso(day(2)) + "/a"));
  succeed(3);
  EXPECT_TRUE(h.placed.contains("backfill__" + format_iso(day(2)) + "/a"));
}

}  // namespace
}  // namespace leoflow
