// SPDX-License-Identifier: Apache-2.0
#include "api/etag.h"

#include "api/fakes_test.h"

namespace leoflow::api {
namespace {

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

TEST(Etag, MatchesListsAndWeakTags) {
  EXPECT_TRUE(matches_etag("\"a\"", "a"));
  EXPECT_TRUE(matches_etag("\"x\", W/\"a\"", "a"));
  EXPECT_TRUE(matches_etag(" * ", "a"));
  EXPECT_FALSE(matches_etag("", "a"));
  EXPECT_FALSE(matches_etag("a", "a"));
  EXPECT_FALSE(matches_etag("\"ab\",\"", "a"));
}

class EtagOfRoutes : public ApiTest {};

TEST_F(EtagOfRoutes, UnchangedAnswersAreNotSentAgain) {
  Response first = get("/api/v2/dags/etl");
  std::string tag = header(first, "ETag");
  ASSERT_TRUE(tag.starts_with("W/\"")) << tag;
  EXPECT_EQ(header(first, "Cache-Control"), "private, no-cache");
  Response again = call(Method::get, "/api/v2/dags/etl", {}, {{"if-none-match", tag}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(header(again, "ETag"), tag);
  Response other = call(Method::get, "/api/v2/dags", {}, {{"if-none-match", tag}});
  EXPECT_EQ(other.status, 200);
}

TEST_F(EtagOfRoutes, SecretsAndErrorsAreNotKept) {
  secrets.variables["plain"] = {.key = "plain", .value = "v"};
  Response variable = get("/api/v2/variables/plain");
  EXPECT_EQ(variable.status, 200);
  EXPECT_NE(header(variable, "ETag"), "");
  EXPECT_EQ(header(variable, "Cache-Control"), "");  // the server then says no-store
  EXPECT_EQ(header(get("/api/v2/dags/none"), "ETag"), "");
  EXPECT_EQ(header(post("/api/v2/dags/etl/dagRuns", R"({"logical_date":null})"), "ETag"), "");
}

}  // namespace
}  // namespace leoflow::api
