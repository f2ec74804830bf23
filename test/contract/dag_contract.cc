// SPDX-License-Identifier: Apache-2.0
#include "contract/store_contract.h"

namespace leoflow {
namespace {

std::vector<std::string> ids_of(const Result<PageOf<Dag>>& page) {
  std::vector<std::string> ids;
  EXPECT_TRUE(page) << page.error().text();
  if (page) {
    for (const Dag& dag : page->rows) ids.push_back(dag.dag_id);
  }
  return ids;
}
using Ids = std::vector<std::string>;

}  // namespace

TEST_P(StoreContract, EqualContentKeepsTheVersion) {
  DagVersionId first = add_dag("etl", "a");
  EXPECT_EQ(first, version_);
  DagVersionId second = add_dag("etl", "b");
  EXPECT_NE(second, version_);
  auto current = store_->dags().get_dag("etl");
  ASSERT_TRUE(current && *current);
  EXPECT_EQ((*current)->current_version, second);
  auto version = store_->dags().get_version("etl", 2);
  ASSERT_TRUE(version && *version);
  EXPECT_EQ((*version)->id, second);
  EXPECT_EQ((*version)->source, "source b");
  EXPECT_EQ((*store_->dags().get_version(first))->version_number, 1);
  EXPECT_FALSE(*store_->dags().get_version("etl", 3));
  // Going back to earlier content is a new version: they count upwards in time.
  add_dag("etl", "a");
  EXPECT_EQ((*store_->dags().get_version("etl", 3))->content_hash, "a");
}

TEST_P(StoreContract, RegisteringSaysWhetherItMadeAVersion) {
  DagVersion version{.dag_id = "new", .content_hash = "x", .dag_json = R"({"dag_id":"new"})"};
  Dag dag{.dag_id = "new"};
  auto first = store_->dags().register_version(version, dag, {});
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->created);
  EXPECT_TRUE(first->dag.is_paused);
  ASSERT_TRUE(store_->dags().set_stale("new", true));
  auto again = store_->dags().register_version(version, dag, {.paused = false});
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->created);
  EXPECT_TRUE(again->dag.is_paused);
  EXPECT_FALSE(again->dag.is_stale);
  version.dag_json = "no json";
  EXPECT_EQ(store_->dags().register_version(version, dag, {.paused = false}).error().code(),
            Code::invalid);
}

TEST_P(StoreContract, KeepsWhereAVersionComesFrom) {
  DagVersion version{.dag_id = "new", .content_hash = "x", .dag_json = R"({"dag_id":"new"})"};
  version.bundle_name = kPushedBundle;
  version.image = "registry/new:v1";
  version.commit = "abc";
  version.url = "https://example.org/abc";
  ASSERT_TRUE(store_->dags().register_version(version, {.dag_id = "new"}, {}));
  auto stored = store_->dags().get_version("new", 1);
  ASSERT_TRUE(stored && *stored);
  EXPECT_EQ((*stored)->bundle_name, kPushedBundle);
  EXPECT_EQ((*stored)->image, "registry/new:v1");
  EXPECT_EQ((*stored)->commit, "abc");
  EXPECT_EQ((*stored)->url, "https://example.org/abc");
}

TEST_P(StoreContract, ActivatesVersionsOnRequest) {
  DagVersion version{
      .dag_id = "etl", .content_hash = "b", .dag_json = R"({"dag_id":"etl","tags":["b"]})"};
  Dag dag{.dag_id = "etl"};
  auto waiting = store_->dags().register_version(version, dag, {.activate = false});
  ASSERT_TRUE(waiting && waiting->created);
  EXPECT_EQ(waiting->version.version_number, 2);
  EXPECT_EQ((*store_->dags().get_dag("etl"))->current_version, version_);
  // Pushed again it is the same version, active or not.
  auto again = store_->dags().register_version(version, dag, {});
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->created);
  EXPECT_EQ(again->dag.current_version, waiting->version.id);
  EXPECT_EQ(*store_->dags().tags_of("etl"), Ids{"b"});
  auto back = store_->dags().activate_version("etl", 1);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->dag.current_version, version_);
  EXPECT_EQ(*store_->dags().tags_of("etl"), Ids{});
  EXPECT_EQ(store_->dags().activate_version("etl", 9).error().code(), Code::not_found);
  EXPECT_EQ(store_->dags().activate_version("none", 1).error().code(), Code::not_found);
}

