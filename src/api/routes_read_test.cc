// SPDX-License-Identifier: Apache-2.0
// Reading routes; ApiTest checks every answer against the shape that is declared for it.
#include "api/event_stream.h"
#include "api/fakes_test.h"
#include "api/log_stream.h"
#include "model/json_schema.h"

namespace leoflow::api {
namespace {

class ReadTest : public ApiTest {
 protected:
  json::value read(const std::string& target) {
    Response response = get(target);
    EXPECT_EQ(response.status, 200) << target << " " << response.body;
    return body(response);
  }
};

TEST_F(ReadTest, EveryPlainListAndObjectFitsItsShape) {
  secrets.connections["c"] = {.conn_id = "c", .conn_type = "http", .port = 80};
  secrets.variables["v"] = {"v", "1", ""};
  engine.reason_list = {{"load", -1, "waits for extract"}};
  const std::string run = "/api/v2/dags/etl/dagRuns/r1";
  for (const std::string& target :
       std::vector<std::string>{"/api/v2/dags",
                                "/api/v2/dags/etl",
                                "/api/v2/dags/etl/details",
                                "/api/v2/dags/etl/tasks",
                                "/api/v2/dags/etl/tasks/load",
                                "/api/v2/dagStats",
                                "/api/v2/dagTags",
                                "/api/v2/dagWarnings",
                                "/api/v2/dags/~/dagRuns",
                                run,
                                run + "/taskInstances",
                                run + "/taskInstances/load",
                                run + "/taskInstances/load/tries",
                                run + "/taskInstances/load/tries/1",
                                run + "/taskInstances/load/dependencies",
                                run + "/taskInstances/load/links",
                                run + "/taskInstances/extract/xcomEntries",
                                run + "/taskInstances/extract/xcomEntries/return_value",
                                run + "/upstreamAssetEvents",
                                run + "/hitlDetails",
                                "/api/v2/dags/etl/dagVersions",
                                "/api/v2/dags/etl/dagVersions/1",
                                "/api/v2/dagSources/etl",
                                "/api/v2/importErrors",
                                "/api/v2/connections",
                                "/api/v2/connections/c",
                                "/api/v2/variables",
                                "/api/v2/variables/v",
                                "/api/v2/pools",
                                "/api/v2/pools/default_pool",
                                "/api/v2/eventLogs",
                                "/api/v2/version",
                                "/api/v2/monitor/health",
                                "/api/v2/assets",
                                "/api/v2/assets/aliases",
                                "/api/v2/assets/events",
                                "/api/v2/backfills?dag_id=etl",
                                "/api/v2/plugins",
                                "/api/v2/plugins/importErrors",
                                "/api/v2/providers",
                                "/api/v2/jobs",
                                "/api/leoflow/v1/me",
                                "/api/leoflow/v1/users",
                                "/api/leoflow/v1/tokens",
                                "/api/leoflow/v1/staging",
                                "/api/leoflow/v1/dags/etl/dagRuns/r1/attempts",
                                "/api/leoflow/v1/dags/etl/grid",
                                "/api/leoflow/v1/dags/etl/dagRuns/r1/reasons",
                                "/api/leoflow/v1/workspace",
                                "/api/leoflow/v1/environments",
                                "/api/leoflow/v1/environments/abc/log",
                                "/api/leoflow/v1/dashboard",
                                "/api/leoflow/v1/agents",
                                "/api/leoflow/v1/configuration",
                                "/api/leoflow/v1/pools",
                                "/api/leoflow/v1/doctor"}) {
    read(target);
  }
}

TEST_F(ReadTest, DagListAndDetails) {
  json::value list = read("/api/v2/dags?tags=demo&limit=1");
  EXPECT_EQ(list.at("total_entries").as_int64(), 1);
  EXPECT_EQ(list.at("dags").at(0).at("bundle_version").as_string(), "dev-1");
  json::value details = read("/api/v2/dags/etl/details");
  EXPECT_EQ(details.at("params").at("n").at("value").as_int64(), 1);
  EXPECT_EQ(details.at("latest_dag_version").at("version_number").as_int64(), 1);
  EXPECT_EQ(body(get("/api/v2/dags/none")).at("detail").as_string(),
            "The Dag with ID: `none` was not found");
  EXPECT_EQ(read("/api/v2/dagWarnings").at("dag_warnings").at(0).at("message").as_string(),
            "Dag 'etl' references non-existent pools: ['nowhere']");
  EXPECT_EQ(json::dump(read("/api/v2/dagTags?tag_name_pattern=night%25").at("tags")),
            R"(["nightly"])");
}

TEST_F(ReadTest, RunsAndTaskInstances) {
  json::value list = read("/api/v2/dags/etl/dagRuns?state=failed");
  EXPECT_EQ(list.at("dag_runs").at(0).at("duration").as_double(), 1.5);
  EXPECT_TRUE(list.at("next_cursor").is_null());
  EXPECT_EQ(read("/api/v2/dags/etl/dagRuns?limit=0").at("total_entries").as_int64(), 1);
  EXPECT_EQ(read("/api/v2/dags/etl/dagRuns?run_id_pattern=r%25").at("total_entries").as_int64(), 1);
  EXPECT_EQ(get("/api/v2/dags/etl/dagRuns?state=nonsense").status, 422);
  EXPECT_EQ(get("/api/v2/dags/none/dagRuns").status, 404);
  json::value task = read("/api/v2/dags/etl/dagRuns/r1/taskInstances/load");
  EXPECT_EQ(task.at("hostname").as_string(), "host");
  EXPECT_EQ(task.at("pid").as_int64(), 77);
  EXPECT_EQ(get("/api/v2/dags/etl/dagRuns/r1/taskInstances/load/4").status, 404);
  EXPECT_EQ(get("/api/v2/dags/etl/dagRuns/r1/taskInstances?order_by=task_id").status, 400);
  EXPECT_EQ(
      read("/api/v2/dags/~/dagRuns/~/taskInstances?state=failed").at("total_entries").as_int64(),
      1);
  json::value tries =
      read("/api/v2/dags/etl/dagRuns/r1/taskInstances/load/tries").at("task_instances");
  ASSERT_EQ(tries.as_array().size(), 2u);
  EXPECT_EQ(tries.at(1).at("try_number").as_int64(), 2);
  EXPECT_EQ(get("/api/v2/dags/etl/dagRuns/r1/taskInstances/load/tries/9").status, 404);
  EXPECT_EQ(get("/api/v2/dags/etl/dagRuns/r1/taskInstances/load/listMapped").status, 404);
  EXPECT_EQ(get("/api/v2/dags/etl/dagRuns/r1/taskInstances/load/externalLogUrl/1").status, 400);
}

TEST_F(ReadTest, CursorsGoFromPageToPage) {
  const std::string path = "/api/v2/dags/~/dagRuns/~/taskInstances?order_by=-id&limit=1";
  json::value first = read(path + "&cursor=&offset=1");
  EXPECT_EQ(first.at("task_instances").at(0).at("task_id").as_string(), "load");
  EXPECT_TRUE(first.at("previous_cursor").is_null());
  EXPECT_TRUE(first.at("total_entries_limit").is_null()) << "the total is exact";
  std::string next(first.at("next_cursor").as_string());
  json::value second = read(path + "&cursor=" + next);
  EXPECT_EQ(second.at("task_instances").at(0).at("task_id").as_string(), "extract");
  EXPECT_TRUE(second.at("next_cursor").is_null());
  std::string back(second.at("previous_cursor").as_string());
  EXPECT_EQ(read(path + "&cursor=" + back).at("task_instances"), first.at("task_instances"));
  EXPECT_EQ(get("/api/v2/dags/~/dagRuns/~/taskInstances?cursor=" + next).status, 400);
  EXPECT_EQ(get("/api/v2/dags/~/dagRuns?cursor=nonsense").status, 400);
  EXPECT_TRUE(read("/api/v2/dags/~/dagRuns?cursor=").at("next_cursor").is_null());
}

TEST_F(ReadTest, BatchLists) {
  Response runs = post("/api/v2/dags/~/dagRuns/list",
                       R"({"dag_ids":["etl"],"states":["failed"],"page_limit":1})");
  EXPECT_EQ(body(runs).at("total_entries").as_int64(), 1);
  Response tasks = post("/api/v2/dags/~/dagRuns/~/taskInstances/list",
                        R"({"dag_run_ids":["r1"],"state":["success"],"order_by":"map_index"})");
  EXPECT_EQ(body(tasks).at("task_instances").at(0).at("task_id").as_string(), "extract");
  EXPECT_EQ(post("/api/v2/dags/~/dagRuns/list", R"({"states":["sad"]})").status, 422);
  auto total = [&](const std::string& path, const std::string& text) {
    return body(post(path, text)).at("total_entries").as_int64();
  };
  const std::string all_runs = "/api/v2/dags/~/dagRuns/list";
  EXPECT_EQ(total(all_runs, R"({"dag_ids":["none","etl"],"duration_gte":1.5})"), 1);
  EXPECT_EQ(total(all_runs, R"({"dag_ids":["none"]})"), 0);
  const std::string all_tasks = "/api/v2/dags/~/dagRuns/~/taskInstances/list";
  EXPECT_EQ(total(all_tasks, R"({"dag_ids":["etl","x"],"task_ids":["load","extract"]})"), 2);
  EXPECT_EQ(total(all_tasks, R"({"dag_run_ids":["r0","r1"],"task_ids":["load","y"]})"), 1);
  EXPECT_EQ(total(all_tasks, R"({"executor":["elsewhere"]})"), 0);
}

TEST_F(ReadTest, LatestRunsOfManyDags) {
  const std::string path = "/api/leoflow/v1/dagRuns/latest";
  auto newer = store->runs().get_run("etl", "r1");
  ASSERT_TRUE(newer && *newer);
  Batch batch;
  batch.runs_inserted = {**newer};
  batch.runs_inserted[0].key = RunKey{900};
  batch.runs_inserted[0].run_id = "r2";
  batch.runs_inserted[0].logical_date.reset();
  batch.runs_inserted[0].run_after += std::chrono::hours(1);
  ASSERT_TRUE(store->engine().commit(batch));
  auto all = read("/api/v2/dags/etl/dagRuns?order_by=-run_after");
  ASSERT_GE(all.at("dag_runs").as_array().size(), 2u);
  auto ids = [](const json::value& answer) {
    std::vector<std::string> names;
    for (const json::value& run : answer.at("dag_runs").as_array())
      names.emplace_back(run.at("dag_run_id").as_string());
    return names;
  };
  json::value some = body(post(path, R"({"dag_ids":["none","etl"]})"));
  EXPECT_EQ(ids(some), ids(all));
  json::value newest = body(post(path, R"({"dag_ids":["etl"],"limit":1})"));
  EXPECT_EQ(ids(newest), std::vector<std::string>{ids(all)[0]});
  for (auto* member : {"dag_id", "state", "run_type", "run_after", "start_date", "duration"})
    EXPECT_EQ(newest.at("dag_runs").at(0).at(member), all.at("dag_runs").at(0).at(member))
        << member;
  EXPECT_TRUE(ids(body(post(path, R"({"dag_ids":[]})"))).empty());
  std::string many;
  for (int i = 0; i < 101; ++i) many += (i ? ",\"d" : "\"d") + std::to_string(i) + "\"";
  EXPECT_EQ(post(path, "{\"dag_ids\":[" + many + "]}").status, 400);
  for (auto* bad : {"{}", R"({"dag_ids":["etl"],"limit":0})", R"({"dag_ids":["etl"],"limit":51})"})
    EXPECT_EQ(post(path, bad).status, 422) << bad;
}

TEST_F(ReadTest, SourceByContentType) {
  auto path = "/api/v2/dagSources/etl";
  EXPECT_EQ(read(path).at("content").as_string(), "print('etl')\n");
  Response text = call(Method::get, path, "", {{"accept", "text/plain"}});
  EXPECT_EQ(text.body, "print('etl')\n");
  EXPECT_EQ(call(Method::get, path, "", {{"accept", "image/png"}}).status, 406);
}

TEST_F(ReadTest, LogsAsPageStreamAndText) {
  logs.by_try[2] =
      "{\"timestamp\":\"T\",\"level\":\"info\",\"logger\":\"task\",\"event\":\"hi\"}\nbroken\n";
  const std::string path = "/api/v2/dags/etl/dagRuns/r1/taskInstances/load/logs/";
  json::value page = read(path + "2");
  ASSERT_EQ(page.at("content").as_array().size(), 4u);
  EXPECT_EQ(page.at("content").at(0).at("sources").at(0).as_string(), "log.txt");
  EXPECT_EQ(page.at("content").at(3).at("event").as_string(), "broken");
  EXPECT_TRUE(page.at("continuation_token").is_null());
  Response stream = call(Method::get, path + "2", "", {{"accept", "application/x-ndjson"}});
  ASSERT_NE(stream.stream, nullptr);
  EXPECT_NE(drain(*stream.stream).find("\n{\"event\":\"broken\"}\n"), std::string::npos);
  Response text = call(Method::get, path + "2", "", {{"accept", "text/plain"}});
  EXPECT_NE(drain(*text.stream).find("[T] {task} INFO - hi\nbroken\n"), std::string::npos);
  EXPECT_EQ(read(path + "1").at("content").at(0).at("event").as_string(),
            "There is no log for this try.");
  EXPECT_EQ(get(path + "5").status, 404);
}

TEST_F(ReadTest, FollowedLogGoesOnUntilTheTryEnds) {
  bool over = false;
  LogStream::Parts parts{.logs = logs, .name = {.try_number = 1}, .follow = true};
  parts.over = [&] { return over; };
  parts.on_change = [](std::function<void()>) { return nullptr; };
  LogStream stream(std::move(parts));
  int wakes = 0;
  stream.start([&] { ++wakes; });
  std::string out;
  EXPECT_EQ(stream.pull(out), StreamSource::Next::wait);
  EXPECT_EQ(out, "");
  logs.by_try[1] = "one\ntw";
  logs.wake();
  EXPECT_EQ(wakes, 1);
  EXPECT_EQ(stream.pull(out), StreamSource::Next::wait);
  EXPECT_TRUE(out.ends_with("{\"event\":\"one\"}\n")) << out;
  logs.by_try[1] += "o";
  over = true;
  out.clear();
  EXPECT_EQ(stream.pull(out), StreamSource::Next::end);
  EXPECT_EQ(out, "{\"event\":\"two\"}\n");
}

TEST_F(ReadTest, PlacedLogBeginsWhereItIsTold) {
  logs.by_try[1] = "one\ntwo\nthree\n";
  LogStream::Parts parts{.logs = logs,
                         .name = {.try_number = 1},
                         .format = LogFormat::placed,
                         .follow = true,
                         .offset = 4};
  parts.over = [] { return true; };
  parts.on_change = [](std::function<void()>) { return nullptr; };
  LogStream stream(std::move(parts));
  stream.start([] {});
  std::string out;
  EXPECT_EQ(stream.pull(out), StreamSource::Next::end);
  EXPECT_EQ(out,
            R"({"offset":4,"record":{"event":"two"}})"
            "\n"
            R"({"offset":8,"record":{"event":"three"}})"
            "\n");
}

TEST_F(ReadTest, FollowedLogWaitsForLinesThatComeAfterTheState) {
  logs.by_try[1] = "one\n";
  logs.all_there = false;
  LogStream::Parts parts{.logs = logs, .name = {.try_number = 1}, .follow = true};
  parts.over = [] { return true; };
  parts.on_change = [](std::function<void()>) { return nullptr; };
  LogStream stream(std::move(parts));
  stream.start([] {});
  std::string out;
  EXPECT_EQ(stream.pull(out), StreamSource::Next::wait);
  EXPECT_LE(stream.interval(), std::chrono::seconds(1)) << "nobody tells that an agent is lost";
  logs.by_try[1] += "two\n";
  logs.all_there = true;
  out.clear();
  EXPECT_EQ(stream.pull(out), StreamSource::Next::end);
  EXPECT_EQ(out, "{\"event\":\"two\"}\n");
}

TEST_F(ReadTest, LogPageOfAnEndedTryGoesOnWhileLinesAreMissing) {
  logs.by_try[2] = "one\n";
  logs.all_there = false;
  const std::string path = "/api/v2/dags/etl/dagRuns/r1/taskInstances/load/logs/2";
  EXPECT_EQ(read(path).at("continuation_token").as_string(), "4");
  logs.by_try[2] += "two\n";
  logs.all_there = true;
  json::value page = read(path + "?token=4");
  EXPECT_EQ(page.at("content").as_array().back().at("event").as_string(), "two");
  EXPECT_TRUE(page.at("continuation_token").is_null());
}

Change change(uint64_t sequence, const std::string& dag_id) {
  return {.sequence = sequence,
          .kind = Change::Kind::run,
          .dag_id = dag_id,
          .run_id = "r",
          .state = "running"};
}

TEST_F(ReadTest, EventsResumeWithoutGapsOrDoubles) {
  engine.history = {{change(4, "a"), change(5, "b"), change(6, "a")}};
  ChangeTexts texts;
  EventStream stream(engine, clock, texts, {.dag_id = "a"}, 4);
  stream.start([] {});
  engine.tell({change(5, "b"), change(6, "a"), change(7, "a")});
  std::string out;
  EXPECT_EQ(stream.pull(out), StreamSource::Next::wait);
  EXPECT_EQ(out.find("id: 4\n"), std::string::npos);
  EXPECT_NE(out.find("id: 6\n"), std::string::npos);
  EXPECT_EQ(out.find("id: 6\n"), out.rfind("id: 6\n"));
  EXPECT_NE(out.find("id: 7\nevent: run\ndata: {\"sequence\":7"), std::string::npos);
  EXPECT_EQ(out.find("\"dag_id\":\"b\""), std::string::npos);
  EXPECT_EQ(out.find("reset"), std::string::npos);
}

TEST_F(ReadTest, EventsSayWhenSomethingWasMissed) {
  ChangeTexts texts;
  EventStream stream(engine, clock, texts, {}, 4);
  stream.start([] {});
  std::string out;
  stream.pull(out);
  EXPECT_NE(out.find("event: reset\n"), std::string::npos);
  std::vector<Change> many;
  for (size_t i = 0; i <= kEventQueueMax; ++i) many.push_back(change(i + 1, "a"));
  engine.tell(many);
  out.clear();
  stream.pull(out);
  EXPECT_EQ(out, "event: reset\ndata: {}\n\n");
  clock.at += kEventHeartbeat;
  out.clear();
  stream.pull(out);
  EXPECT_TRUE(out.ends_with(": heartbeat\n\n"));
}

TEST_F(ReadTest, EventsWaitForCompanyWhereStreamsAreMany) {
  ChangeTexts texts;
  auto one = std::make_unique<EventStream>(engine, clock, texts, EventFilter{}, std::nullopt);
  EXPECT_EQ(one->pace(), kEventPacePerStream);
  std::vector<std::unique_ptr<EventStream>> more;
  for (int i = 0; i < 300; ++i)
    more.push_back(
        std::make_unique<EventStream>(engine, clock, texts, EventFilter{}, std::nullopt));
  EXPECT_EQ(one->pace(), kEventPaceMax);
  more.clear();
  EXPECT_EQ(one->pace(), kEventPacePerStream);
}

// A caller who sees some DAGs only is told a part of a commit, never what another was told.
TEST(SharedChanges, AreThoseOfWhoIsToldTheSame) {
  SharedChanges shared;
  auto of = [&](std::vector<uint64_t> sequences) {
    std::vector<Change> changes;
    for (uint64_t sequence : sequences) changes.push_back({.sequence = sequence});
    return shared.of(changes);
  };
  Changes all = of({1, 2, 3, 4});
  EXPECT_EQ(of({1, 2, 3, 4}), all) << "copied once";
  Changes some = of({1, 2, 4});
  EXPECT_EQ(some->at(1).sequence, 2u);
  EXPECT_EQ(of({1, 3, 4})->at(1).sequence, 3u);
  EXPECT_EQ(some->at(1).sequence, 2u);
}

TEST_F(ReadTest, EventStreamEndsItsSubscription) {
  Response response = get("/api/leoflow/v1/events");
  response.stream->start([] {});
  EXPECT_EQ(engine.listeners.size(), 1u);
  response.stream.reset();
  EXPECT_TRUE(engine.listeners.empty());
}

TEST_F(ReadTest, OddsAndEnds) {
  EXPECT_EQ(get("/api/v2/config").status, 403);
  EXPECT_EQ(get("/api/v2/backfills").status, 422);
  EXPECT_EQ(read("/api/v2/version").at("version").as_string(), "3.3.2");
  EXPECT_EQ(read("/api/v2/version").at("git_version").as_string(), "leoflow 9.9.9");
  EXPECT_EQ(read("/api/v2/monitor/health").at("scheduler").at("status").as_string(), "healthy");
  EXPECT_EQ(read("/api/leoflow/v1/staging?state=deleted")
                .at("staging_volumes")
                .at(0)
                .at("delete_reason")
                .as_string(),
            "ttl_expired");
  Response metrics = get("/metrics");
  EXPECT_NE(metrics.body.find("leoflow_runs_active 2\n"), std::string::npos);
  EXPECT_NE(
      metrics.body.find("leoflow_http_requests_total{operation=\"get_config\",status=\"403\"} 1"),
      std::string::npos);
  EXPECT_EQ(raw(Method::get, "/").status, 200);
}

TEST_F(ReadTest, TaskInstancesOfAGroup) {
  const std::string path = "/api/v2/dags/etl/dagRuns/r1/taskInstances?task_group_id=";
  EXPECT_EQ(body(get(path + "all")).at("total_entries").as_int64(), 2);
  json::value inner = body(get(path + "all.first"));
  EXPECT_EQ(inner.at("total_entries").as_int64(), 1);
  EXPECT_EQ(inner.at("task_instances").at(0).at("task_id").as_string(), "extract");
  EXPECT_EQ(get(path + "nope").status, 404);
  const std::string anywhere = "/dagRuns/~/taskInstances?task_group_id=all.first";
  EXPECT_EQ(body(get("/api/v2/dags/etl" + anywhere)).at("total_entries").as_int64(), 1);
  EXPECT_EQ(get("/api/v2/dags/~" + anywhere).status, 400);
}

TEST_F(ReadTest, TaskGroupsOfADag) {
  json::value all = body(get("/api/leoflow/v1/dags/etl/taskGroups"));
  EXPECT_EQ(json::dump(all.at("task_groups")),
            R"([{"group_id":"all","parent_group_id":null,"is_mapped":false,)"
            R"("task_ids":["extract","load"]},)"
            R"({"group_id":"all.first","parent_group_id":"all","is_mapped":false,)"
            R"("task_ids":["extract"]}])");
  EXPECT_EQ(all.at("total_entries").as_int64(), 2);
  EXPECT_EQ(get("/api/leoflow/v1/dags/nope/taskGroups").status, 404);
}

TEST_F(ReadTest, MapIndexMayBeAQueryParameter) {
  const std::string path = "/api/v2/dags/etl/dagRuns/r1/taskInstances/load";
  for (std::string part : {"/tries", "/tries/2", "/dependencies", "/links"}) {
    EXPECT_EQ(get(path + part + "?map_index=-1").status, 200) << part;
    EXPECT_EQ(get(path + part + "?map_index=5").status, 404) << part;
  }
}

TEST_F(ReadTest, TheJobIsTheSchedulerThatHealthTellsOf) {
  json::value jobs = body(get("/api/v2/jobs?order_by=-start_date"));
  ASSERT_EQ(jobs.at("total_entries").as_int64(), 1);
  const json::value& job = jobs.at("jobs").at(0);
  EXPECT_EQ(job.at("job_type").as_string(), "SchedulerJob");
  EXPECT_EQ(job.at("state").as_string(), "running");
  EXPECT_EQ(job.at("hostname").as_string(), "host");
  EXPECT_EQ(job.at("unixname").as_string(), "leo");
  auto total = [&](const std::string& query) {
    return body(get("/api/v2/jobs?" + query)).at("total_entries").as_int64();
  };
  for (std::string kept :
       {"is_alive=true", "job_type=SchedulerJob", "hostname=host", "job_state=running",
        "executor_class=local", "start_date_lte=2024-05-06T12:53:20Z"})
    EXPECT_EQ(total(kept), 1) << kept;
  for (std::string left :
       {"is_alive=false", "job_type=TriggererJob", "hostname=other", "job_state=failed",
        "executor_class=x", "end_date_gte=2024-01-01T00:00:00Z",
        "start_date_gt=2024-05-06T12:53:20Z"})
    EXPECT_EQ(total(left), 0) << left;
  EXPECT_EQ(body(get("/api/v2/jobs?offset=1")).at("jobs").as_array().size(), 0u);
  EXPECT_EQ(get("/api/v2/jobs?order_by=nope").status, 400);
}

}  // namespace
}  // namespace leoflow::api
