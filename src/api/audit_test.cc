// SPDX-License-Identifier: Apache-2.0
// The audit log: what a change was before and after, from where, without secrets.
#include "api/fakes_test.h"

namespace leoflow::api {
namespace {

class AuditTest : public ApiTest {
 protected:
  // The newest row that a filter finds.
  json::object last(const std::string& filter = {}) {
    json::value rows = body(get("/api/v2/eventLogs?order_by=-id&limit=1" + filter));
    EXPECT_GT(rows.at("total_entries").as_int64(), 0) << filter;
    return rows.at("event_logs").at(0).as_object();
  }
  json::object extra(const json::object& row) {
    return json::parse(json::string_or(row, "extra"))->as_object();
  }
};

TEST_F(AuditTest, ChangesAreToldWithBeforeAndAfter) {
  post("/api/v2/pools", R"({"name":"p","slots":3,"description":"d"})");
  json::object made = last();
  EXPECT_EQ(json::string_or(made, "object"), "pool:p");
  EXPECT_FALSE(extra(made).contains("before"));
  EXPECT_EQ(extra(made).at("after").at("slots").as_int64(), 3);
  patch("/api/v2/pools/p", R"({"pool":"p","slots":5,"description":"d"})");
  json::object changed = last();
  EXPECT_EQ(json::string_or(changed, "owner"), "admin");
  EXPECT_EQ(json::string_or(changed, "address"), "127.0.0.1");
  EXPECT_EQ(extra(changed).at("before").at("slots").as_int64(), 3);
  EXPECT_EQ(extra(changed).at("after").at("slots").as_int64(), 5);
  EXPECT_FALSE(extra(changed).at("before").as_object().contains("description"))
      << "only what differs";
  call(Method::del, "/api/v2/pools/p");
  EXPECT_EQ(extra(last()).at("before").at("slots").as_int64(), 5);
}

TEST_F(AuditTest, SecretsAreNowhere) {
  const std::string connection =
      R"({"connection_id":"c","conn_type":"x","password":"pw12","extra":"{\"token\":\"tt34\"}"})";
  post("/api/v2/connections", connection);
  patch("/api/v2/connections/c", R"({"connection_id":"c","conn_type":"y","password":"pw56"})");
  post("/api/v2/variables", R"({"key":"k","value":"hidden78"})");
  patch("/api/v2/variables/k", R"({"key":"k","value":"hidden90"})");
  post("/api/leoflow/v1/users", R"({"username":"bob","password":"longenough"})");
  std::string token(
      body(post("/api/leoflow/v1/tokens", R"({"name":"ci"})")).at("token").as_string());
  std::string all = get("/api/v2/eventLogs?limit=100").body;
  for (const std::string& secret :
       {std::string("pw12"), std::string("pw56"), std::string("tt34"), std::string("hidden"),
        std::string("longenough"), token.substr(12)}) {
    EXPECT_EQ(all.find(secret), std::string::npos) << secret;
  }
  EXPECT_EQ(json::string_or(last("&event=post_variable"), "object"), "variable:k");
  EXPECT_EQ(extra(last("&object=connection:c")).at("after").at("conn_type").as_string(), "y");
}

TEST_F(AuditTest, LoginsAndFailuresAreTold) {
  raw(Method::post, "/auth/login", R"({"username":"admin","password":"adminpw"})");
  EXPECT_EQ(json::string_or(last(), "event"), "login");
  raw(Method::post, "/auth/token", R"({"username":"nobody","password":"secret"})");
  json::object failed = last("&event=login_failed");
  EXPECT_EQ(json::string_or(failed, "owner"), "nobody");
  EXPECT_EQ(json::string_or(failed, "address"), "127.0.0.1");
  EXPECT_EQ(json::string_or(failed, "extra"), R"({"way":"create_token"})");
}

TEST_F(AuditTest, FiltersAndAddressesForAdministratorsOnly) {
  patch("/api/v2/dags/etl", R"({"is_paused":true})");
  EXPECT_EQ(json::string_or(last("&address=127.0.0.1&owner_pattern=adm"), "object"), "dag:etl");
  EXPECT_EQ(body(get("/api/v2/eventLogs?address=10.0.0.1")).at("total_entries").as_int64(), 0);
  Headers viewer{{"authorization", "Bearer " + token_of("Viewer")}};
  json::value rows =
      body(raw(Method::get, "/api/v2/eventLogs?event=patch_dag&address=10.0.0.1", "", viewer));
  EXPECT_EQ(rows.at("total_entries").as_int64(), 1) << "the filter tells nothing to others";
  EXPECT_TRUE(rows.at("event_logs").at(0).at("address").is_null());
}

TEST_F(AuditTest, WhatWasRefusedIsNoChange) {
  patch("/api/v2/pools/none", R"({"pool":"none","slots":5})");
  EXPECT_EQ(body(get("/api/v2/eventLogs?event=patch_pool")).at("total_entries").as_int64(), 0);
}

}  // namespace
}  // namespace leoflow::api
