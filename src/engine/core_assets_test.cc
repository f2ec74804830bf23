// SPDX-License-Identifier: Apache-2.0
#include "engine/core_harness_for_test.h"

namespace leoflow {
namespace {

using Kind = AssetExpression::Kind;

AssetExpression leaf(const std::string& name, Kind kind = Kind::asset) {
  return {.kind = kind, .key = {name, kind == Kind::asset ? name : ""}};
}

AssetExpression joined(Kind kind, std::vector<AssetExpression> parts) {
  return {.kind = kind, .parts = std::move(parts)};
}

class CoreAssets : public testing::Test, public CoreHarness {
 protected:
  // A DAG of one inline task that waits for a condition.
  void consumer(const std::string& id, AssetExpression condition,
                const std::function<void(DagSpec&)>& edit = {}) {
    dag(id, "ran", [&](DagSpec& spec) {
      spec.schedule.kind = ScheduleSpec::Kind::assets;
      for_each_leaf(condition, [&](const AssetExpression& one) {
        if (one.kind == Kind::asset) spec.assets.push_back({.key = one.key});
        if (one.kind == Kind::alias) spec.asset_aliases.push_back({.name = one.key.name});
      });
      spec.schedule.assets = condition;
      task(spec, "ran").inline_success = true;
      if (edit) edit(spec);
    });
  }

  // A DAG whose task makes an asset.
  void producer(const std::string& id, const std::string& asset) {
    dag(id, "make", [&](DagSpec& spec) {
      spec.assets = {{.key = {asset, asset}}};
      task(spec, "make").outlets = {leaf(asset)};
    });
  }

  Result<AssetEvent> post(const std::string& asset) {
    return ask<AssetEvent, event::CreateAssetEvent>(
        AssetEventRequest{.asset = {asset, asset}, .extra = {{"n", 1}}});
  }

  // What a task that succeeds tells of.
  void succeed(const std::string& run_and_task, std::vector<AssetEmission> events,
               OutcomeKind kind = OutcomeKind::succeeded) {
    Outcome outcome{.attempt = placed.at(run_and_task).attempt, .kind = kind, .ended_at = now};
    outcome.asset_events = std::move(events);
    core->handle(event::OutcomeReported{outcome}, now);
    step();
  }

  std::vector<DagRun> runs(const std::string& dag_id) {
    auto page = store->runs().list_runs(
        {.dag_id = dag_id, .page = {.limit = 200, .order = {{"id", false}}}});
    CHECK(page.has_value());
    return page->rows;
  }

  std::vector<AssetEventRow> events() {
    auto page = store->assets().list_events({.page = {.order = {{"id", false}}}});
    CHECK(page.has_value());
    return page->rows;
  }

  // Ids of the events that a run consumed.
  std::vector<int64_t> consumed(const DagRun& run) {
    auto page = store->assets().list_events({.consumed_by = run.key, .page = {.order = {{"id"}}}});
    CHECK(page.has_value());
    std::vector<int64_t> ids;
    for (const AssetEventRow& row : page->rows) ids.push_back(row.event.id);
    return ids;
  }