TEST_P(StoreContract, ADagStaysWithItsBundle) {
  DagVersion version{.dag_id = "etl", .content_hash = "b", .dag_json = R"({"dag_id":"etl"})"};
  Dag pushed{
      .dag_id = "etl", .relative_fileloc = "p/dag.py", .bundle_name = std::string(kPushedBundle)};
  DagStore& dags = store_->dags();
  EXPECT_EQ(dags.register_version(version, pushed, {}).error().code(), Code::exists);
  EXPECT_EQ(dags.list_versions({.dag_id = "etl"})->total, 1);
  ASSERT_TRUE(dags.register_version(version, pushed, {.take_over = true}));
  EXPECT_EQ((*dags.get_dag("etl"))->bundle_name, kPushedBundle);
  // Given up, it is anybody's.
  ASSERT_TRUE(dags.set_stale("etl", true));
  ASSERT_TRUE(dags.register_version(version, {.dag_id = "etl"}, {.activate = false}));
  EXPECT_EQ((*dags.get_dag("etl"))->bundle_name, kWorkspaceBundle);
  EXPECT_FALSE((*dags.get_dag("etl"))->is_stale);
}

TEST_P(StoreContract, VersionListsLeaveOutTheTexts) {
  add_dag("etl", "b");
  VersionQuery query{.dag_id = "etl", .page = {.order = {{"version_number", true}}}};
  auto versions = store_->dags().list_versions(query);
  ASSERT_TRUE(versions && versions->rows.size() == 2);
  EXPECT_EQ(versions->total, 2);
  EXPECT_EQ(versions->rows[0].version_number, 2);
  EXPECT_EQ(versions->rows[0].label, "label-b");
  EXPECT_TRUE(versions->rows[0].dag_json.empty());
  EXPECT_TRUE(versions->rows[0].source.empty());
}

TEST_P(StoreContract, FiltersDags) {
  add_dag("sales_daily", "a", R"("tags":["a","b"],"owners":["ann"])");
  add_dag("sales_weekly", "a", R"("tags":["b"],"owners":["bob","ann"])");
  ASSERT_TRUE(store_->dags().set_paused("sales_weekly", true));
  DagStore& dags = store_->dags();
  EXPECT_EQ(ids_of(dags.list_dags({})), (Ids{"etl", "sales_daily", "sales_weekly"}));
  EXPECT_EQ(ids_of(dags.list_dags({.tags = {"a", "b"}})), (Ids{"sales_daily", "sales_weekly"}));
  EXPECT_EQ(ids_of(dags.list_dags({.tags = {"a", "b", "a"}, .tags_all = true})),
            (Ids{"sales_daily"}));
  EXPECT_EQ(ids_of(dags.list_dags({.owners = {"bob"}})), (Ids{"sales_weekly"}));
  EXPECT_EQ(*dags.tags_of("sales_daily"), (Ids{"a", "b"}));
  EXPECT_EQ(*dags.tags_of("none"), Ids{});
  auto tags = dags.list_tags();
  ASSERT_TRUE(tags && tags->size() == 3);
  EXPECT_EQ((*tags)[0].tags, Ids{});
  EXPECT_EQ((*tags)[2].dag_id, "sales_weekly");
  EXPECT_EQ((*tags)[2].tags, (Ids{"b"}));
  EXPECT_EQ(ids_of(dags.list_dags({.dag_id_pattern = "SALES"})),
            (Ids{"sales_daily", "sales_weekly"}));
  EXPECT_EQ(ids_of(dags.list_dags({.dag_id_pattern = "s%_daily|ETL"})),
            (Ids{"etl", "sales_daily"}));
  EXPECT_EQ(ids_of(dags.list_dags({.dag_id_pattern = "et_"})), (Ids{"etl"}));
  EXPECT_EQ(ids_of(dags.list_dags({.dag_id_pattern = R"(sales\_w)"})), (Ids{"sales_weekly"}));
  EXPECT_EQ(ids_of(dags.list_dags({.dag_id_pattern = "~"})).size(), 3u);
  auto begins = [&](const char* prefix, const char* part = "") {
    DagQuery query{.dag_id_pattern = part};
    query.dag_id_pattern.prefix = prefix;
    return ids_of(dags.list_dags(query));
  };
  EXPECT_EQ(begins("sales_"), (Ids{"sales_daily", "sales_weekly"}));
  EXPECT_EQ(begins("SALES"), Ids{}) << "in its case";
  EXPECT_EQ(begins("ales"), Ids{}) << "only how it begins";
  EXPECT_EQ(begins("et%"), Ids{}) << "without wildcards";
  EXPECT_EQ(begins("e|sales_w"), (Ids{"etl", "sales_weekly"}));
  EXPECT_EQ(begins("sales", "WEEK"), (Ids{"sales_weekly"}));
  EXPECT_EQ(begins("~").size(), 3u);
  EXPECT_EQ(ids_of(dags.list_dags({.dag_id_pattern = "'; DROP TABLE dags"})), Ids{});
  EXPECT_EQ(ids_of(dags.list_dags({.display_name_pattern = "the etl"})), (Ids{"etl"}));
  EXPECT_EQ(ids_of(dags.list_dags({.paused = true})), (Ids{"sales_weekly"}));
  EXPECT_EQ(dags.list_dags({.dag_id_pattern = std::string(5000, 'x')}).error().code(),
            Code::invalid);
}

