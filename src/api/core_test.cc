// SPDX-License-Identifier: Apache-2.0
// URLs, shapes, routing, credentials, the audit log, the OpenAPI document.
#include <set>

#include "api/fakes_test.h"
#include "api/gzip.h"
#include "api/mask.h"
#include "api/openapi.h"
#include "api/params_check.h"
#include "api/present.h"
#include "api/routes.h"
#include "api/schema.h"
#include "api/url.h"

namespace leoflow::api {
namespace {

TEST(Url, DecodesSegmentsAndQuery) {
  auto url = parse_url("/a%20b/c+d/?x=1+2&y&x=%C3%A4");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->segments, (std::vector<std::string>{"a b", "c+d"}));
  std::vector<std::pair<std::string, std::string>> query{
      {"x", "1 2"}, {"y", ""}, {"x", "\xC3\xA4"}};
  EXPECT_EQ(url->query, query);
}

TEST(Url, RefusesWhatCouldBeReadInTwoWays) {
  for (auto target : {"", "a", "/a/../b", "/a/%2e%2e/b", "/./a", "/a//b", "/a%", "/a%2", "/a%zz",
                      "/%00", "/a\\b", "/a%5Cb", "/%ff", "/a#b", "http://h/a"}) {
    EXPECT_FALSE(parse_url(target).has_value()) << target;
  }
  EXPECT_FALSE(parse_url("/" + std::string(kUrlBytesMax, 'a')).has_value());
}

TEST(Shape, CompilesTheNotation) {
  auto schema = compile_shape("!a:str(1..3)? b?:[int(0..)] c:<x|y>? d:Other? e:{any}");
  ASSERT_TRUE(schema.has_value());
  EXPECT_EQ(json::dump(*schema),
            R"({"type":"object","properties":)"
            R"({"a":{"type":["string","null"],"minLength":1,"maxLength":3},)"
            R"("b":{"type":"array","items":{"type":"integer","minimum":0}},)"
            R"("c":{"anyOf":[{"type":"string","enum":["x","y"]},{"type":"null"}]},)"
            R"("d":{"anyOf":[{"$ref":"#/components/schemas/Other"},{"type":"null"}]},)"
            R"("e":{"type":"object","additionalProperties":{}}},"required":["a","c","d","e"],)"
            R"("additionalProperties":false})");
  for (auto broken : {"a", "a:", "a:strange", "a:[str", "a:str b", ":str", "=str x"}) {
    EXPECT_FALSE(compile_shape(broken).has_value()) << broken;
  }
}

TEST(Accept, ChoosesTheFirstTypeThatFits) {
  std::vector<std::string> types{"application/json", "text/plain"};
  EXPECT_EQ(choose_content_type(types, ""), "application/json");
  EXPECT_EQ(choose_content_type(types, "*/*"), "application/json");
  EXPECT_EQ(choose_content_type(types, "text/*;q=0.5"), "text/plain");
  EXPECT_EQ(choose_content_type(types, "image/png"), std::nullopt);
}

TEST(Mask, HidesSecretsAtAnyDepthAndPutsThemBack) {
  EXPECT_EQ(masked_extra(R"({"a":{"api_token":"x"},"n":1})"), R"({"a":{"api_token":"***"},"n":1})");
  EXPECT_EQ(masked_extra("plain secret"), "***");
  EXPECT_EQ(unmasked_extra(R"({"token":"***","n":2})", R"({"token":"x","n":1})"),
            R"({"token":"x","n":2})");
}

TEST(Present, WritesTimesAndDurationsLikeThePublicApi) {
  EXPECT_EQ(api_time(from_micros(1'715'000'000'000'000)), "2024-05-06T12:53:20Z");
  EXPECT_EQ(api_time(from_micros(1'715'000'000'000'001)), "2024-05-06T12:53:20.000001Z");
  EXPECT_EQ(iso_duration(std::chrono::hours(1)), "PT1H");
  EXPECT_EQ(iso_duration(std::chrono::seconds(90061) + std::chrono::milliseconds(500)),
            "P1DT1H1M1.5S");
  EXPECT_EQ(iso_duration(Duration(0)), "PT0S");
  EXPECT_NE(task_instance_uuid({1}, 1), task_instance_uuid({1}, 2));
  EXPECT_EQ(version_uuid({1}).size(), 36u);
}

TEST(Gzip, ReadsAcceptEncoding) {
  EXPECT_TRUE(accepts_gzip("br, gzip;q=0.8"));
  EXPECT_TRUE(accepts_gzip("*"));
  EXPECT_FALSE(accepts_gzip("gzip;q=0, br"));
  EXPECT_FALSE(accepts_gzip(""));
}

TEST_F(ApiTest, UnknownPathsAndMethods) {
  EXPECT_EQ(raw(Method::get, "/api/v2/nothing").body,
            R"({"error":"API route not found","detail":"API route not found"})");
  Response old = raw(Method::get, "/api/v1/dags");
  EXPECT_EQ(old.status, 404);
  EXPECT_NE(old.body.find("/api/v2"), std::string::npos);
  Response refused = raw(Method::put, "/api/v2/dags");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.headers.at(0),
            (std::pair<std::string, std::string>{"Allow", "GET, HEAD, PATCH"}));
  EXPECT_EQ(raw(Method::get, "/api/v2/dags/a%2Fb").status, 400);
  EXPECT_EQ(raw(Method::get, "/api/v2/dags/../x").status, 400);
}

TEST_F(ApiTest, CredentialsAreChecked) {
  EXPECT_EQ(raw(Method::get, "/api/v2/dags").status, 401);
  EXPECT_EQ(raw(Method::get, "/api/v2/dags", "", {{"authorization", "Bearer abc.def.ghi"}}).status,
            403);
  EXPECT_EQ(raw(Method::get, "/api/v2/version").status, 200);
}

TEST_F(ApiTest, RolesLimitWhatIsAllowed) {
  Headers viewer{{"authorization", "Bearer " + token_of("Viewer")}};
  EXPECT_EQ(raw(Method::get, "/api/v2/dags", "", viewer).status, 200);
  EXPECT_EQ(raw(Method::patch, "/api/v2/dags/etl", R"({"is_paused":true})", viewer).status, 403);
  EXPECT_EQ(raw(Method::get, "/api/v2/connections", "", viewer).status, 403);
  Headers op{{"authorization", "Bearer " + token_of("Op")}};
  EXPECT_EQ(raw(Method::get, "/api/v2/connections", "", op).status, 200);
  EXPECT_EQ(raw(Method::get, "/api/leoflow/v1/users", "", op).status, 403);
}

TEST_F(ApiTest, BodiesAreCheckedAgainstTheirShape) {
  const std::string path = "/api/v2/dags/etl/dagRuns";
  json::value detail = body(post(path, R"({"conf":[1],"colour":1})")).at("detail");
  EXPECT_EQ(json::dump(detail.at(0).at("loc")), R"(["body","conf"])");
  EXPECT_EQ(detail.at(0).at("type").as_string(), "dict_type");
  EXPECT_EQ(detail.at(1).at("type").as_string(), "extra_forbidden");
  EXPECT_EQ(body(post(path, "{nope")).at("detail").at(0).at("type").as_string(), "json_invalid");
  EXPECT_EQ(body(post(path, R"({"logical_date":"2024-01-01T00:00:00"})"))
                .at("detail")
                .at(0)
                .at("type")
                .as_string(),
            "timezone_aware");
  EXPECT_EQ(post(path, std::string(5000, '[')).status, 422);
  EXPECT_EQ(post(path, "3").status, 422);
  EXPECT_EQ(call(Method::post, path).status, 411);
  EXPECT_EQ(call(Method::post, path, "", {{"content-length", "0"}}).status, 422);
  Headers form{{"content-type", "text/plain"}};
  EXPECT_EQ(call(Method::post, path, "{}", form).status, 415);
  EXPECT_TRUE(engine.triggered.empty());
}

TEST_F(ApiTest, QueriesAreChecked) {
  for (auto query : {"limit=-1", "offset=-1", "limit=x", "paused=maybe", "tags_match_mode=some"}) {
    EXPECT_EQ(get(std::string("/api/v2/dags?") + query).status, 422) << query;
  }
  EXPECT_EQ(get("/api/v2/dags?order_by=nope").status, 400);
  EXPECT_EQ(get("/api/v2/dags?owner_pattern=x").status, 400);
  EXPECT_EQ(get("/api/v2/dags?limit=9999").status, 200);
  EXPECT_EQ(get("/api/v2/dags/~/dagRuns?start_date_gte=2024-01-01T00:00:00").status, 422);
}

TEST_F(ApiTest, WritesAreAuditedWithoutSecrets) {
  post("/api/v2/connections",
       R"({"connection_id":"c","conn_type":"x","password":"pw12","extra":"{\"token\":\"tt\"}"})");
  post("/api/v2/variables", R"({"key":"k","value":"hidden"})");
  post("/api/v2/dags/etl/dagRuns", R"({"dag_run_id":"mine","logical_date":null})");
  post("/api/v2/dags/none/dagRuns", R"({"logical_date":null})");
  json::value rows = body(get("/api/v2/eventLogs?order_by=id"));
  EXPECT_EQ(rows.at("total_entries").as_int64(), 3);
  std::string text = json::dump(rows);
  for (auto secret : {"pw12", "tt\\", "hidden"})
    EXPECT_EQ(text.find(secret), std::string::npos) << secret;
  const json::value& trigger = rows.at("event_logs").at(2);
  EXPECT_EQ(trigger.at("event").as_string(), "trigger_dag_run");
  EXPECT_EQ(trigger.at("run_id").as_string(), "mine");
  EXPECT_EQ(trigger.at("owner").as_string(), "admin");
}

// Calls visit(reference) for each "$ref" below a value.
void references(const json::value& value, const std::function<void(std::string_view)>& visit) {
  if (value.is_array()) {
    for (const auto& item : value.get_array()) references(item, visit);
  } else if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      if (member.key() == "$ref") visit(member.value().as_string());
      references(member.value(), visit);
    }
  }
}

TEST_F(ApiTest, OpenapiDescribesEveryRouteAndResolves) {
  json::value document = body(raw(Method::get, "/openapi.json"));
  size_t operations = 0;
  std::set<std::string> ids;
  for (const auto& path : document.at("paths").as_object()) {
    for (const auto& operation : path.value().as_object()) {
      ++operations;
      EXPECT_TRUE(ids.insert(std::string(operation.value().at("operationId").as_string())).second)
          << path.key();
      EXPECT_FALSE(operation.value().at("responses").as_object().empty());
      EXPECT_FALSE(operation.value().at("summary").as_string().empty()) << path.key();
    }
  }
  EXPECT_EQ(operations, api->router().routes().size());
  references(document, [&](std::string_view reference) {
    boost::system::error_code error;
    EXPECT_NE(document.find_pointer(reference.substr(1), error), nullptr) << reference;
  });
}

}  // namespace
}  // namespace leoflow::api