  void reload() { CHECK(core->load(now).has_value()); }
};

TEST_F(CoreAssets, SucceededTaskStartsItsConsumers) {
  producer("make", "orders");
  consumer("use", leaf("orders"));
  ASSERT_TRUE(trigger("make", "r"));
  pass(std::chrono::seconds(1));
  succeed("r/make", {{.asset = {.key = {"orders", "orders"}}, .extra = R"({"rows":3})"}});
  ASSERT_EQ(events().size(), 1u);
  EXPECT_EQ(events()[0].event.dag_id, "make");
  EXPECT_EQ(events()[0].event.run_id, "r");
  EXPECT_EQ(events()[0].event.extra, R"({"rows":3})");
  ASSERT_EQ(runs("use").size(), 1u);
  DagRun run = runs("use")[0];
  EXPECT_EQ(run.type, RunType::asset_triggered);
  EXPECT_EQ(run.triggered_by, "asset");
  EXPECT_FALSE(run.logical_date);
  EXPECT_EQ(run.run_after, now);
  EXPECT_EQ(run.run_id, "asset_triggered__" + format_iso(now));
  EXPECT_EQ(run.state, RunState::success);
  EXPECT_EQ(consumed(run), std::vector<int64_t>{1});
  EXPECT_TRUE(store->assets().queued({})->empty());
}

TEST_F(CoreAssets, FailedTaskTellsOfNothing) {
  producer("make", "orders");
  consumer("use", leaf("orders"));
  ASSERT_TRUE(trigger("make", "r"));
  succeed("r/make", {{.asset = {.key = {"orders", "orders"}}}}, OutcomeKind::failed);
  EXPECT_TRUE(events().empty());
  EXPECT_TRUE(runs("use").empty());
}

TEST_F(CoreAssets, OutletsStandInForWhatAnOldAgentDoesNotTell) {
  producer("make", "orders");
  consumer("use", leaf("orders"));
  ASSERT_TRUE(trigger("make", "r"));
  Outcome outcome{.attempt = placed.at("r/make").attempt,
                  .kind = OutcomeKind::succeeded,
                  .ended_at = now,
                  .tells_assets = false};
  core->handle(event::OutcomeReported{outcome}, now);
  step();
  ASSERT_EQ(events().size(), 1u);
  EXPECT_EQ(events()[0].event.extra, "{}");
  EXPECT_EQ(runs("use").size(), 1u);
}

TEST_F(CoreAssets, OneOutcomeMakesOneRunOfAConsumer) {
  producer("make", "a");
  consumer("use", joined(Kind::any, {leaf("a"), leaf("b")}));
  ASSERT_TRUE(trigger("make", "r"));
  succeed("r/make", {{.asset = {.key = {"a", "a"}}}, {.asset = {.key = {"b", "b"}}}});
  ASSERT_EQ(runs("use").size(), 1u);
  EXPECT_EQ(consumed(runs("use")[0]), (std::vector<int64_t>{1, 2}));
}

TEST_F(CoreAssets, ConditionsWaitForWhatTheyJoin) {
  consumer("or", joined(Kind::any, {leaf("a"), leaf("b")}));
  consumer("and", joined(Kind::all, {leaf("a"), leaf("b")}));
  consumer("mix", joined(Kind::all, {leaf("a"), joined(Kind::any, {leaf("b"), leaf("c")})}));
  for (std::string asset : {"c", "b"}) {
    pass(std::chrono::seconds(1));
    ASSERT_TRUE(post(asset));
  }
  EXPECT_EQ(runs("or").size(), 1u);
  EXPECT_TRUE(runs("and").empty());
  EXPECT_TRUE(runs("mix").empty());
  EXPECT_EQ(store->assets().queued({.dag_id = "mix"})->size(), 2u);
  pass(std::chrono::seconds(1));
  ASSERT_TRUE(post("a"));
  EXPECT_EQ(runs("or").size(), 2u);
  EXPECT_EQ(runs("and").size(), 1u);
  ASSERT_EQ(runs("mix").size(), 1u);
  EXPECT_EQ(consumed(runs("mix")[0]), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(consumed(runs("or")[1]), std::vector<int64_t>{3}) << "since the run before";
}

TEST_F(CoreAssets, PausedConsumerMissesTheRunButNotTheEvents) {
  consumer("use", leaf("a"));
  auto pause = [&](bool paused) {
    core->handle(event::SetPaused{"use", paused, [](Result<bool>) {}}, now);
    step();
  };
  pause(true);
  ASSERT_TRUE(post("a"));
  pass(std::chrono::seconds(1));
  pause(false);
  EXPECT_TRUE(runs("use").empty()) << "unpausing starts nothing";
  pass(std::chrono::seconds(1));
  ASSERT_TRUE(post("a"));
  ASSERT_EQ(runs("use").size(), 1u);
  EXPECT_EQ(consumed(runs("use")[0]), (std::vector<int64_t>{1, 2}));
}

TEST_F(CoreAssets, QueueSurvivesARestart) {
  consumer("use", joined(Kind::all, {leaf("a"), leaf("b")}));
  ASSERT_TRUE(post("a"));
  reload();
  step();
  EXPECT_TRUE(runs("use").empty());
  ASSERT_TRUE(post("b"));
  EXPECT_EQ(runs("use").size(), 1u);
}

// The event and what it queues are committed and the run is not: load() makes up for it.
TEST_F(CoreAssets, RunFollowsACrashAfterTheEvent) {
  consumer("use", leaf("a"));
  Batch batch;
  batch.assets.events.push_back({{.id = 1, .asset = {"a", "a"}, .at = now}, {}});
  batch.assets.queue.push_back({"use", AssetKey{"a", "a"}, now});
  ASSERT_TRUE(store->engine().commit(batch));
  reload();
  step();
  ASSERT_EQ(runs("use").size(), 1u);
  EXPECT_EQ(consumed(runs("use")[0]), std::vector<int64_t>{1});
  ASSERT_TRUE(post("a"));
  EXPECT_EQ(events().back().event.id, 2);
}

TEST_F(CoreAssets, RunsOfOneInstantHaveNamesOfTheirOwn) {
  consumer("use", leaf("a"));
  ASSERT_TRUE(post("a"));
  ASSERT_TRUE(post("a"));
  ASSERT_EQ(runs("use").size(), 2u);
  EXPECT_NE(runs("use")[0].run_id, runs("use")[1].run_id);
}

TEST_F(CoreAssets, LimitsOfActiveRunsHold) {
  consumer("use", leaf("a"), [](DagSpec& spec) {
    spec.max_active_runs = 1;
    spec.tasks[0].inline_success = false;
  });
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(post("a"));
    pass(std::chrono::seconds(1));
  }
  ASSERT_EQ(runs("use").size(), 3u);
  EXPECT_EQ(runs("use")[0].state, RunState::running);
  EXPECT_EQ(runs("use")[1].state, RunState::queued);
  end(runs("use")[0].run_id + "/ran");
  EXPECT_EQ(runs("use")[1].state, RunState::running);
}

TEST_F(CoreAssets, EventsGatherPastTheBoundOfWaitingRuns) {
  consumer("use", leaf("a"), [](DagSpec& spec) {
    spec.max_active_runs = 1;
    spec.tasks[0].inline_success = false;
  });
  for (int i = 0; i < kAssetRunsWaitingMax + 5; ++i) {
    ASSERT_TRUE(post("a"));
    now += Duration(1);
  }
  EXPECT_EQ(runs("use").size(), size_t(kAssetRunsWaitingMax + 1));
  EXPECT_EQ(store->assets().queued({})->size(), 1u);
  end(runs("use")[0].run_id + "/ran");
  EXPECT_TRUE(store->assets().queued({})->empty()) << "there is room for one more";
}

TEST_F(CoreAssets, AliasesStandForWhatWasToldUnderThem) {
  producer("make", "seen");
  consumer("use", leaf("files", Kind::alias));
  ASSERT_TRUE(trigger("make", "r1"));
  ASSERT_TRUE(trigger("make", "r2"));
  succeed("r1/make", {{.asset = {.key = {"seen", "seen"}}}});
  EXPECT_TRUE(runs("use").empty()) << "not told under the alias";
  succeed("r2/make", {{.asset = {.key = {"new", "s3://b/new"}}, .aliases = {"files"}}});
  ASSERT_EQ(runs("use").size(), 1u);
  EXPECT_EQ(consumed(runs("use")[0]), std::vector<int64_t>{2});
  EXPECT_EQ(store->assets().aliases_of({2})->at(0).second, "files");
  reload();
  step();
  pass(std::chrono::seconds(1));
  AssetEventRequest posted{.asset = {"new", "s3://b/new"}};
  auto again = ask<AssetEvent, event::CreateAssetEvent>(posted);
  ASSERT_TRUE(again);
  EXPECT_EQ(runs("use").size(), 2u) << "linked from then on";
}

TEST_F(CoreAssets, TimetableRunsBesideThem) {
  consumer("both", leaf("a"), [](DagSpec& spec) {
    spec.schedule.kind = ScheduleSpec::Kind::delta_trigger;
    spec.schedule.delta = std::chrono::hours(1);
    spec.start_date = from_micros(1'700'000'000'000'000);
  });
  size_t before = runs("both").size();
  ASSERT_TRUE(post("a"));
  ASSERT_EQ(runs("both").size(), before + 1);
  EXPECT_EQ(runs("both").back().type, RunType::asset_triggered);
  pass(std::chrono::hours(1));
  EXPECT_EQ(runs("both").back().type, RunType::scheduled);
}

TEST_F(CoreAssets, ForgottenUpdatesAreWaitedForAnew) {
  consumer("use", joined(Kind::all, {leaf("a"), leaf("b")}));
  ASSERT_TRUE(post("a"));
  auto forget = [&](QueuedAssets which) {
    return *ask<int64_t, event::ForgetQueuedAssets>(std::move(which));
  };
  EXPECT_EQ(forget({.dag_ids = {{"other"}}}), 0);
  EXPECT_EQ(forget({.asset = AssetKey{"b", "b"}}), 0);
  EXPECT_EQ(forget({.before = now - Duration(1)}), 0);
  EXPECT_EQ(forget({.dag_ids = {{"use"}}, .asset = AssetKey{"a", "a"}, .before = now}), 1);
  EXPECT_TRUE(store->assets().queued({})->empty());
  ASSERT_TRUE(post("b"));
  EXPECT_TRUE(runs("use").empty());
}

TEST_F(CoreAssets, StaleAndDeletedDagsAreNotQueued) {
  consumer("use", leaf("a"));
  ASSERT_TRUE(store->dags().set_stale("use", true));
  core->handle(event::DagChanged{"use"}, now);
  step();
  ASSERT_TRUE(post("a"));
  EXPECT_TRUE(runs("use").empty());
  ASSERT_TRUE(store->dags().delete_dag("use"));
  core->handle(event::DagChanged{"use"}, now);
  step();
  ASSERT_TRUE(post("a"));
  EXPECT_TRUE(store->assets().queued({})->empty());
}

TEST_F(CoreAssets, NewVersionWaitsForOtherAssets) {
  consumer("use", leaf("a"));
  consumer("use", leaf("b"));
  ASSERT_TRUE(post("a"));
  EXPECT_TRUE(runs("use").empty());
  ASSERT_TRUE(post("b"));
  EXPECT_EQ(runs("use").size(), 1u);
}

TEST_F(CoreAssets, DagThatWaitsForNoAssetForgetsWhatItHadQueued) {
  consumer("use", joined(Kind::all, {leaf("a"), leaf("b")}));
  ASSERT_TRUE(post("a"));
  dag("use", "ran");
  EXPECT_TRUE(store->assets().queued({})->empty());
  ASSERT_TRUE(post("b"));
  EXPECT_TRUE(runs("use").empty());
}

TEST_F(CoreAssets, MaterializingIsARunOfItsOwnType) {
  producer("make", "a");
  auto run = ask<DagRun, event::Trigger>(
      TriggerRequest{.dag_id = "make", .type = RunType::asset_materialization});
  ASSERT_TRUE(run);
  EXPECT_EQ(run->type, RunType::asset_materialization);
  EXPECT_EQ(run->run_id, "asset_materialization__" + format_iso(now));
}

}  // namespace
}  // namespace leoflow