TEST_P(StoreContract, FiltersDagsByLastRunAndOrdersThem) {
  add_dag("other");
  add_run(1, "etl", RunState::success);
  add_run(2, "etl", RunState::failed);
  add_run(3, "other", RunState::success);
  DagQuery failed{.last_run_state = RunState::failed};
  EXPECT_EQ(ids_of(store_->dags().list_dags(failed)), (Ids{"etl"}));
  DagQuery ordered;
  ordered.page.order = {{"last_run_state", true}};
  EXPECT_EQ(ids_of(store_->dags().list_dags(ordered)), (Ids{"other", "etl"}));
  ordered.page.order = {{"shoe_size"}};
  auto unknown = store_->dags().list_dags(ordered);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), Code::invalid);
  EXPECT_NE(unknown.error().message().find("shoe_size"), std::string::npos);
  EXPECT_NE(unknown.error().hint().find("last_run_state"), std::string::npos);
}

// Airflow's meaning: all of them about one run, the last.
TEST_P(StoreContract, FiltersDagsByWhatTheirLastRunDid) {
  add_dag("other");
  add_dag("without_runs");
  add_run(1, "etl", RunState::success);
  add_run(2, "etl", RunState::failed);
  add_run(3, "other", RunState::success);
  Batch batch;
  for (auto [key, dag_id, state] :
       {std::tuple(1, "etl", RunState::success), std::tuple(2, "etl", RunState::failed),
        std::tuple(3, "other", RunState::success)}) {
    DagRun run = make_run(key, dag_id);
    run.state = state;
    run.start_date = at(key * 100);
    run.end_date = at(key * 100 + 50);
    run.version_stamp = 1;
    batch.runs_updated.push_back(run);
  }
  commit(batch);
  DagStore& dags = store_->dags();
  EXPECT_EQ(ids_of(dags.list_dags({.run_states = {RunState::success}})), (Ids{"other"}));
  EXPECT_EQ(ids_of(dags.list_dags({.run_states = {RunState::success, RunState::failed}})),
            (Ids{"etl", "other"}));
  EXPECT_EQ(ids_of(dags.list_dags({.run_start = {.gte = at(200)}})), (Ids{"etl", "other"}));
  EXPECT_EQ(ids_of(dags.list_dags({.run_start = {.gt = at(200)}})), (Ids{"other"}));
  EXPECT_EQ(ids_of(dags.list_dags({.run_start = {.lt = at(200)}})), Ids{}) << "run 1 is older";
  EXPECT_EQ(ids_of(dags.list_dags({.run_end = {.gte = at(0), .lte = at(250)}})), (Ids{"etl"}));
  EXPECT_EQ(
      ids_of(dags.list_dags({.run_states = {RunState::success}, .run_start = {.lte = at(200)}})),
      Ids{});
  EXPECT_EQ(dags.list_dags({.run_states = {RunState::failed}})->total, 1);
}

