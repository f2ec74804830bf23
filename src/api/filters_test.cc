// SPDX-License-Identifier: Apache-2.0
// What lists are filtered, ordered and paged by.
#include "api/fakes_test.h"

namespace leoflow::api {
namespace {

class FilterTest : public ApiTest {
 protected:
  json::value read(const std::string& target) {
    Response response = get("/api/v2" + target);
    EXPECT_EQ(response.status, 200) << target << " " << response.body;
    return body(response);
  }
  int64_t total(const std::string& target) { return read(target).at("total_entries").as_int64(); }

  // Another DAG without a run, its task in a pool that is not there.
  void add_second_dag() {
    DagSpec spec;
    spec.dag_id = "alpha";
    spec.display_name = "The alpha";
    spec.schedule = {.kind = ScheduleSpec::Kind::cron_trigger, .crons = {"0 0 * * *"}};
    TaskSpec task;
    task.task_id = "go";
    task.pool = "absent";
    spec.tasks = {task};
    ASSERT_TRUE(spec.finish());
    DagVersion version{
        .dag_id = "alpha", .label = "v7", .content_hash = "h7", .dag_json = dump_dag_spec(spec)};
    Dag dag{.dag_id = "alpha",
            .relative_fileloc = "alpha/dag.py",
            .bundle_name = std::string(kPushedBundle),
            .last_parsed_time = clock.at - std::chrono::hours(1)};
    ASSERT_TRUE(store->dags().register_version(version, dag, {}));
  }
};

TEST_F(FilterTest, DagsByTheirLastRun) {
  add_second_dag();
  EXPECT_EQ(total("/dags"), 2);
  for (std::string kept :
       {"dag_run_state=failed", "dag_run_state=success&dag_run_state=failed",
        "dag_run_start_date_gte=2000-01-01T00:00:00Z", "dag_run_end_date_lt=2100-01-01T00:00:00Z",
        "dag_run_state=failed&dag_run_start_date_gt=2000-01-01T00:00:00Z"})
    EXPECT_EQ(total("/dags?" + kept), 1) << kept;
  for (std::string left : {"dag_run_state=success", "dag_run_start_date_lt=2000-01-01T00:00:00Z",
                           "dag_run_end_date_gt=2100-01-01T00:00:00Z",
                           "dag_run_state=failed&last_dag_run_state=success",
                           "dag_run_state=success&dag_run_start_date_gt=2000-01-01T00:00:00Z"})
    EXPECT_EQ(total("/dags?" + left), 0) << left;
  EXPECT_EQ(get("/api/v2/dags?dag_run_state=nope").status, 422);
  EXPECT_EQ(get("/api/v2/dags?dag_run_start_date_gte=x").status, 422);
}

TEST_F(FilterTest, DagsByBundleScheduleAndAssets) {
  add_second_dag();
  const std::vector<std::pair<std::string, int64_t>> kinds{
      {"bundle_name=dags-folder", 1},
      {"bundle_name=elsewhere", 0},
      {"bundle_version=v7", 1},
      {"bundle_version=v8", 0},
      {"timetable_type=CronTriggerTimetable", 1},
      {"timetable_type=NullTimetable&timetable_type=CronTriggerTimetable", 2},
      {"timetable_type=NullTimetable&timetable_type=mine.Own", 1},
      {"timetable_type=mine.Own", 0},
      {"has_asset_schedule=false", 2},
      {"has_asset_schedule=true", 0},
      {"asset_dependency=s3", 0}};
  for (const auto& [query, count] : kinds) EXPECT_EQ(total("/dags?" + query), count) << query;
  EXPECT_EQ(get("/api/v2/dags?asset_dependency=x&order_by=nope").status, 400);
}

// A filter that a change of several DAGs passed over would change the others too.
TEST_F(FilterTest, PausingSeveralDagsKeepsToTheFilter) {
  add_second_dag();
  const std::string all = "/api/v2/dags?dag_id_pattern=~&";
  for (std::string none : {"has_asset_schedule=true", "timetable_type=Own", "dag_run_state=queued"})
    EXPECT_EQ(patch(all + none, R"({"is_paused":true})").status, 200) << none;
  EXPECT_TRUE(engine.paused.empty());
  EXPECT_EQ(patch(all + "bundle_version=v7", R"({"is_paused":true})").status, 200);
  EXPECT_EQ(engine.paused.size(), 1u);
  EXPECT_TRUE(engine.paused.at("alpha"));
}

TEST_F(FilterTest, VersionsOfOneAndOfAllDags) {
  add_second_dag();
  EXPECT_EQ(total("/dags/etl/dagVersions?version_number=1"), 1);
  EXPECT_EQ(total("/dags/etl/dagVersions?version_number=2"), 0);
  EXPECT_EQ(total("/dags/etl/dagVersions?bundle_name=dags-folder&bundle_version=dev-1"), 1);
  EXPECT_EQ(total("/dags/etl/dagVersions?bundle_version=v7"), 0);
  json::value all = read("/dags/~/dagVersions?order_by=-bundle_version");
  ASSERT_EQ(all.at("total_entries").as_int64(), 2);
  EXPECT_EQ(all.at("dag_versions").at(0).at("dag_display_name").as_string(), "The alpha");
  EXPECT_EQ(all.at("dag_versions").at(1).at("dag_id").as_string(), "etl");
  EXPECT_EQ(get("/api/v2/dags/none/dagVersions").status, 404);
  EXPECT_EQ(get("/api/v2/dags/etl/dagVersions?version_number=x").status, 422);
  EXPECT_EQ(get("/api/v2/dags/etl/dagVersions?order_by=nope").status, 400);
}

TEST_F(FilterTest, XComsByTheNameOfTheirDag) {
  const std::string all = "/dags/~/dagRuns/~/taskInstances/~/xcomEntries";
  EXPECT_EQ(total(all + "?dag_display_name_pattern=TL"), 1);
  EXPECT_EQ(total(all + "?dag_display_name_pattern=x"), 0);
  EXPECT_EQ(total(all + "?dag_display_name_prefix_pattern=et"), 1);
  EXPECT_EQ(total(all + "?dag_display_name_prefix_pattern=tl"), 0);
}

TEST_F(FilterTest, TaskInstancesByTheirIndexAsItIsShown) {
  Batch batch;
  TaskInstance mapped = load;
  mapped.key = {9};
  mapped.map_index = 12;
  mapped.attempt = {};
  batch.task_instances_inserted = {mapped};
  ASSERT_TRUE(store->engine().commit(batch));
  const std::string tasks = "/dags/etl/dagRuns/r1/taskInstances?rendered_map_index_";
  EXPECT_EQ(total(tasks + "pattern=2"), 1);
  EXPECT_EQ(total(tasks + "pattern=-1"), 0) << "what is not mapped shows none";
  EXPECT_EQ(total(tasks + "prefix_pattern=1"), 1);
  EXPECT_EQ(total(tasks + "prefix_pattern=2"), 0);
}

TEST_F(FilterTest, ImportErrorsByFileAndBundle) {
  ASSERT_TRUE(store->import_errors().put({.filename = "a/b.py", .stack_trace = "no"}));
  EXPECT_EQ(total("/importErrors?filename=a/b.py"), 1);
  EXPECT_EQ(total("/importErrors?filename=b.py"), 0);
  EXPECT_EQ(total("/importErrors?bundle_name=dags-folder"), 1);
  EXPECT_EQ(total("/importErrors?bundle_name=elsewhere"), 0);
  EXPECT_EQ(total("/importErrors?filename_prefix_pattern=a/"), 1);
}

TEST_F(FilterTest, WarningsAreOrderedAndPaged) {
  add_second_dag();
  auto first = [&](const std::string& query) {
    json::value page = read("/dagWarnings?limit=1&" + query);
    EXPECT_EQ(page.at("total_entries").as_int64(), 2) << query;
    EXPECT_EQ(page.at("dag_warnings").as_array().size(), 1u) << query;
    return std::string(page.at("dag_warnings").at(0).at("dag_display_name").as_string());
  };
  EXPECT_EQ(first(""), "The alpha");
  EXPECT_EQ(first("offset=1"), "etl");
  EXPECT_EQ(first("order_by=-dag_id"), "etl");
  EXPECT_EQ(first("order_by=timestamp"), "The alpha") << "parsed an hour before";
  EXPECT_EQ(first("order_by=warning_type&order_by=-message"), "etl");
  EXPECT_EQ(read("/dagWarnings?offset=9").at("dag_warnings").as_array().size(), 0u);
  EXPECT_EQ(total("/dagWarnings?dag_id=etl"), 1);
  EXPECT_EQ(total("/dagWarnings?warning_type=asset%20conflict"), 0);
  EXPECT_EQ(get("/api/v2/dagWarnings?order_by=nope").status, 400);
}

TEST_F(FilterTest, ListsThatAreEmptyCheckWhatTheyAreAsked) {
  for (std::string path : {"/plugins", "/providers", "/assets", "/assets/aliases", "/assets/events",
                           "/dags/etl/dagRuns/r1/hitlDetails"}) {
    EXPECT_EQ(total(path + "?limit=5&offset=5"), 0) << path;
    EXPECT_EQ(get("/api/v2" + path + "?limit=x").status, 422) << path;
  }
  for (std::string path :
       {"/assets", "/assets/aliases", "/assets/events", "/dags/etl/dagRuns/r1/hitlDetails"})
    EXPECT_EQ(get("/api/v2" + path + "?order_by=nope").status, 400) << path;
  EXPECT_EQ(total("/assets?uri_pattern=s3&only_active=false&order_by=-name"), 0);
  EXPECT_EQ(total("/dags/etl/dagRuns/r1/hitlDetails?order_by=-created_at"), 0);
  EXPECT_EQ(get("/api/v2/dags/etl/assets/queuedEvents?before=x").status, 422);
}

TEST_F(FilterTest, OrdersByAirflowsOtherNames) {
  for (std::string target : {"/dags/etl/dagRuns?order_by=-partition_date", "/pools?order_by=-pool",
                             "/connections?order_by=-port",
                             "/dags/etl/dagRuns/r1/taskInstances?order_by=rendered_map_index"})
    EXPECT_EQ(get("/api/v2" + target).status, 200) << target;
}

TEST_F(FilterTest, RunsHaveNoPartitionAndNoAsset) {
  EXPECT_EQ(total("/dags/etl/dagRuns"), 1);
  for (std::string none :
       {"partition_key_pattern=a", "partition_date_gte=2026-01-01", "consuming_asset_pattern=s3"})
    EXPECT_EQ(total("/dags/etl/dagRuns?" + none), 0) << none;
}

TEST_F(FilterTest, PatternsOfOtherColumnsAreRefused) {
  for (std::string query : {"/dags?owner_pattern=e", "/dags/etl/dagRuns?conf_pattern=x",
                            "/pools?description_pattern=d"}) {
    Response response = get("/api/v2" + query);
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_NE(response.body.find("is not supported"), std::string::npos);
  }
}

TEST_F(FilterTest, PrefixPatternsAreHowATextBegins) {
  const std::string tasks = "/dags/etl/dagRuns/r1/taskInstances?task_display_name_prefix_pattern=";
  EXPECT_EQ(total(tasks + "lo"), 1);
  EXPECT_EQ(total(tasks + "oad"), 0);
  EXPECT_EQ(total(tasks + "lo|ex"), 2);
  EXPECT_EQ(total("/dags?dag_id_prefix_pattern=et"), 1);
  EXPECT_EQ(total("/dags?dag_id_prefix_pattern=tl"), 0);
  EXPECT_EQ(total("/dags/~/dagRuns?run_id_prefix_pattern=r"), 1);
  EXPECT_EQ(total("/pools?pool_name_prefix_pattern=default|x"), 1);
  EXPECT_EQ(total("/pools?pool_name_prefix_pattern=pool"), 0);
  EXPECT_EQ(total("/dagTags?tag_name_prefix_pattern=ni"), 1);
  EXPECT_EQ(total("/dagTags?tag_name_prefix_pattern=~"), 2);
}

}  // namespace
}  // namespace leoflow::api
