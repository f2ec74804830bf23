// SPDX-License-Identifier: Apache-2.0
// The home page's answer, pools in use, agents, favorites, bulk changes of runs.
#include "api/fakes_test.h"

namespace leoflow::api {
namespace {

class DashboardTest : public ApiTest {
 protected:
  // A running run "r2" with one task that runs and one that waits, and figures of ended tries.
  void SetUp() override {
    DagRun open = run;
    open.key = {2};
    open.run_id = "r2";
    open.state = RunState::running;
    open.end_date.reset();
    TaskInstance running = extract, waiting = load;
    running.key = {21};
    waiting.key = {22};
    running.run = waiting.run = {2};
    running.state = TaskState::running;
    running.queued_at = clock.at;
    running.pool_slots = 3;
    waiting.state = TaskState::scheduled;
    waiting.attempt = {};
    Batch batch;
    batch.runs_inserted = {open};
    batch.task_instances_inserted = {running, waiting};
    batch.task_ends = {
        {TaskEnd::Kind::succeeded, "etl", "extract", clock.at, std::chrono::seconds(2)},
        {TaskEnd::Kind::succeeded, "etl", "load", clock.at, std::chrono::seconds(9)},
        {TaskEnd::Kind::retried, "etl", "load", clock.at, std::chrono::seconds(9)},
        {TaskEnd::Kind::succeeded, "etl", "load", clock.at - std::chrono::hours(48),
         std::chrono::seconds(1)}};
    auto committed = store->engine().commit(batch);
    ASSERT_TRUE(committed.has_value()) << committed.error().text();
  }
};

TEST_F(DashboardTest, SaysWhatRunsWhatFailedAndHowLongTasksTake) {
  json::value home = body(get("/api/leoflow/v1/dashboard"));
  EXPECT_EQ(home.at("runs").at("running").as_int64(), 1);
  EXPECT_EQ(home.at("runs").at("failed").as_int64(), 1);
  EXPECT_EQ(home.at("dags").at("total").as_int64(), 1);
  EXPECT_EQ(home.at("open_runs").at(0).at("dag_run_id").as_string(), "r2");
  EXPECT_EQ(home.at("open_runs").at(0).at("tasks").at("running").as_int64(), 1);
  EXPECT_EQ(home.at("open_runs").at(0).at("finished").as_int64(), 0);
  EXPECT_EQ(home.at("failures").at(0).at("task_id").as_string(), "load");
  EXPECT_EQ(home.at("hours").as_array().size(), 1u);
  const json::value& slowest = home.at("tasks").at("slowest").at(0);
  EXPECT_EQ(slowest.at("task_id").as_string(), "load");
  EXPECT_NEAR(slowest.at("p95").as_double(), 9, 1);
  EXPECT_NEAR(slowest.at("p50_before").as_double(), 1, 0.1);
  const json::value& flaky = home.at("tasks").at("flakiest").at(0);
  EXPECT_EQ(flaky.at("retries").as_int64(), 1);
  EXPECT_EQ(flaky.at("tries").as_int64(), 2);
  for (const json::value& part : home.at("health").as_array())
    EXPECT_EQ(part.at("state").as_string(), "ok") << json::dump(part);
}

TEST_F(DashboardTest, AFolderInWhichNotAllIsWellIsAWarning) {
  workspace.problems = {"more than 9 folders to watch", "locked: permission denied"};
  json::value home = body(get("/api/leoflow/v1/dashboard"));
  std::string told;
  for (const json::value& part : home.at("health").as_array()) {
    if (part.at("part").as_string() == "workspace") told = json::dump(part);
  }
  EXPECT_EQ(told, R"({"part":"workspace","state":"warning",)"
                  R"("message":"/ws: more than 9 folders to watch"})");
  json::value state = body(get("/api/leoflow/v1/workspace"));
  EXPECT_EQ(state.at("problems").as_array().size(), 2u);
}

TEST_F(DashboardTest, FarHoursAreCutAndNonsenseIsRefused) {
  EXPECT_EQ(body(get("/api/leoflow/v1/dashboard?hours=100000")).at("hours_shown").as_int64(), 168);
  EXPECT_EQ(get("/api/leoflow/v1/dashboard?hours=0").status, 422);
  EXPECT_EQ(get("/api/leoflow/v1/dashboard?hours=x").status, 422);
}

TEST_F(DashboardTest, PoolsNameWhoHoldsAndWhoWaits) {
  json::value pool = body(get("/api/leoflow/v1/pools")).at("pools").at(0);
  EXPECT_EQ(pool.at("name").as_string(), "default_pool");
  EXPECT_EQ(pool.at("occupied_slots").as_int64(), 3);
  EXPECT_EQ(pool.at("waiting_slots").as_int64(), 1);
  EXPECT_EQ(pool.at("holders").at(0).at("task_id").as_string(), "extract");
  EXPECT_EQ(pool.at("waiting").at(0).at("task_id").as_string(), "load");
}

TEST_F(DashboardTest, PoolsKeepNamesOfOtherDagsBack) {
  ASSERT_TRUE(store->users()
                  .put_user({.username = "eve",
                             .password_hash = "x",
                             .role = "None",
                             .grants = R"([{"role":"Viewer","dags":"other"}])"})
                  .has_value());
  std::string token = create_api_token(store->users(), "t", "eve", clock.at, std::nullopt)->value;
  Headers as_eve{{"authorization", "Bearer " + token}};
  Response response = raw(Method::get, "/api/leoflow/v1/dashboard", {}, as_eve);
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(body(response).at("runs").at("running").as_int64(), 0);
  EXPECT_TRUE(body(response).at("failures").as_array().empty());
  EXPECT_TRUE(body(response).at("tasks").at("slowest").as_array().empty());
}

TEST_F(DashboardTest, AgentsEnvironmentsAndConfiguration) {
  json::value agents = body(get("/api/leoflow/v1/agents"));
  EXPECT_EQ(agents.at("agents").at(0).at("hostname").as_string(), "host");
  EXPECT_EQ(agents.at("executors").at(0).at("slots").as_int64(), 32);
  json::value log = body(get("/api/leoflow/v1/environments/abc/log"));
  EXPECT_EQ(log.at("log").as_string(), "installed duckdb\n");
  EXPECT_EQ(get("/api/leoflow/v1/environments/none/log").status, 404);
  Response settings = get("/api/leoflow/v1/configuration");
  EXPECT_EQ(settings.body.find("hunter2"), std::string::npos);
  EXPECT_EQ(body(settings).at("settings").at(0).at("value").as_string(), "32");
}

TEST_F(DashboardTest, ConfigurationInAirflowsFormIsOptIn) {
  EXPECT_EQ(get("/api/v2/config").status, 403);
  EXPECT_EQ(get("/api/v2/config/section/core/option/parallelism").status, 403);
  ApiPorts ports{*store, engine, clock, secrets, workspace, logs, host, deployments};
  for (auto expose :
       {ApiOptions::ExposeConfig::all, ApiOptions::ExposeConfig::non_sensitive_only}) {
    api = std::make_unique<Api>(
        ports, ApiOptions{.jwt_secret = std::string(32, 'k'), .expose_config = expose});
    Response all = get("/api/v2/config");
    EXPECT_EQ(all.status, 200) << all.body;
    EXPECT_EQ(all.body.find("hunter2"), std::string::npos);
    bool named = all.body.find("admin_password") != std::string::npos;
    EXPECT_EQ(named, expose == ApiOptions::ExposeConfig::all);
    json::value one = body(get("/api/v2/config/section/core/option/parallelism"));
    EXPECT_EQ(one.at("sections").at(0).at("options").at(0).at("value").as_string(), "32");
    EXPECT_EQ(get("/api/v2/config?section=nowhere").status, 404);
    EXPECT_EQ(get("/api/v2/config/section/core/option/nothing").status, 404);
    Response text = call(Method::get, "/api/v2/config", "", {{"accept", "text/plain"}});
    EXPECT_NE(text.body.find("[core]\nparallelism = 32\n"), std::string::npos) << text.body;
  }
}

TEST_F(DashboardTest, FavoritesArePerUser) {
  EXPECT_EQ(post("/api/v2/dags/etl/favorite", "").status, 204);
  EXPECT_EQ(post("/api/v2/dags/etl/favorite", "").status, 204);
  EXPECT_EQ(post("/api/v2/dags/none/favorite", "").status, 404);
  EXPECT_TRUE(body(get("/api/v2/dags/etl")).at("is_favorite").as_bool());
  EXPECT_TRUE(body(get("/api/v2/dags/etl/details")).at("is_favorite").as_bool());
  EXPECT_EQ(body(get("/api/v2/dags?is_favorite=true")).at("total_entries").as_int64(), 1);
  EXPECT_EQ(body(get("/api/v2/dags?is_favorite=false")).at("total_entries").as_int64(), 0);
  Headers as_viewer{{"authorization", "Bearer " + token_of("Viewer")}};
  json::value other = body(raw(Method::get, "/api/v2/dags", {}, as_viewer));
  EXPECT_FALSE(other.at("dags").at(0).at("is_favorite").as_bool());
  EXPECT_EQ(raw(Method::post, "/api/v2/dags/etl/favorite", {}, as_viewer).status, 204);
  EXPECT_EQ(post("/api/v2/dags/etl/unfavorite", "").status, 204);
  EXPECT_FALSE(body(get("/api/v2/dags/etl")).at("is_favorite").as_bool());
}

TEST_F(DashboardTest, EventsCarryWhatAPageShows) {
  Change change{.sequence = 7,
                .kind = Change::Kind::task_instance,
                .at = clock.at,
                .dag_id = "etl",
                .run_id = "r2",
                .task_id = "load",
                .try_number = 2,
                .state = "failed",
                .queued_at = clock.at,
                .start_date = clock.at,
                .end_date = clock.at + std::chrono::milliseconds(1500),
                .version_number = 4,
                .reason = "exit code 3"};
  engine.history = {change};
  Response response = get("/api/leoflow/v1/events?last_event_id=0");
  ASSERT_TRUE(response.stream);
  std::string text = drain(*response.stream);
  for (const char* part : {R"("duration":1.5)", R"("version_number":4)", R"("try_number":2)",
                           R"("reason":"exit code 3")", "\"end_date\":\"2024-", "id: 7"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
}

constexpr const char* kBulk = "/api/leoflow/v1/dagRuns/bulk";

TEST_F(DashboardTest, BulkDryRunTellsAndChangesNothing) {
  json::value answer = body(post(kBulk, R"({"action":"mark","state":"failed","runs":[
      {"dag_id":"etl","dag_run_id":"r2"},{"dag_id":"etl","dag_run_id":"gone"}]})"));
  EXPECT_TRUE(answer.at("dry_run").as_bool());
  EXPECT_EQ(answer.at("task_instances").as_int64(), 2);
  EXPECT_EQ(answer.at("failed").as_int64(), 1);
  EXPECT_EQ(answer.at("runs").at(0).at("tasks").at(0).at("state").as_string(), "running");
  EXPECT_TRUE(answer.at("runs").at(1).at("error").is_string());
  EXPECT_TRUE(engine.marked_runs.empty());
}

TEST_F(DashboardTest, BulkChangesEachRun) {
  Response marked = post(kBulk, R"({"action":"mark","state":"failed","note":"n","dry_run":false,
      "runs":[{"dag_id":"etl","dag_run_id":"r2"}]})");
  EXPECT_EQ(marked.status, 200) << marked.body;
  ASSERT_EQ(engine.marked_runs.size(), 1u);
  EXPECT_EQ(engine.marked_runs[0].note, "n");
  post(kBulk, R"({"action":"clear","only_failed":true,"dry_run":false,
      "runs":[{"dag_id":"etl","dag_run_id":"r1"}]})");
  ASSERT_EQ(engine.cleared.size(), 1u);
  EXPECT_TRUE(engine.cleared[0].only_failed);
  EXPECT_FALSE(engine.cleared[0].dry_run);
  json::value deleted = body(post(kBulk, R"({"action":"delete","dry_run":false,
      "runs":[{"dag_id":"etl","dag_run_id":"r1"}]})"));
  EXPECT_EQ(deleted.at("runs").at(0).at("task_instances").as_int64(), 2);
  EXPECT_EQ(post(kBulk, R"({"action":"mark","runs":[]})").status, 400);
  EXPECT_EQ(post(kBulk, R"({"action":"burn","runs":[]})").status, 422);
}

}  // namespace
}  // namespace leoflow::api