TEST_P(StoreContract, FiltersDagsByBundleVersionAndSchedule) {
  add_dag("daily", "a", R"("schedule":{"kind":"cron_trigger"})");
  add_dag("once", "b", R"("schedule":{"kind":"once"})");
  using Kind = ScheduleSpec::Kind;
  DagStore& dags = store_->dags();
  EXPECT_EQ(ids_of(dags.list_dags({.schedules = {Kind::cron_trigger}})), (Ids{"daily"}));
  EXPECT_EQ(ids_of(dags.list_dags({.schedules = {Kind::none, Kind::once}})), (Ids{"etl", "once"}));
  EXPECT_EQ(ids_of(dags.list_dags({.bundle_version = "label-b"})), (Ids{"once"}));
  EXPECT_EQ(ids_of(dags.list_dags({.bundle_name = std::string(kWorkspaceBundle)})).size(), 3u);
  EXPECT_EQ(ids_of(dags.list_dags({.bundle_name = std::string(kPushedBundle)})), Ids{});
  // Those of the current version.
  add_dag("once", "c", R"("schedule":{"kind":"cron_trigger"})");
  EXPECT_EQ(ids_of(dags.list_dags({.bundle_version = "label-b"})), Ids{});
  EXPECT_EQ(ids_of(dags.list_dags({.schedules = {Kind::once}})), Ids{});
  ASSERT_TRUE(dags.activate_version("once", 1));
  EXPECT_EQ(ids_of(dags.list_dags({.schedules = {Kind::once}})), (Ids{"once"}));
  EXPECT_EQ(ids_of(dags.list_dags({.bundle_version = "label-b"})), (Ids{"once"}));
}

TEST_P(StoreContract, FiltersVersions) {
  add_dag("etl", "b");
  add_dag("other", "b");
  auto found = [&](const VersionQuery& query) {
    std::vector<std::string> names;
    auto page = store_->dags().list_versions(query);
    EXPECT_TRUE(page) << page.error().text();
    for (const DagVersion& version : page ? page->rows : std::vector<DagVersion>())
      names.push_back(version.dag_id + std::to_string(version.version_number));
    return names;
  };
  EXPECT_EQ(found({}), (Ids{"etl1", "etl2", "other1"})) << "of all DAGs";
  EXPECT_EQ(found({.dag_id = "etl", .version_number = 2}), (Ids{"etl2"}));
  EXPECT_EQ(found({.version_number = 3}), Ids{});
  EXPECT_EQ(found({.bundle_version = "label-b"}), (Ids{"etl2", "other1"}));
  EXPECT_EQ(found({.bundle_name = std::string(kPushedBundle)}), Ids{});
  EXPECT_EQ(found({.dags_allowed = {{"other"}}}), (Ids{"other1"}));
  EXPECT_EQ(found({.page = {.order = {{"bundle_version", true}, {"bundle_name"}}}}),
            (Ids{"etl2", "other1", "etl1"}));
}

TEST_P(StoreContract, PagesAndCountsAll) {
  for (const char* dag_id : {"a", "b", "c"}) add_dag(dag_id);
  DagQuery query;
  query.page = {.limit = 2, .offset = 1};
  auto page = store_->dags().list_dags(query);
  EXPECT_EQ(ids_of(page), (Ids{"b", "c"}));
  EXPECT_EQ(page->total, 4);
  query.page = {.limit = kPageLimitMax + 1};
  EXPECT_EQ(store_->dags().list_dags(query).error().code(), Code::invalid);
  query.page = {.offset = kPageOffsetMax + 1};
  EXPECT_EQ(store_->dags().list_dags(query).error().code(), Code::invalid);
}

TEST_P(StoreContract, StaleDagsAreHiddenByDefault) {
  ASSERT_TRUE(store_->dags().set_stale("etl", true));
  EXPECT_TRUE(ids_of(store_->dags().list_dags({})).empty());
  EXPECT_EQ(ids_of(store_->dags().list_dags({.exclude_stale = false})), (Ids{"etl"}));
  EXPECT_EQ(store_->dags().set_stale("nope", true).error().code(), Code::not_found);
  EXPECT_EQ(store_->dags().set_paused("nope", true).error().code(), Code::not_found);
}

