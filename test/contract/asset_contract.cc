// SPDX-License-Identifier: Apache-2.0
#include "contract/store_contract.h"

namespace leoflow {
namespace {

// dag.json members of a DAG that waits for one asset and makes another.
constexpr const char* kFacts =
    R"("tags":[],"owners":["o"],
       "assets":[{"name":"in","uri":"s3://b/in","group":"asset","extra":{"team":"a"}},
                 {"name":"out","uri":"out","group":"g","extra":{}}],
       "asset_aliases":[{"name":"files","group":"asset"}],
       "schedule":{"kind":"assets","assets":{"any":[{"asset":{"name":"in","uri":"s3://b/in"}},
                                                    {"alias":{"name":"files"}}]}},
       "tasks":[{"task_id":"t","inlets":[{"asset_ref":{"name":"in"}}],
                 "outlets":[{"asset":{"name":"out","uri":"out"}}]}])";

AssetBatch::Event event(int64_t id, const std::string& name, const std::string& uri, Time when) {
  return {{.id = id,
           .asset = {name, uri},
           .at = when,
           .extra = R"({"n":1})",
           .dag_id = "make",
           .task_id = "t",
           .run_id = "r",
           .map_index = 2},
          {}};
}

}  // namespace

TEST_P(StoreContract, AssetsAreWhatCurrentVersionsName) {
  add_dag("use", "a", kFacts);
  auto page = store_->assets().list({.page = {.order = {{"name", false}}}});
  ASSERT_TRUE(page && page->rows.size() == 2);
  const Asset in = page->rows[0], out = page->rows[1];
  EXPECT_EQ(in.key, (AssetKey{"in", "s3://b/in"}));
  EXPECT_EQ(in.extra, R"({"team":"a"})");
  EXPECT_EQ(out.group, "g");
  auto references = store_->assets().references({in.id, out.id});
  ASSERT_TRUE(references && references->size() == 3);
  using Role = AssetReference::Role;
  auto has = [&](int64_t asset, Role role, const std::string& task) {
    return std::ranges::any_of(*references, [&](const AssetReference& one) {
      return one.asset_id == asset && one.role == role && one.task_id == task;
    });
  };
  EXPECT_TRUE(has(in.id, Role::schedule, ""));
  EXPECT_TRUE(has(in.id, Role::inlet, "t")) << "by its name alone";
  EXPECT_TRUE(has(out.id, Role::outlet, "t"));
  EXPECT_EQ(store_->assets().list_aliases({})->rows.at(0).name, "files");
  EXPECT_EQ(store_->assets().list({.uri_pattern = "s3:"})->total, 1);
  EXPECT_EQ(store_->assets().list({.dag_ids = {"other"}})->total, 0);
  EXPECT_EQ(store_->assets().list({.dags_allowed = {{"use"}}})->total, 2);
  ASSERT_TRUE(store_->dags().set_stale("use", true));
  EXPECT_EQ(store_->assets().list({})->total, 0);
  EXPECT_EQ(store_->assets().list({.only_active = false})->total, 2);
  ASSERT_TRUE(store_->dags().set_stale("use", false));
  add_dag("use", "b");
  EXPECT_TRUE(store_->assets().references({in.id, out.id})->empty()) << "of the version before";
  EXPECT_EQ(store_->assets().find({"in", ""})->value().id, in.id);
  EXPECT_EQ(store_->assets().find({"", "out"})->value().id, out.id);
  EXPECT_FALSE(store_->assets().find({"in", "out"})->has_value());
}

TEST_P(StoreContract, DagsAreFoundByTheirAssets) {
  add_dag("use", "a", kFacts);
  EXPECT_EQ(store_->dags().list_dags({.has_asset_schedule = true})->total, 1);
  EXPECT_EQ(store_->dags().list_dags({.has_asset_schedule = false})->total, 1);
  EXPECT_EQ(store_->dags().list_dags({.asset_dependency = "B/IN"})->total, 1);
  EXPECT_EQ(store_->dags().list_dags({.asset_dependency = "out"})->total, 0);
  EXPECT_EQ(store_->dags().list_dags({.schedules = {ScheduleSpec::Kind::assets}})->total, 1);
}

