// SPDX-License-Identifier: Apache-2.0
// Routes that change something.
#include "api/fakes_test.h"
#include "api/present.h"

namespace leoflow::api {
namespace {

using MoreTasks = std::vector<std::pair<std::string, std::optional<int>>>;

class WriteTest : public ApiTest {
 protected:
  const std::string runs = "/api/v2/dags/etl/dagRuns";
  Response del(const std::string& target) { return call(Method::del, target); }
};

TEST_F(WriteTest, PausingGoesThroughTheEngine) {
  Response response = patch("/api/v2/dags/etl?update_mask=is_paused", R"({"is_paused":true})");
  EXPECT_EQ(body(response).at("is_paused").as_bool(), true);
  EXPECT_EQ(engine.paused["etl"], true);
  EXPECT_EQ(patch("/api/v2/dags/etl?update_mask=description", R"({"is_paused":false})").status,
            400);
  EXPECT_EQ(patch("/api/v2/dags?dag_id_pattern=~", R"({"is_paused":false})").status, 200);
  EXPECT_EQ(engine.paused["etl"], false);
  EXPECT_EQ(patch("/api/v2/dags", R"({"is_paused":false})").status, 400);
}

TEST_F(WriteTest, DeletingADagTellsTheEngine) {
  EXPECT_EQ(del("/api/v2/dags/etl").status, 204);
  EXPECT_EQ(engine.dags_changed, std::vector<std::string>{"etl"});
  EXPECT_EQ(del("/api/v2/dags/etl").status, 404);
}

TEST_F(WriteTest, TriggerPassesWhatWasAsked) {
  Response response =
      post(runs, R"({"dag_run_id":"x","logical_date":"2024-05-06T07:08:09+02:00","conf":{"n":2},)"
                 R"("note":"hello"})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(body(response).at("logical_date").as_string(), "2024-05-06T05:08:09Z");
  EXPECT_EQ(body(response).at("triggered_by").as_string(), "rest_api");
  ASSERT_EQ(engine.triggered.size(), 1u);
  EXPECT_EQ(engine.triggered[0].user, "admin");
  EXPECT_EQ(engine.triggered[0].note, "hello");
}

TEST_F(WriteTest, TriggerRefusals) {
  EXPECT_EQ(post("/api/v2/dags/etl/dagRuns", R"({"partition_key":"2026-01-01"})").status, 400);
  EXPECT_TRUE(engine.triggered.empty());
  EXPECT_EQ(post("/api/v2/dags/etl/dagRuns", R"({"partition_key":null})").status, 200);
  engine.triggered.clear();
  EXPECT_EQ(post(runs, R"({"conf":{"n":5}})").status, 400);
  EXPECT_EQ(post(runs, R"({"dag_run_id":"scheduled__x"})").status, 400);
  EXPECT_EQ(post(runs, R"({"dag_run_id":"bad/slash id"})").status, 400);
  EXPECT_EQ(post(runs, R"({"data_interval_start":"2024-05-06T00:00:00Z"})").status, 422);
  EXPECT_EQ(post("/api/v2/dags/none/dagRuns", "{}").status, 404);
  EXPECT_TRUE(engine.triggered.empty());
  engine.refusal = Error(Code::exists, "a run r1 exists");
  EXPECT_EQ(post(runs, "{}").status, 409);
  engine.refusal = Error(Code::timeout, "no answer");
  EXPECT_EQ(post(runs, "{}").status, 504);
  ASSERT_TRUE(store->dags().set_stale("etl", true).has_value());
  EXPECT_EQ(post(runs, "{}").status, 404);
}

TEST_F(WriteTest, RunsAreMarkedNotedDeletedAndCleared) {
  EXPECT_EQ(patch(runs + "/r1?update_mask=note", R"({"note":"n","state":"failed"})").status, 200);
  EXPECT_EQ(engine.marked_runs.at(0).note, "n");
  EXPECT_FALSE(engine.marked_runs.at(0).state.has_value());
  EXPECT_EQ(patch(runs + "/r1", R"({"state":"running"})").status, 422);
  EXPECT_EQ(body(post(runs + "/r1/clear", "{}")).at("task_instances").as_array().size(), 1u);
  EXPECT_EQ(body(post(runs + "/r1/clear", R"({"dry_run":false})")).at("dag_run_id").as_string(),
            "r1");
  EXPECT_TRUE(engine.cleared.at(0).dry_run);
  EXPECT_FALSE(engine.cleared.at(1).only_failed);
  EXPECT_EQ(del(runs + "/r1").status, 204);
  EXPECT_EQ(del(runs + "/nope").status, 404);
}

TEST_F(WriteTest, ClearTaskInstances) {
  const std::string path = "/api/v2/dags/etl/clearTaskInstances";
  EXPECT_EQ(post(path, R"({"dag_run_id":"r1","task_ids":["a",["b",3]],"include_downstream":true})")
                .status,
            200);
  const ClearRequest& request = engine.cleared.at(0);
  EXPECT_TRUE(request.dry_run && request.only_failed && request.include_downstream);
  EXPECT_EQ(request.task_ids.at(1), (std::pair<std::string, std::optional<int>>{"b", 3}));
  EXPECT_EQ(post(path, R"({"note":"seen"})").status, 200);
  EXPECT_EQ(engine.cleared.at(1).note, "seen");
  EXPECT_EQ(post(path, R"({"task_ids":[["b"]]})").status, 422);
  EXPECT_EQ(post(path, R"({"dag_run_id":"nope"})").status, 404);
  EXPECT_EQ(post(path, R"({"dag_run_id":"r1","include_past":true})").status, 400);
  engine.refusal = Error(Code::conflict, "it runs");
  EXPECT_EQ(post(path, R"({"prevent_running_task":true})").status, 409);
}

TEST_F(WriteTest, TaskInstancesAreMarked) {
  const std::string path = runs + "/r1/taskInstances/load";
  EXPECT_EQ(patch(path + "/dry_run", R"({"new_state":"success"})").status, 200);
  EXPECT_TRUE(engine.marked_tasks.at(0).dry_run);
  EXPECT_EQ(patch(path + "?update_mask=note", R"({"new_state":"success","note":"seen"})").status,
            200);
  EXPECT_FALSE(engine.marked_tasks.at(1).state.has_value());
  EXPECT_EQ(engine.marked_tasks.at(1).note, "seen");
  EXPECT_EQ(patch(path, R"({"new_state":"purple"})").status, 422);
  EXPECT_EQ(patch(path + "/7", R"({"new_state":"success"})").status, 404);
}

TEST_F(WriteTest, TaskGroupsAreMarked) {
  const std::string path = runs + "/r1/taskGroupInstances/";
  EXPECT_EQ(patch(path + "all", R"({"new_state":"success","include_future":true})").status, 200);
  const MarkTaskRequest& request = engine.marked_tasks.at(0);
  EXPECT_EQ(request.name, (TaskInstanceName{"etl", "r1", "extract"}));
  EXPECT_EQ(request.more_tasks, (MoreTasks{{"load", std::nullopt}}));
  EXPECT_TRUE(request.include_future && !request.dry_run);
  EXPECT_EQ(patch(path + "all.first/dry_run", R"({"note":"n"})").status, 200);
  EXPECT_TRUE(engine.marked_tasks.at(1).dry_run && engine.marked_tasks.at(1).more_tasks.empty());
  EXPECT_EQ(body(patch(path + "all", "{}")).at("total_entries").as_int64(), 2);
  EXPECT_EQ(patch(path + "nope", R"({"new_state":"success"})").status, 404);
  EXPECT_EQ(patch("/api/v2/dags/etl/dagRuns/nope/taskGroupInstances/all", "{}").status, 404);
}

constexpr const char* kBulkTasks = "/api/leoflow/v1/taskInstances/bulk";

std::string bulk_of(const std::string& rest) {
  return R"({"task_instances":[{"dag_id":"etl","dag_run_id":"r1","task_id":"load"},)"
         R"({"dag_id":"etl","dag_run_id":"r1","task_id":"extract"}],)" +
         rest + "}";
}

TEST_F(WriteTest, SeveralTaskInstancesAreMarkedTogether) {
  engine.touched = {{run, load}, {run, extract}};
  json::value shown = body(
      post(kBulkTasks, bulk_of(R"("action":"mark","new_state":"failed","include_past":true)")));
  EXPECT_EQ(shown.at("total_entries").as_int64(), 1) << "load is failed already";
  EXPECT_EQ(shown.at("task_instances").at(0).at("task_id").as_string(), "extract");
  ASSERT_EQ(engine.marked_tasks.size(), 1u);
  EXPECT_TRUE(engine.marked_tasks[0].dry_run && engine.marked_tasks[0].include_past);
  EXPECT_EQ(engine.marked_tasks[0].more_tasks, (MoreTasks{{"extract", std::nullopt}}));
  post(kBulkTasks, bulk_of(R"("action":"mark","new_state":"failed","dry_run":false,
                              "include_past":true)"));
  ASSERT_EQ(engine.marked_tasks.size(), 3u);
  const MarkTaskRequest& done = engine.marked_tasks[2];
  EXPECT_EQ(done.name, (TaskInstanceName{"etl", "r1", "extract"}));
  EXPECT_FALSE(done.dry_run || done.include_past) << "what is reached is named";
  EXPECT_EQ(post(kBulkTasks, bulk_of(R"("action":"mark")")).status, 400);
  engine.refusal = Error(Code::invalid, "no logical date");
  shown = body(post(kBulkTasks, bulk_of(R"("action":"mark","note":"n")")));
  EXPECT_EQ(json::dump(shown.at("errors")), R"(["r1: no logical date"])");
}

TEST_F(WriteTest, OneInstanceOfAMappedTaskIsMarkedOrDeleted) {
  auto key = store->engine().watermarks()->task_instance;
  Batch batch;
  for (int index : {0, 1}) {
    TaskInstance row = load;
    row.key = TaskInstanceKey{++key};
    row.task_id = "each";
    row.map_index = index;
    batch.task_instances_inserted.push_back(row);
  }
  ASSERT_TRUE(store->engine().commit(batch));
  std::string one = R"({"task_instances":[{"dag_id":"etl","dag_run_id":"r1",)"
                    R"("task_id":"each","map_index":1}],)";
  engine.touched = {{run, batch.task_instances_inserted[1]}};
  post(kBulkTasks, one + R"("action":"mark","new_state":"skipped","dry_run":false})");
  for (const MarkTaskRequest& asked : engine.marked_tasks)
    EXPECT_EQ(asked.name, (TaskInstanceName{"etl", "r1", "each", 1}));
  EXPECT_EQ(engine.marked_tasks.size(), 2U);
  post(kBulkTasks, one + R"("action":"delete","dry_run":false})");
  ASSERT_EQ(engine.deleted_tasks.size(), 1U);
  EXPECT_EQ(engine.deleted_tasks[0], (TaskInstanceName{"etl", "r1", "each", 1}));
}

TEST_F(WriteTest, SeveralTaskInstancesAreDeletedTogether) {
  json::value shown = body(post(kBulkTasks, bulk_of(R"("action":"delete")")));
  EXPECT_EQ(shown.at("total_entries").as_int64(), 2);
  EXPECT_TRUE(engine.deleted_tasks.empty());
  EXPECT_EQ(post(kBulkTasks, bulk_of(R"("action":"delete","dry_run":false)")).status, 200);
  EXPECT_EQ(engine.deleted_tasks.size(), 2u);
  Batch batch;
  batch.runs_updated = {run};
  batch.runs_updated[0].state = RunState::running;
  ++batch.runs_updated[0].version_stamp;
  ASSERT_TRUE(store->engine().commit(batch));
  shown = body(post(kBulkTasks, bulk_of(R"("action":"delete")")));
  EXPECT_EQ(shown.at("total_entries").as_int64(), 0);
  EXPECT_EQ(shown.at("errors").as_array().size(), 1u);
}

TEST_F(WriteTest, SeveralRunsAreClearedTogether) {
  const std::string path = "/api/v2/dags/etl/clearDagRuns";
  EXPECT_EQ(post(path, R"({"dag_runs":[{"dag_run_id":"r1"}],"only_failed":true})").status, 200);
  EXPECT_TRUE(engine.cleared.at(0).dry_run && engine.cleared.at(0).only_failed);
  json::value done = body(post(path, R"({"dag_runs":[{"dag_run_id":"r1"}],"dry_run":false,
                                         "note":"again","only_new":true})"));
  EXPECT_EQ(done.at("dag_runs").at(0).at("dag_run_id").as_string(), "r1");
  EXPECT_EQ(engine.cleared.at(1).note, "again");
  EXPECT_TRUE(engine.cleared.at(1).only_new && !engine.cleared.at(1).dry_run);
  EXPECT_EQ(post(path, R"({"dag_runs":[{"dag_run_id":"nope"}]})").status, 404);
  EXPECT_EQ(
      post(path, R"({"dag_runs":[{"dag_run_id":"r1"}],"only_new":true,"only_failed":true})").status,
      400);
  EXPECT_EQ(
      post("/api/v2/dags/~/clearDagRuns", R"({"dag_runs":[{"dag_id":"etl","dag_run_id":"r1"}]})")
          .status,
      200);
}

TEST_F(WriteTest, RunsThatAreClearedTogetherAreOneRequest) {
  DagRun second = run;
  second.key = {2};
  second.run_id = "r2";
  Batch batch;
  batch.runs_inserted = {second};
  ASSERT_TRUE(store->engine().commit(batch));
  const std::string path = "/api/v2/dags/etl/clearDagRuns";
  const std::string both = R"({"dry_run":false,"dag_runs":[{"dag_run_id":"r1"},)"
                           R"({"dag_run_id":"r2"}]})";
  EXPECT_EQ(body(post(path, both)).at("dag_runs").as_array().size(), 2u);
  ASSERT_EQ(engine.cleared.size(), 1u);
  EXPECT_EQ(engine.cleared[0].run_id, "r1");
  ASSERT_EQ(engine.cleared[0].more_runs.size(), 1u);
  EXPECT_EQ(engine.cleared[0].more_runs[0], std::pair(std::string("etl"), std::string("r2")));
  // By a partition, which no run has; and in exactly one way.
  EXPECT_EQ(body(post(path, R"({"partition_key":"a"})")).at("total_entries").as_int64(), 0);
  EXPECT_EQ(post(path, R"({"dag_runs":[]})").status, 422);
  EXPECT_EQ(post(path, R"({"dag_runs":[{"dag_run_id":"r1"}],"partition_key":"a"})").status, 422);
  EXPECT_EQ(engine.cleared.size(), 1u) << "nothing was asked for";
}

TEST_F(WriteTest, SeveralRunsArePatched) {
  json::value done = body(patch(runs, R"({"actions":[
      {"action":"update","entities":[{"dag_run_id":"r1","state":"success","note":"n"}],
       "update_mask":["note"]},
      {"action":"delete","entities":["r1","nope"]},
      {"action":"create","entities":[{"dag_run_id":"x"}]}]})"));
  EXPECT_EQ(json::dump(done.at("update").at("success")), R"(["etl.r1"])");
  EXPECT_EQ(engine.marked_runs.at(0).note, "n");
  EXPECT_FALSE(engine.marked_runs.at(0).state) << "the mask names the note only";
  EXPECT_EQ(json::dump(done.at("delete").at("success")), R"(["etl.r1"])");
  EXPECT_EQ(done.at("delete").at("errors").at(0).at("status_code").as_int64(), 404);
  EXPECT_EQ(done.at("create").at("errors").at(0).at("status_code").as_int64(), 405);
}

TEST_F(WriteTest, TaskInstancesAreDeleted) {
  const std::string path = runs + "/r1/taskInstances/load";
  Response deleted = del(path + "?map_index=-1");
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(deleted.body, "null") << "as Airflow answers";
  EXPECT_EQ(engine.deleted_tasks.at(0), (TaskInstanceName{"etl", "r1", "load"}));
  auto row = store->event_log().list({.event = "delete_task_instance"})->rows.at(0);
  EXPECT_EQ(row.task_id, "load");
  EXPECT_NE(row.extra.find(R"("before":{"id")"), std::string::npos) << row.extra;
  EXPECT_EQ(del(path + "?map_index=3").status, 404);
  EXPECT_EQ(del(runs + "/r1/taskInstances/nope").status, 404);
  engine.refusal = Error(Code::conflict, "the run is running", "wait for its end");
  EXPECT_EQ(del(path).status, 409);
}

TEST_F(WriteTest, TaskInstancesAreDeletedInBulk) {
  json::value answer = body(patch(
      "/api/v2/dags/etl/dagRuns/r1/taskInstances",
      R"({"actions":[{"action":"delete","entities":["load",{"task_id":"extract"},"nope"]}]})"));
  EXPECT_EQ(json::dump(answer.at("delete").at("success")),
            R"(["etl.r1.load[-1]","etl.r1.extract[-1]"])");
  EXPECT_EQ(answer.at("delete").at("errors").at(0).at("status_code").as_int64(), 404);
  EXPECT_EQ(engine.deleted_tasks.size(), 2u);
  const std::string all = "/api/v2/dags/~/dagRuns/~/taskInstances";
  answer = body(patch(all, R"({"actions":[{"action":"delete","entities":["load",
      {"dag_id":"etl","dag_run_id":"r1","task_id":"load","map_index":-1}]}]})"));
  EXPECT_EQ(answer.at("delete").at("errors").at(0).at("status_code").as_int64(), 422);
  EXPECT_EQ(answer.at("delete").at("success").as_array().size(), 1u);
}

