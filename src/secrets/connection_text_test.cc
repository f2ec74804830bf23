// SPDX-License-Identifier: Apache-2.0
#include "secrets/connection_text.h"

#include <gtest/gtest.h>

#include "secrets/percent.h"

namespace leoflow {
namespace {

Connection connection(const std::string& json) {
  auto parsed = parse_connection("c", json);
  EXPECT_TRUE(parsed) << parsed.error().text();
  return parsed ? *parsed : Connection{};
}

struct Row {
  const char* json;
  const char* uri;
};

// Left: what is stored; right: what Airflow's get_uri() prints for it.
constexpr Row kRows[] = {
    {R"({"conn_type":"http","host":"only-host"})", "http://only-host"},
    {R"({"conn_type":"my_db","host":"h.example.org",)"
       R"("login":"us@er","password":"longpassword","port":5439,)"
     R"("schema":"main db","extra":{"a":"1","b":"two words"}})",
     "my-db://us%40er:longpassword@h.example.org:5439/main%20db?a=1&b=two+words"},
    {R"({"conn_type":"postgres","host":"db","login":"u","password":"p/w",)"
       R"("port":55432,"schema":"warehouse"})",
     "postgres://u:p%2Fw@db:55432/warehouse"},
    {R"({"conn_type":"postgres","host":"db","extra":{"sslmode":"require","options":"-c x=1"}})",
     "postgres://db/?sslmode=require&options=-c%20x%3D1"},
    {R"({"conn_type":"x","port":8080})", "x://@:8080"},
    {R"({"conn_type":"x","login":"","password":""})", "x://:@"},
    {R"({"conn_type":"x","host":"h","login":"me"})", "x://me@h"},
    {R"({"conn_type":"x","host":"h","password":"secret"})", "x://:secret@h"},
    {R"({"host":"h"})", "//h"},
    {R"({"conn_type":"x","host":"https://h","port":1})", "x://https://h:1"},
    {R"({"conn_type":"x","host":"h","extra":"{\"a\": {\"b\": 1}}"})",
     "x://h/?__extra__=%7B%22a%22%3A+%7B%22b%22%3A+1%7D%7D"},
    {R"({"conn_type":"x","host":"h","schema":"s","extra":"{\"n\": 1}"})",
     "x://h/s?__extra__=%7B%22n%22%3A+1%7D"},
    {R"({"conn_type":"X_Y","schema":"a/b","extra":{"k":""}})", "x-y:///a%2Fb?k="},
    {R"({"conn_type":"sqlite","host":"/var/db/a.db"})", "sqlite://%2Fvar%2Fdb%2Fa.db"},
    {R"({"conn_type":"x","host":"h","login":"zoë"})", "x://zo%C3%AB@h"},
};

TEST(ConnectionUri, IsAirflowsForm) {
  for (const Row& row : kRows) EXPECT_EQ(connection_uri(connection(row.json)), row.uri);
}

TEST(ConnectionUri, ReadsBackToTheSameText) {
  for (const Row& row : kRows) {
    auto parsed = parse_connection("c", row.uri);
    ASSERT_TRUE(parsed) << row.uri;
    EXPECT_EQ(connection_uri(*parsed), row.uri);
  }
}

TEST(ConnectionUri, IsParsedAsTheEnvironmentHoldsIt) {
  auto parsed = parse_connection(
      "env_uri", "my-type://user%40x:p%2Fw@db.example.org:5433/main%20db?opt=1&flag=true");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->conn_id, "env_uri");
  EXPECT_EQ(parsed->conn_type, "my_type");
  EXPECT_EQ(parsed->login, "user@x");
  EXPECT_EQ(parsed->password, "p/w");
  EXPECT_EQ(parsed->host, "db.example.org");
  EXPECT_EQ(parsed->port, 5433);
  EXPECT_EQ(parsed->schema, "main db");
  EXPECT_EQ(parsed->extra, R"({"opt":"1","flag":"true"})");
}

TEST(ConnectionUri, NormalisesTypeAndHost) {
  EXPECT_EQ(connection("{\"conn_type\":\"postgresql\"}").conn_type, "postgres");
  auto parsed = parse_connection("c", "postgresql://DB.Example.ORG:1/x#fragment");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->conn_type, "postgres");
  EXPECT_EQ(parsed->host, "db.example.org");
  EXPECT_EQ(parsed->schema, "x");
  EXPECT_EQ(parse_connection("c", "x://%2FVar%2Fsock/d")->host, "/Var/sock");
  EXPECT_EQ(parse_connection("c", "x://[::1]:5/d")->host, "::1");
  EXPECT_EQ(parse_connection("c", "spark://k8s://master:7077")->host, "k8s://master");
}

TEST(ConnectionJson, IsParsedWithNumbersAsTextOrNot) {
  Connection c = connection(
      R"({"conn_type":"http","host":"h.example.org","port":"8443",)"
       R"("login":"u","password":"pw-json","schema":"https",)"
      R"("extra":{"nested":{"a":[1,2]},"k":"v"},"description":null})");
  EXPECT_EQ(c.port, 8443);
  EXPECT_TRUE(c.has_password);
  EXPECT_EQ(c.extra, R"({"nested":{"a":[1,2]},"k":"v"})");
  EXPECT_TRUE(c.description.empty());
  Connection again = connection(connection_json(c));
  EXPECT_EQ(connection_uri(again), connection_uri(c));
}

TEST(ConnectionText, RefusesWhatIsWrongWithoutRepeatingIt) {
  for (const char* text :
       {"", "secretpw", "a://b://c://d", "x://u:secretpw@h:port", "x://h:70000", "x://a@b://h",
        "{secretpw", "{\"passwort\":\"secretpw\"}", "{\"port\":-1}", "{\"host\":5}"}) {
    auto parsed = parse_connection("c", text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), Code::invalid);
    EXPECT_EQ(parsed.error().text().find("secretpw"), std::string::npos) << text;
  }
}

TEST(Percent, DecodesOnlyWholePairs) {
  EXPECT_EQ(percent_decode("%41%4"), "A%4");
  EXPECT_EQ(percent_decode("%zz%"), "%zz%");
  EXPECT_EQ(percent_decode("a%20b+c"), "a b+c");
  EXPECT_EQ(parse_query("a=1&&b&c=x+y").size(), 3u);
}

}  // namespace
}  // namespace leoflow