TEST_P(StoreContract, PlansTheNextRunOnly) {
  Batch batch;
  batch.dags_planned = {
      Dag{.dag_id = "etl", .is_paused = true, .fileloc = "ignored", .next_run_after = at(5)},
      Dag{.dag_id = "deleted meanwhile"}};
  commit(batch);
  auto dag = store_->dags().get_dag("etl");
  ASSERT_TRUE(dag && *dag);
  EXPECT_TRUE((*dag)->is_paused);
  EXPECT_EQ((*dag)->next_run_after, at(5));
  EXPECT_EQ((*dag)->fileloc, "/dags/etl/dag.py");
  add_dag("etl", "b");  // a new version leaves the plan to the engine
  EXPECT_EQ((*store_->dags().get_dag("etl"))->next_run_after, at(5));
}

TEST_P(StoreContract, DeletesADagUnlessItRuns) {
  RunRecord record = add_run(1);
  Batch batch;
  batch.task_instances_updated = {record.task_instances[0]};
  batch.task_instances_updated[0].state = TaskState::running;
  batch.task_instances_updated[0].version_stamp = 1;
  commit(batch);
  EXPECT_EQ(store_->dags().delete_dag("etl").error().code(), Code::conflict);
  batch.task_instances_updated[0].state = TaskState::failed;
  batch.task_instances_updated[0].version_stamp = 2;
  commit(batch);
  ASSERT_TRUE(store_->dags().delete_dag("etl"));
  EXPECT_FALSE(*store_->dags().get_dag("etl"));
  EXPECT_FALSE(*store_->engine().load_run(RunKey{1}));
  EXPECT_FALSE(*store_->dags().get_version(version_));
  EXPECT_EQ(store_->dags().delete_dag("etl").error().code(), Code::not_found);
}

// Caches know versions by their id.
TEST_P(StoreContract, TheIdOfADeletedVersionIsNotGivenAgain) {
  ASSERT_TRUE(store_->dags().delete_dag("etl"));
  EXPECT_GT(add_dag("fresh").value, version_.value);
}

TEST_P(StoreContract, ImportErrorsMarkTheirDags) {
  ImportError error{.timestamp = at(1), .filename = "etl/dag.py", .stack_trace = "line 3: no"};
  ASSERT_TRUE(store_->import_errors().put(error));
  EXPECT_TRUE((*store_->dags().get_dag("etl"))->has_import_errors);
  EXPECT_EQ(ids_of(store_->dags().list_dags({.has_import_errors = true})), (Ids{"etl"}));
  EXPECT_TRUE(ids_of(store_->dags().list_dags({.has_import_errors = false})).empty());
  error.stack_trace = "line 4: still no";
  ASSERT_TRUE(store_->import_errors().put(error));
  auto list = store_->import_errors().list({.filename_pattern = "ETL/%.py"});
  ASSERT_TRUE(list && list->rows.size() == 1);
  EXPECT_EQ(list->rows[0].stack_trace, "line 4: still no");
  EXPECT_TRUE(*store_->import_errors().get(list->rows[0].id));
  auto total = [&](const ImportErrorQuery& query) {
    return store_->import_errors().list(query)->total;
  };
  EXPECT_EQ(total({.dags_allowed = {{"etl"}}}), 1);
  EXPECT_EQ(total({.dags_allowed = {{"other"}}}), 0);
  EXPECT_EQ(total({.filename = "etl/dag.py", .bundle_name = std::string(kWorkspaceBundle)}), 1);
  EXPECT_EQ(total({.filename = "etl/dag"}), 0) << "the whole name";
  EXPECT_EQ(total({.bundle_name = std::string(kPushedBundle)}), 0);
  EXPECT_EQ(*store_->dags().dags_of_file("etl/dag.py"), (Ids{"etl"}));
  EXPECT_EQ(*store_->dags().dags_of_file("none.py"), Ids{});
  ASSERT_TRUE(store_->import_errors().clear("etl/dag.py"));
  EXPECT_FALSE((*store_->dags().get_dag("etl"))->has_import_errors);
  EXPECT_FALSE(*store_->import_errors().get(list->rows[0].id));
}

}  // namespace leoflow