TEST_F(WriteTest, XComs) {
  const std::string path = runs + "/r1/taskInstances/extract/xcomEntries";
  EXPECT_EQ(body(get(path + "/return_value?stringify=true")).at("value").as_string(), "[1,2]");
  EXPECT_EQ(post(path, R"({"key":"a/b","value":{"x":1}})").status, 201);
  EXPECT_EQ(post(path, R"({"key":"a/b","value":1})").status, 409);
  EXPECT_EQ(json::dump(body(get(path + "/a%2Fb")).at("value")), R"({"x":1})");
  EXPECT_EQ(json::dump(body(patch(path + "/a/b", R"({"value":[2]})")).at("value")), "[2]");
  EXPECT_EQ(del(path + "/a/b").status, 204);
  EXPECT_EQ(get(path + "/a/b").status, 404);
  EXPECT_EQ(post(path, R"({"key":"big","value":")" + std::string(300'000, 'x') + "\"}").status,
            413);
  EXPECT_EQ(post(runs + "/r1/taskInstances/none/xcomEntries", R"({"key":"k","value":1})").status,
            404);
}

TEST_F(WriteTest, Connections) {
  const std::string path = "/api/v2/connections";
  Response made = post(
      path, R"({"connection_id":"c1","conn_type":"http","host":"h","port":80,"password":"pass",)"
            R"("extra":"{\"token\":\"abc\",\"x\":1}"})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(body(made).at("password").as_string(), "***");
  EXPECT_EQ(body(made).at("extra").as_string(), R"({"token":"***","x":1})");
  EXPECT_EQ(post(path, R"({"connection_id":"c1","conn_type":"http"})").status, 409);
  EXPECT_EQ(post(path, R"({"connection_id":"bad id","conn_type":"http"})").status, 422);
  EXPECT_EQ(post(path, R"({"connection_id":"c2","conn_type":"http","extra":"no json"})").status,
            400);
  patch(path + "/c1?update_mask=host", R"({"conn_type":"ftp","host":"h2"})");
  patch(path + "/c1", R"({"password":"***","extra":"{\"token\":\"***\",\"x\":2}"})");
  const Connection& kept = secrets.connections["c1"];
  EXPECT_EQ(kept.host + kept.conn_type + kept.password + kept.extra,
            R"(h2httppass{"token":"abc","x":2})");
  EXPECT_EQ(patch(path + "/c1", R"({"connection_id":"c9"})").status, 400);
  EXPECT_EQ(post(path + "/test", R"({"connection_id":"c1","conn_type":"http"})").status, 403);
  EXPECT_EQ(del(path + "/c1").status, 204);
  EXPECT_EQ(del(path + "/c1").status, 404);
}