TEST_P(StoreContract, AssetEventsAreConsumedOnce) {
  add_dag("use", "a", kFacts);
  Batch first;
  first.runs_inserted = {make_run(1, "use")};
  first.runs_inserted[0].type = RunType::asset_triggered;
  first.assets.told = {{{.key = {"new", "s3://b/new"}}, {"files"}, at(1)}};
  first.assets.events = {event(1, "in", "s3://b/in", at(1)), event(2, "out", "out", at(2)),
                         event(3, "new", "s3://b/new", at(3))};
  first.assets.events[2].aliases = {"files"};
  first.assets.consumed = {{RunKey{1}, "use", 3}};
  commit(first);
  EXPECT_EQ(store_->engine().watermarks()->asset_event, 3);
  auto page = store_->assets().list_events({.consumed_by = RunKey{1}, .page = {.order = {{"id"}}}});
  ASSERT_TRUE(page && page->rows.size() == 2) << "of what its schedule names, by alias too";
  EXPECT_EQ(page->rows[0].event.id, 1);
  EXPECT_EQ(page->rows[0].event.map_index, 2);
  EXPECT_EQ(page->rows[1].event.asset.uri, "s3://b/new");
  Batch second;
  second.runs_inserted = {make_run(2, "use")};
  second.assets.events = {event(4, "in", "s3://b/in", at(4))};
  second.assets.consumed = {{RunKey{2}, "use", 4}};
  commit(second);
  auto runs = store_->assets().runs_of({1, 3, 4});
  ASSERT_TRUE(runs && runs->size() == 3);
  EXPECT_EQ(runs->at(2).second.key, RunKey{2});
  EXPECT_EQ(store_->runs().list_runs({.consuming_asset = "new"})->total, 1);
  EXPECT_EQ(store_->assets().list({})->total, 3) << "an alias that a DAG names keeps it too";
  auto last = store_->assets().last_events({page->rows[0].asset_id});
  ASSERT_TRUE(last && last->size() == 1);
  EXPECT_EQ(last->at(0).event.id, 4);
  Batch gone;
  gone.runs_deleted = {RunKey{1}};
  commit(gone);
  EXPECT_EQ(store_->assets().runs_of({1, 3})->size(), 0u);
}

TEST_P(StoreContract, AssetEventsAreFiltered) {
  add_dag("use", "a", kFacts);
  Batch batch;
  batch.assets.events = {event(1, "in", "s3://b/in", at(1)), event(2, "out", "out", at(2))};
  batch.assets.events[1].event.dag_id.clear();
  commit(batch);
  auto total = [&](AssetEventQuery query) { return store_->assets().list_events(query)->total; };
  EXPECT_EQ(total({.name_pattern = "IN"}), 1);
  EXPECT_EQ(total({.source_dag_id = "make", .source_task_id = "t", .source_run_id = "r"}), 1);
  EXPECT_EQ(total({.source_map_index = 2}), 2);
  EXPECT_EQ(total({.source_map_index = 1}), 0);
  EXPECT_EQ(total({.timestamp = {.gte = at(2)}}), 1);
  EXPECT_EQ(total({.alias = "files"}), 0);
  EXPECT_EQ(total({.dags_allowed = {{"other"}}}), 1) << "of no DAG";
  EXPECT_FALSE(store_->assets().list_events({.page = {.order = {{"extra"}}}}));
}

TEST_P(StoreContract, QueuedAssetsAreReplacedAndForgotten) {
  add_dag("use", "a", kFacts);
  const AssetKey in{"in", "s3://b/in"}, out{"out", "out"};
  Batch batch;
  batch.assets.queue = {
      {"use", in, at(1)}, {"use", out, at(1)}, {"use", in, at(5)}, {"gone", in, at(1)}};
  commit(batch);
  auto queued = store_->assets().queued({});
  ASSERT_TRUE(queued && queued->size() == 2) << "nothing of a DAG that is not there";
  EXPECT_EQ(store_->assets().queued({.before = at(4)})->size(), 1u);
  EXPECT_EQ(store_->assets().queued({.asset_id = queued->at(0).asset_id})->at(0).queued.at, at(5));
  Batch one;
  one.assets.queue = {{"use", in, std::nullopt}};
  commit(one);
  EXPECT_EQ(store_->assets().queued({})->size(), 1u);
  Batch all;
  all.assets.queue = {{"use", std::nullopt, std::nullopt}};
  commit(all);
  EXPECT_TRUE(store_->assets().queued({})->empty());
}

TEST_P(StoreContract, RetentionForgetsAssetEvents) {
  add_dag("use", "a", kFacts);
  Batch batch;
  batch.assets.told = {{{.key = {"once", "once"}}, {}, at(1)}};
  for (int64_t id = 1; id <= 3; ++id)
    batch.assets.events.push_back(
        event(id, id == 1 ? "once" : "in", id == 1 ? "once" : "s3://b/in", at(id)));
  commit(batch);
  RetentionPolicy policy{.runs = std::chrono::seconds(10), .rows_per_step = 1};
  ASSERT_TRUE(store_->retention().purge(policy, at(12)));
  EXPECT_EQ(store_->assets().list_events({})->total, 2) << "one row in one step";
  EXPECT_FALSE(store_->assets().find({"once", "once"})->has_value())
      << "nothing names it and nothing is left of it";
  ASSERT_TRUE(store_->retention().purge(policy, at(100)));
  ASSERT_TRUE(store_->retention().purge(policy, at(100)));
  EXPECT_EQ(store_->assets().list_events({})->total, 0);
  EXPECT_TRUE(store_->assets().find({"in", "s3://b/in"})->has_value());
  EXPECT_EQ(store_->engine().watermarks()->asset_event, 3) << "ids are not given again";
}

}  // namespace leoflow
