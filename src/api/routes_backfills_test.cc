// SPDX-License-Identifier: Apache-2.0
#include "api/fakes_test.h"
#include "api/present.h"

namespace leoflow::api {
namespace {

class BackfillRoutes : public ApiTest {
 protected:
  const std::string all = "/api/v2/backfills";
  // A DAG that runs every midnight, with one run on 2024-03-02.
  void SetUp() override {
    DagSpec spec;
    spec.dag_id = spec.display_name = "daily";
    spec.relative_fileloc = "daily.py";
    spec.schedule.kind = ScheduleSpec::Kind::cron_trigger;
    spec.schedule.crons = {"0 0 * * *"};
    spec.tasks.push_back({.task_id = "a", .display_name = "a"});
    ASSERT_TRUE(spec.finish());
    std::string text = dump_dag_spec(spec);
    DagVersion version{.dag_id = "daily", .label = "v", .content_hash = "h", .dag_json = text};
    Dag dag{.dag_id = "daily", .fileloc = "daily.py", .relative_fileloc = "daily.py"};
    auto made = store->dags().register_version(version, dag, {});
    ASSERT_TRUE(made);
    Batch batch;
    DagRun run{
        .key = RunKey{900}, .dag_id = "daily", .run_id = "there", .version = made->version.id};
    run.state = RunState::failed;
    run.logical_date = parse_time("2024-03-02T00:00:00Z").value();
    batch.runs_inserted.push_back(run);
    Backfill stored{.id = 5,
                    .dag_id = "daily",
                    .from_date = *run.logical_date,
                    .to_date = *run.logical_date,
                    .dates = 3};
    batch.backfills_inserted.push_back(stored);
    batch.backfill_runs.push_back({5, 1, *run.logical_date, run.key, ""});
    batch.backfill_runs.push_back({5, 2, *run.logical_date, {}, "in flight"});
    ASSERT_TRUE(store->engine().commit(batch));
  }
  std::string range(const std::string& more = "") {
    return R"({"dag_id":"daily","from_date":"2024-03-01T00:00:00Z",)"
           R"("to_date":"2024-03-03T00:00:00Z")" +
           more + "}";
  }
};

TEST_F(BackfillRoutes, CreatingPassesWhatWasAsked) {
  Response response = post(
      all,
      range(R"(,"dag_run_conf":{"why":"x"},"max_active_runs":2,"reprocess_behavior":"failed")"));
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(body(response).at("id").as_int64(), 7);
  EXPECT_EQ(body(response).at("reprocess_behavior").as_string(), "failed");
  EXPECT_EQ(body(response).at("dag_run_conf").at("why").as_string(), "x");
  ASSERT_EQ(engine.backfilled.size(), 1u);
  EXPECT_EQ(engine.backfilled[0].user, "admin");
  EXPECT_EQ(engine.backfilled[0].max_active_runs, 2);
  EXPECT_TRUE(engine.backfilled[0].run_on_latest_version);
}

TEST_F(BackfillRoutes, WhatCannotWorkIsRefused) {
  EXPECT_EQ(post(all, R"({"dag_id":"daily"})").status, 422);
  EXPECT_EQ(post(all, range(R"(,"max_active_runs":0)")).status, 422);
  EXPECT_EQ(post(all, R"({"dag_id":"none","from_date":"2024-03-01T00:00:00Z",)"
                      R"("to_date":"2024-03-03T00:00:00Z"})")
                .status,
            404);
  engine.refusal = Error(Code::invalid, "no schedule");
  EXPECT_EQ(post(all, range()).status, 422);
  engine.refusal = Error(Code::exists, "one is open");
  EXPECT_EQ(post(all, range()).status, 409);
}

TEST_F(BackfillRoutes, ADryRunTellsTheDates) {
  auto dates = [&](const std::string& more) {
    std::string text;
    Response response = post(all + "/dry_run", range(more));
    EXPECT_EQ(response.status, 200) << response.body;
    const json::value answer = body(response);
    for (const json::value& row : answer.at("backfills").as_array())
      text += std::string(row.at("logical_date").as_string()).substr(8, 2) + " ";
    return text;
  };
  EXPECT_EQ(dates(""), "01 03 ");
  EXPECT_EQ(dates(R"(,"reprocess_behavior":"failed")"), "01 02 03 ");
  EXPECT_EQ(dates(R"(,"run_backwards":true)"), "03 01 ");
  EXPECT_TRUE(engine.backfilled.empty());
  EXPECT_EQ(post(all + "/dry_run", R"({"dag_id":"etl","from_date":"2024-03-01T00:00:00Z",)"
                                   R"("to_date":"2024-03-03T00:00:00Z"})")
                .status,
            422)
      << "no schedule";
}

TEST_F(BackfillRoutes, ListsShowsAndMoves) {
  EXPECT_EQ(get(all).status, 422) << "dag_id is required";
  EXPECT_EQ(body(get(all + "?dag_id=daily")).at("total_entries").as_int64(), 1);
  EXPECT_EQ(body(get(all + "?dag_id=etl")).at("total_entries").as_int64(), 0);
  EXPECT_EQ(body(get(all + "/5")).at("dag_id").as_string(), "daily");
  EXPECT_EQ(get(all + "/6").status, 404);
  for (const char* move : {"pause", "unpause", "cancel"})
    EXPECT_EQ(call(Method::put, all + "/5/" + move).status, 200) << move;
  EXPECT_EQ(engine.backfill_moves,
            (std::vector{BackfillMove::pause, BackfillMove::unpause, BackfillMove::cancel}));
  EXPECT_EQ(call(Method::put, all + "/6/pause").status, 404);
  auto progress = body(get("/api/leoflow/v1/backfills/5/progress"));
  EXPECT_EQ(progress.at("failed").as_int64(), 1);
  EXPECT_EQ(progress.at("left_out").as_int64(), 1);
  EXPECT_EQ(progress.at("waiting").as_int64(), 1);
}

}  // namespace
}  // namespace leoflow::api