TEST_F(WriteTest, VariablesWithSlashesAndSecrets) {
  const std::string path = "/api/v2/variables";
  EXPECT_EQ(post(path, R"({"key":"a/v","value":"1","description":"d"})").status, 201);
  EXPECT_EQ(body(patch(path + "/a%2Fv?update_mask=description",
                       R"({"key":"a/v","value":"9","description":"e"})"))
                .at("value")
                .as_string(),
            "1");
  EXPECT_EQ(del(path + "/a/v").status, 204);
  EXPECT_EQ(body(post(path, R"({"key":"my_password","value":"s"})")).at("value").as_string(),
            "***");
  patch(path + "/my_password", R"({"value":"***","description":"x"})");
  EXPECT_EQ(secrets.variables["my_password"].value, "s");
}

TEST_F(WriteTest, BulkTellsWhatSucceeded) {
  Response response = patch("/api/v2/variables", R"({"actions":[
    {"action":"create","entities":[{"key":"a","value":"1"},{"key":"b"},{"key":"a","value":"2"}]},
    {"action":"update","entities":[{"key":"zz","value":"1"}],"action_on_non_existence":"skip"},
    {"action":"delete","entities":["a","none"]}]})");
  EXPECT_EQ(
      json::dump(body(response)),
      R"({"create":{"success":["a"],"errors":[)"
      R"({"error":"value: Field required","status_code":422},)"
      R"({"error":"`a` already exists","status_code":409}]},"update":{"success":[],"errors":[]},)"
      R"("delete":{"success":["a"],"errors":[)"
      R"({"error":"`none` was not found","status_code":404}]}})");
  EXPECT_EQ(patch("/api/v2/variables", R"({"actions":[{"action":"burn","entities":[]}]})").status,
            422);
}

