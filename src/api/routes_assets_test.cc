// SPDX-License-Identifier: Apache-2.0
#include "api/fakes_test.h"

namespace leoflow::api {
namespace {

class Assets : public ApiTest {
 protected:
  Assets() { add_assets(); }

  int64_t total(const std::string& target) {
    return body(get("/api/v2" + target)).at("total_entries").as_int64();
  }
};

TEST_F(Assets, AreListedWithWhoNamesThem) {
  const json::value list = body(get("/api/v2/assets?order_by=-name"));
  ASSERT_EQ(list.at("total_entries").as_int64(), 2);
  const json::value& prices = list.at("assets").at(0);
  const json::value& orders = list.at("assets").at(1);
  EXPECT_EQ(orders.at("name").as_string(), "orders");
  EXPECT_EQ(orders.at("extra").at("team").as_string(), "a");
  EXPECT_EQ(orders.at("scheduled_dags").at(0).at("dag_id").as_string(), "maker");
  EXPECT_EQ(orders.at("producing_tasks").at(0).at("task_id").as_string(), "make");
  EXPECT_TRUE(orders.at("consuming_tasks").as_array().empty());
  EXPECT_EQ(orders.at("aliases").at(0).at("name").as_string(), "files");
  EXPECT_EQ(orders.at("last_asset_event").at("id").as_int64(), 1);
  EXPECT_TRUE(prices.at("last_asset_event").at("id").is_null());
  EXPECT_EQ(prices.at("consuming_tasks").at(0).at("dag_id").as_string(), "maker");
  EXPECT_EQ(body(get("/api/v2/assets/1")), orders);
  EXPECT_EQ(get("/api/v2/assets/9").status, 404);
}

TEST_F(Assets, AreFiltered) {
  EXPECT_EQ(total("/assets?name_pattern=ORD"), 1);
  EXPECT_EQ(total("/assets?uri_pattern=s3:%25orders"), 1);
  EXPECT_EQ(total("/assets?name_prefix_pattern=pri"), 1);
  EXPECT_EQ(total("/assets?dag_ids=etl"), 0);
  EXPECT_EQ(total("/assets?dag_ids=etl&dag_ids=maker"), 2);
  EXPECT_EQ(total("/assets/aliases?name_pattern=fil"), 1);
  EXPECT_EQ(get("/api/v2/assets?order_by=nope").status, 400);
  EXPECT_EQ(body(get("/api/v2/assets/aliases/1")).at("name").as_string(), "files");
  EXPECT_EQ(get("/api/v2/assets/aliases/7").status, 404);
  EXPECT_EQ(total("/dags?has_asset_schedule=true"), 1);
  EXPECT_EQ(total("/dags?asset_dependency=orders"), 1);
  EXPECT_EQ(total("/dags?asset_dependency=nothing"), 0);
  EXPECT_EQ(total("/dags?timetable_type=AssetTriggeredTimetable"), 1);
}

TEST_F(Assets, EventsTellTheirSourceAndTheirRuns) {
  const json::value list = body(get("/api/v2/assets/events?asset_id=1&order_by=-timestamp"));
  ASSERT_EQ(list.at("total_entries").as_int64(), 1);
  const json::value& event = list.at("asset_events").at(0);
  EXPECT_EQ(event.at("extra").at("rows").as_int64(), 3);
  EXPECT_EQ(event.at("source_task_id").as_string(), "load");
  EXPECT_EQ(event.at("source_map_index").as_int64(), -1);
  EXPECT_EQ(event.at("uri").as_string(), "s3://b/orders");
  EXPECT_EQ(event.at("created_dagruns").at(0).at("run_id").as_string(), "r1");
  EXPECT_EQ(body(get("/api/v2/dags/etl/dagRuns/r1/upstreamAssetEvents")), list);
  EXPECT_EQ(total("/assets/events?source_dag_id=etl&source_run_id=r1&source_map_index=-1"), 1);
  EXPECT_EQ(total("/assets/events?source_task_id=extract"), 0);
  EXPECT_EQ(total("/assets/events?name_pattern=prices"), 0);
  EXPECT_EQ(total("/assets/events?timestamp_gt=2030-01-01T00:00:00Z"), 0);
  EXPECT_EQ(total("/dags/~/dagRuns?consuming_asset_pattern=orders"), 1);
  EXPECT_EQ(total("/dags/~/dagRuns?consuming_asset_pattern=prices"), 0);
}

TEST_F(Assets, EventsAreToldOf) {
  Response made = post("/api/v2/assets/events", R"({"asset_id":2,"extra":{"n":1}})");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(body(made).at("extra"), json::parse(R"({"n":1,"from_rest_api":true})").value());
  EXPECT_TRUE(body(made).at("source_dag_id").is_null());
  ASSERT_EQ(engine.asset_events.size(), 1u);
  EXPECT_EQ(engine.asset_events[0].asset, (AssetKey{"prices", "p"}));
  EXPECT_EQ(post("/api/v2/assets/events", R"({"asset_id":9})").status, 404);
  EXPECT_EQ(post("/api/v2/assets/events", R"({"extra":{}})").status, 422);
  EXPECT_EQ(post("/api/v2/assets/events", R"({"asset_id":1,"partition_key":"a"})").status, 400);
  std::string large = R"({"asset_id":1,"extra":{"x":")" + std::string(70'000, 'y') + R"("}})";
  EXPECT_EQ(post("/api/v2/assets/events", large).status, 400);
  EXPECT_EQ(total("/eventLogs?event=create_asset_event"), 1) << "what succeeded is audited";
}

TEST_F(Assets, AreMaterializedByTheOneDagThatMakesThem) {
  Response made = call(Method::post, "/api/v2/assets/1/materialize", R"({"conf":{"a":1}})");
  ASSERT_EQ(made.status, 200) << made.body;
  ASSERT_EQ(engine.triggered.size(), 1u);
  EXPECT_EQ(engine.triggered[0].dag_id, "maker");
  EXPECT_EQ(engine.triggered[0].type, RunType::asset_materialization);
  EXPECT_EQ(engine.triggered[0].conf.at("a").as_int64(), 1);
  EXPECT_EQ(post("/api/v2/assets/2/materialize", "{}").status, 404) << "no task makes it";
  EXPECT_EQ(post("/api/v2/assets/9/materialize", "{}").status, 404);
  EXPECT_EQ(post("/api/v2/assets/1/materialize", R"({"dag_run_id":"asset_triggered__x"})").status,
            400);
}

TEST_F(Assets, QueuedEventsAreShownAndForgotten) {
  const json::value list = body(get("/api/v2/dags/etl/assets/queuedEvents"));
  ASSERT_EQ(list.at("total_entries").as_int64(), 1);
  EXPECT_EQ(list.at("queued_events").at(0).at("asset_id").as_int64(), 1);
  EXPECT_EQ(total("/assets/1/queuedEvents"), 1);
  EXPECT_EQ(body(get("/api/v2/dags/etl/assets/1/queuedEvents")).at("dag_id").as_string(), "etl");
  for (std::string none : {"/dags/maker/assets/queuedEvents", "/assets/2/queuedEvents",
                           "/dags/etl/assets/2/queuedEvents", "/dags/nope/assets/queuedEvents",
                           "/assets/1/queuedEvents?before=2000-01-01T00:00:00Z"})
    EXPECT_EQ(get("/api/v2" + none).status, 404) << none;
  EXPECT_EQ(call(Method::del, "/api/v2/dags/etl/assets/1/queuedEvents").status, 204);
  ASSERT_EQ(engine.forgotten_assets.size(), 1u);
  EXPECT_EQ(engine.forgotten_assets[0].dag_ids->at(0), "etl");
  EXPECT_EQ(engine.forgotten_assets[0].asset->name, "orders");
  EXPECT_EQ(call(Method::del, "/api/v2/assets/1/queuedEvents").status, 204);
  EXPECT_FALSE(engine.forgotten_assets[1].dag_ids);
}

TEST_F(Assets, ScheduleIsPartOfTheDag) {
  const json::value details = body(get("/api/v2/dags/maker/details"));
  EXPECT_EQ(details.at("timetable_summary").as_string(), "Asset");
  EXPECT_FALSE(details.at("is_backfillable").as_bool());
  const json::value& expression = details.at("asset_expression");
  EXPECT_EQ(expression.at("all").at(0).at("asset").at("id").as_int64(), 1);
  EXPECT_EQ(expression.at("all").at(1).at("asset").at("uri").as_string(), "p");
  EXPECT_TRUE(body(get("/api/v2/dags/etl/details")).at("asset_expression").is_null());
}

TEST_F(Assets, HaveNoStateOfTheirOwn) {
  const std::string store = "/api/v2/assets/1/state-store";
  EXPECT_EQ(body(get(store)).at("total_entries").as_int64(), 0);
  EXPECT_EQ(get(store + "/a").status, 404);
  EXPECT_EQ(call(Method::put, store + "/a", R"({"value":1})").status, 400);
  EXPECT_EQ(call(Method::del, store).status, 204);
  EXPECT_EQ(get("/api/v2/assets/9/state-store").status, 404);
}

// A caller whose role holds on some DAGs sees what these name.
TEST_F(Assets, AreLimitedToTheDagsOfTheCaller) {
  User ann{.username = "ann",
           .password_hash = hash_password("annpw123"),
           .role = "Viewer",
           .grants = R"([{"role":"User","dags":"etl"}])"};
  ASSERT_TRUE(store->users().put_user(ann));
  admin_token = create_api_token(store->users(), "u", "ann", clock.at, std::nullopt)->value;
  EXPECT_EQ(total("/assets"), 0);
  EXPECT_EQ(get("/api/v2/assets/1").status, 404);
  EXPECT_EQ(total("/assets/aliases"), 0);
  EXPECT_EQ(total("/assets/events"), 1) << "a task of etl told of it";
  EXPECT_EQ(post("/api/v2/assets/events", R"({"asset_id":1})").status, 404);
}

}  // namespace
}  // namespace leoflow::api
