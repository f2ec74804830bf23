// SPDX-License-Identifier: Apache-2.0
// Waiting for a run, bulk marks, the grid, and what is answered for features that are not here.
#include "api/fakes_test.h"

namespace leoflow::api {
namespace {

const std::string kRun = "/api/v2/dags/etl/dagRuns/r1";

class MoreRoutes : public ApiTest {
 protected:
  json::value patched(const std::string& actions) {
    Response response = patch(kRun + "/taskInstances", R"({"actions":[)" + actions + "]}");
    EXPECT_EQ(response.status, 200) << response.body;
    return body(response);
  }
};

TEST_F(MoreRoutes, WaitTellsTheEndAndTheResults) {
  ASSERT_TRUE(store->xcoms()
                  .put({.run = run.key,
                        .task_id = "extract",
                        .key = "return_value",
                        .value = R"({"rows":3})",
                        .timestamp = clock.at})
                  .has_value());
  Response response = get(kRun + "/wait?interval=1&result=extract&result=load");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.content_type, "application/x-ndjson");
  ASSERT_TRUE(response.stream);
  EXPECT_EQ(drain(*response.stream),
            "{\"state\":\"failed\",\"results\":{\"extract\":{\"rows\":3},\"load\":null}}\n");
}

TEST_F(MoreRoutes, WaitRefusesWhatItCannotDo) {
  EXPECT_EQ(get(kRun + "/wait").status, 422);
  EXPECT_EQ(get(kRun + "/wait?interval=0").status, 400);
  EXPECT_EQ(get(kRun + "/wait?interval=x").status, 422);
  EXPECT_EQ(get("/api/v2/dags/etl/dagRuns/none/wait?interval=1").status, 404);
}

TEST_F(MoreRoutes, BulkMarksSeveralTaskInstances) {
  json::value done =
      patched(R"({"action":"update","entities":[{"task_id":"extract","new_state":"success"},)"
              R"({"task_id":"load","note":"seen"},{"task_id":"none","new_state":"failed"},)"
              R"({"task_id":"load","new_state":"green"}]})");
  EXPECT_EQ(json::dump(done.at("update").at("success")),
            R"(["etl.r1.extract[-1]","etl.r1.load[-1]"])");
  const json::array& errors = done.at("update").at("errors").as_array();
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(errors[0].at("status_code").as_int64(), 404);
  EXPECT_EQ(errors[1].at("status_code").as_int64(), 422);
  ASSERT_EQ(engine.marked_tasks.size(), 2u);
  EXPECT_EQ(engine.marked_tasks[0].state, TaskState::success);
  EXPECT_EQ(engine.marked_tasks[1].note, "seen");
}

TEST_F(MoreRoutes, BulkOfAllRunsNamesThemInTheEntities) {
  Response response =
      patch("/api/v2/dags/~/dagRuns/~/taskInstances",
            R"({"actions":[{"action":"update","entities":[)"
            R"({"dag_id":"etl","dag_run_id":"r1","task_id":"load","new_state":"skipped"},)"
            R"({"task_id":"load","new_state":"skipped"}]}]})");
  json::value done = body(response);
  EXPECT_EQ(json::dump(done.at("update").at("success")), R"(["etl.r1.load[-1]"])");
  EXPECT_EQ(done.at("update").at("errors").as_array().size(), 1u);
}

TEST_F(MoreRoutes, BulkMakesNoTaskInstances) {
  json::value done = patched(R"({"action":"create","entities":[{"task_id":"load"}]})");
  EXPECT_EQ(done.at("create").at("errors").at(0).at("status_code").as_int64(), 405);
}

TEST_F(MoreRoutes, GridHasTheStatesOfEachRun) {
  json::value grid = body(get("/api/leoflow/v1/dags/etl/grid"));
  EXPECT_EQ(grid.at("total_entries").as_int64(), 1);
  const json::value& column = grid.at("runs").at(0);
  EXPECT_EQ(column.at("dag_run_id").as_string(), "r1");
  EXPECT_EQ(column.at("version_number").as_int64(), 1);
  ASSERT_EQ(column.at("tasks").as_array().size(), 2u);
  EXPECT_EQ(column.at("tasks").at(0).at("state").as_string(), "success");
  EXPECT_EQ(column.at("tasks").at(1).at("state").as_string(), "failed");
  EXPECT_EQ(column.at("tasks").at(1).at("count").as_int64(), 1);
  EXPECT_EQ(column.at("tasks").at(1).at("map_index").as_int64(), -1);
  EXPECT_EQ(get("/api/leoflow/v1/dags/none/grid").status, 404);
  EXPECT_EQ(body(get("/api/leoflow/v1/dags/etl/grid?state=queued")).at("runs").as_array().size(),
            0u);
}

TEST_F(MoreRoutes, GridOfNamedRunsLeavesOutWhatIsNotThere) {
  const std::string grid = "/api/leoflow/v1/dags/etl/grid";
  json::value named = body(get(grid + "?dag_run_id=r1&dag_run_id=gone"));
  ASSERT_EQ(named.at("runs").as_array().size(), 1u);
  EXPECT_EQ(named.at("total_entries").as_int64(), 1);
  EXPECT_EQ(named.at("runs").at(0).at("dag_run_id").as_string(), "r1");
  EXPECT_EQ(body(get(grid + "?dag_run_id=gone")).at("runs").as_array().size(), 0u);
  std::string many = "?dag_run_id=r1";
  for (int i = 0; i < 100; ++i) many += "&dag_run_id=r" + std::to_string(i);
  EXPECT_EQ(get(grid + many).status, 400);
}

TEST_F(MoreRoutes, FeaturesThatAreNotHereSaySo) {
  EXPECT_EQ(get(kRun + "/taskInstances/load/-1/hitlDetails").status, 404);
}

TEST_F(MoreRoutes, StateStoresAreEmpty) {
  const std::string store = kRun + "/taskInstances/load/state-store";
  EXPECT_EQ(body(get(store + "?limit=1")).at("total_entries").as_int64(), 0);
  EXPECT_EQ(get(store + "/a/b").status, 404);
  Response refused = call(Method::put, store + "/a", R"({"value":1,"expires_at":"default"})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(body(refused).at("hint").as_string().find("xcomEntries"), std::string::npos);
  EXPECT_EQ(patch(store + "/a", R"({"value":1})").status, 404);
  EXPECT_EQ(call(Method::del, store + "/a").status, 204);
  EXPECT_EQ(call(Method::del, store).status, 204);
  EXPECT_EQ(call(Method::del, store + "?map_index=3").status, 404) << "no such instance";
  EXPECT_EQ(call(Method::del, store + "?all_map_indices=true&map_index=3").status, 204);
  for (std::string none : {"/taskInstances/nope/state-store", "/taskInstances/nope/state-store/a"})
    EXPECT_EQ(get(kRun + none).status, 404) << none;
  EXPECT_EQ(call(Method::del, kRun + "/taskInstances/nope/state-store?all_map_indices=true").status,
            404);
  EXPECT_EQ(get("/api/v2/assets/7/state-store").status, 404);
}

TEST_F(MoreRoutes, WorkersTestNoConnections) {
  const std::string path = "/api/v2/connections/enqueue-test";
  EXPECT_EQ(post(path, R"({"connection_id":"c","conn_type":"http"})").status, 403) << "all are off";
  Response poll =
      raw(Method::get, path, "",
          {{"authorization", "Bearer " + admin_token}, {"airflow-connection-test-token", "t1"}});
  EXPECT_EQ(poll.status, 404);
  EXPECT_NE(poll.body.find("t1"), std::string::npos);
}

TEST_F(MoreRoutes, PartitionsAreThereForNoRun) {
  const std::string path = "/api/v2/dags/etl/clearPartitions";
  json::value none = body(post(path, R"({"run_id":"r1","dry_run":false})"));
  EXPECT_EQ(none.at("dag_runs_cleared").as_int64(), 0);
  EXPECT_TRUE(engine.cleared.empty());
  json::value some = body(post(path, R"({"run_id":"r1","clear_task_instances":true})"));
  EXPECT_EQ(some.at("task_instances_cleared").as_int64(), 1);
  EXPECT_TRUE(engine.cleared.at(0).dry_run && !engine.cleared.at(0).only_failed);
  EXPECT_EQ(post(path, R"({"partition_key":"a","clear_task_instances":true})").status, 200);
  EXPECT_EQ(engine.cleared.size(), 1u);
  EXPECT_EQ(post(path, "{}").status, 422);
  EXPECT_EQ(post(path, R"({"run_id":"r1","partition_key":"a"})").status, 422);
  EXPECT_EQ(post("/api/v2/dags/none/clearPartitions", R"({"run_id":"r1"})").status, 404);
}

TEST_F(MoreRoutes, ARunByHandIsDueAtOnce) {
  ASSERT_EQ(post("/api/v2/dags/etl/dagRuns", R"({"logical_date":"2020-01-01T00:00:00Z"})").status,
            200);
  EXPECT_EQ(engine.triggered.back().run_after, clock.at);
  post("/api/v2/dags/etl/dagRuns",
       R"({"logical_date":null,"run_after":"2031-01-01T00:00:00Z","dag_run_id":"later"})");
  EXPECT_EQ(engine.triggered.back().run_after, parse_time("2031-01-01T00:00:00Z"));
}

}  // namespace
}  // namespace leoflow::api