TEST_F(WriteTest, Pools) {
  const std::string path = "/api/v2/pools";
  Response made = post(path, R"({"name":"p","slots":3,"description":"d","include_deferred":true})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(body(made).at("open_slots").as_int64(), 3);
  EXPECT_EQ(post(path, R"({"name":"p","slots":3})").status, 409);
  Response changed =
      patch(path + "/p?update_mask=slots", R"({"pool":"p","slots":5,"description":"zz"})");
  EXPECT_EQ(body(changed).at("slots").as_int64(), 5);
  EXPECT_EQ(body(changed).at("description").as_string(), "d");
  EXPECT_EQ(del(path + "/default_pool").status, 400);
  EXPECT_EQ(del(path + "/p").status, 204);
  EXPECT_EQ(engine.pool_changes, 3);
}

TEST_F(WriteTest, PoolsCountTakenSlots) {
  Batch batch;
  DagRun open = run;
  open.key = {9};
  open.run_id = "r9";
  open.state = RunState::running;
  batch.runs_inserted = {open};
  TaskInstance running = load;
  running.key = {9};
  running.run = {9};
  running.state = TaskState::running;
  running.pool_slots = 4;
  batch.task_instances_inserted = {running};
  ASSERT_TRUE(store->engine().commit(batch).has_value());
  json::value pool = body(get("/api/v2/pools/default_pool"));
  EXPECT_EQ(pool.at("running_slots").as_int64(), 4);
  EXPECT_EQ(pool.at("open_slots").as_int64(), 124);
}

TEST_F(WriteTest, ReparseNeedsATokenOfOurs) {
  std::string token(body(get("/api/v2/dags/etl")).at("file_token").as_string());
  EXPECT_EQ(call(Method::put, "/api/v2/parseDagFile/" + token).status, 201);
  EXPECT_EQ(workspace.reparsed, std::vector<std::string>{"etl/dag.py"});
  token[3] = token[3] == 'a' ? 'b' : 'a';
  EXPECT_EQ(call(Method::put, "/api/v2/parseDagFile/" + token).status, 404);
}

}  // namespace
}  // namespace leoflow::api
