// SPDX-License-Identifier: Apache-2.0
// Files of connections and variables: formats, and what of them is shown to whom.
#include "api/entry_files.h"
#include "api/fakes_test.h"

namespace leoflow::api {
namespace {

const std::string kOwn = "/api/leoflow/v1";

std::string text_of(const std::vector<Entry>& entries) {
  json::object all;
  for (const Entry& entry : entries) all[entry.name] = entry.value;
  return json::dump(json::value(all));
}

TEST(EntryFiles, ReadsWhatAirflowWrites) {
  auto read = [](EntryFormat format, std::string_view text) {
    auto entries = read_entries(format, text);
    return entries ? text_of(*entries) : entries.error().message();
  };
  EXPECT_EQ(read(EntryFormat::json, R"({"a":1,"b":{"c":[true]}})"), R"({"a":1,"b":{"c":[true]}})");
  EXPECT_EQ(
      read(EntryFormat::yaml, "pg:\n  host: db\n  port: 5432\n  login: \"007\"\n  extra: ~\n"),
      R"({"pg":{"host":"db","port":5432,"login":"007","extra":null}})");
  EXPECT_EQ(read(EntryFormat::yaml, "a: &x [1.5, yes]\nb: *x\n"),
            R"({"a":[1.5,"yes"],"b":[1.5,"yes"]})");
  EXPECT_EQ(read(EntryFormat::yaml, ""), "{}");
  EXPECT_EQ(read(EntryFormat::env, "# all of them\n\npg = postgres://db/x?a=b \r\nk=v"),
            R"({"pg":"postgres://db/x?a=b","k":"v"})");
}

TEST(EntryFiles, RefusesWhatCannotBeRead) {
  for (auto [format, text, part] : std::vector<std::tuple<EntryFormat, std::string, std::string>>{
           {EntryFormat::json, "[1]", "one object"},
           {EntryFormat::json, "{", "cannot be read"},
           {EntryFormat::yaml, "a: 1\na: 2\n", "line 2: 'a' is there twice"},
           {EntryFormat::yaml, "a: [1\n", "line 2"},
           {EntryFormat::yaml, "? [1]\n: 2\n", "key"},
           {EntryFormat::yaml, std::string(200, '[') + std::string(200, ']'), "nested"},
           {EntryFormat::env, "a=1\nb\n", "line 2"},
           {EntryFormat::env, "a=1\na=2\n", "'a' is there twice"}}) {
    auto read = read_entries(format, text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code(), Code::invalid);
    EXPECT_NE(read.error().message().find(part), std::string::npos) << read.error().message();
  }
  std::string laughs = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 40; ++i) {
    std::string last = "*a" + std::to_string(i - 1), name = "a" + std::to_string(i);
    laughs += name + ": &" + name + " [" + last + ", " + last + "]\n";
  }
  EXPECT_FALSE(read_entries(EntryFormat::yaml, laughs));
}

TEST(EntryFiles, WritesWhatItReads) {
  std::vector<Entry> entries{{"a", json::value("x: #y")},
                             {"b\"c", json::object{{"n", 1}, {"empty", json::object{}}}},
                             {"list", json::array{1, "two", nullptr}}};
  for (EntryFormat format : {EntryFormat::json, EntryFormat::yaml}) {
    auto text = write_entries(format, entries);
    ASSERT_TRUE(text);
    auto again = read_entries(format, *text);
    ASSERT_TRUE(again) << again.error().text() << *text;
    EXPECT_EQ(text_of(*again), text_of(entries)) << *text;
  }
  EXPECT_EQ(*write_entries(EntryFormat::yaml, {}), "{}\n");
  EXPECT_EQ(*write_entries(EntryFormat::env, {{"a", json::value("b c")}}), "a=b c\n");
  for (std::string text : {"two\nlines", " spaced"})
    EXPECT_FALSE(write_entries(EntryFormat::env, {{"a", json::value(text)}}));
}

class SecretFilesTest : public ApiTest {
 protected:
  json::value import(const std::string& kind, const std::string& content,
                     const std::string& format = "json", const std::string& policy = "fail") {
    json::object request{{"content", content}, {"format", format}, {"action_on_existence", policy}};
    Response response = post(kOwn + "/" + kind + "/import", json::dump(json::value(request)));
    EXPECT_EQ(response.status, 200) << response.body;
    return body(response);
  }
  std::string exported(const std::string& kind, const std::string& query = "") {
    return std::string(body(get(kOwn + "/" + kind + "/export" + query)).at("content").as_string());
  }
};

TEST_F(SecretFilesTest, ConnectionsComeInEveryFormat) {
  import("connections", R"({"one":{"conn_type":"http","host":"h","port":80,"extra":{"n":1}}})");
  import("connections", "two:\n  conn_type: postgres\n  login: ann\n  password: hunter2\n", "yaml");
  import("connections", "three=mysql://bob:secret@db:3306/x\n", "env");
  EXPECT_EQ(secrets.connections["one"].extra, R"({"n":1})");
  EXPECT_EQ(secrets.connections["two"].password, "hunter2");
  EXPECT_EQ(secrets.connections["three"].password, "secret");
  EXPECT_EQ(secrets.connections["three"].port, 3306);
  json::value wrong = import("connections", R"({"x":{"host":"h"},"y":{"conn_type":"http"}})");
  EXPECT_EQ(json::dump(wrong.at("create").at("success")), R"(["y"])");
  EXPECT_EQ(wrong.at("create").at("errors").at(0).at("status_code").as_int64(), 422);
  for (auto text : {"{", R"({"x":3})", R"({"x":"no uri"})"}) {
    json::object request{{"content", text}};
    EXPECT_EQ(post(kOwn + "/connections/import", json::dump(json::value(request))).status, 400);
  }
}

TEST_F(SecretFilesTest, WhatIsThereStaysUnlessItIsToBeReplaced) {
  import("variables", R"({"k":"old"})");
  auto status = [](const json::value& answer) {
    return answer.at("create").at("errors").at(0).at("status_code").as_int64();
  };
  EXPECT_EQ(status(import("variables", R"({"k":"new"})")), 409);
  import("variables", R"({"k":"new","l":{"a":[1]},"m":{"value":true,"description":"d"}})", "json",
         "skip");
  EXPECT_EQ(secrets.variables["k"].value, "old");
  EXPECT_EQ(secrets.variables["l"].value, R"({"a":[1]})");
  EXPECT_EQ(secrets.variables["m"].value, "true");
  EXPECT_EQ(secrets.variables["m"].description, "d");
  import("variables", R"({"k":"new"})", "json", "overwrite");
  EXPECT_EQ(secrets.variables["k"].value, "new");
}

TEST_F(SecretFilesTest, ExportsHoldNoSecretsAndComeBackWithoutLosingThem) {
  const std::string extra = R"({"api_token":"sesame","n":1})";
  import("connections",
         R"({"c":{"conn_type":"http","host":"h","login":"u","password":"pw12","extra":)" +
             json::dump(json::value(extra)) + "}}");
  import("variables", R"({"db_password":"pw34","n":{"value":5,"description":"d"}})");
  for (auto format : {"json", "yaml", "env"}) {
    std::string query = std::string("?format=") + format;
    std::string text = exported("connections", query) + exported("variables", query);
    for (auto secret : {"pw12", "sesame", "pw34"})
      EXPECT_EQ(text.find(secret), std::string::npos) << text;
    import("connections", exported("connections", query), format, "overwrite");
    EXPECT_EQ(secrets.connections["c"].password, "pw12") << format;
    EXPECT_EQ(secrets.connections["c"].extra, extra) << format;
  }
  EXPECT_EQ(exported("variables"), "{\"n\":{\"value\":5,\"description\":\"d\"}}\n");
  EXPECT_EQ(body(get(kOwn + "/variables/export")).at("masked").as_int64(), 1);
  secrets.connections.clear();
  import("connections", R"({"c":{"conn_type":"http","extra":"{\"api_token\":\"***\",\"n\":2}"}})");
  EXPECT_EQ(secrets.connections["c"].extra, R"({"n":2})") << "nothing is known to put there";
}

TEST_F(SecretFilesTest, NobodyExportsSecretsUnlessTheInstallationSaysSo) {
  const std::string path = kOwn + "/connections/export?secrets=true";
  import("connections", R"({"c":{"conn_type":"http","password":"pw12"}})");
  EXPECT_EQ(get(path).status, 403);
  EXPECT_NE(body(get(path)).at("hint").as_string().find("LEOFLOW_EXPORT_SECRETS"),
            std::string::npos);
  ApiPorts ports{*store, engine, clock, secrets, workspace, logs, host, deployments};
  api = std::make_unique<Api>(
      ports, ApiOptions{.jwt_secret = std::string(32, 'k'), .export_secrets = true});
  EXPECT_NE(get(path).body.find("pw12"), std::string::npos);
  EXPECT_EQ(exported("connections").find("pw12"), std::string::npos);
  EXPECT_EQ(raw(Method::get, path, "", {{"authorization", "Bearer " + token_of("Op")}}).status,
            403);
  std::string audit = get("/api/v2/eventLogs?event=export_connections").body;
  EXPECT_NE(audit.find("export_connections"), std::string::npos);
  EXPECT_EQ(audit.find("pw12"), std::string::npos);
}

TEST_F(SecretFilesTest, FilesAreNotInTheAuditLog) {
  import("connections", R"({"c":{"conn_type":"http","password":"pw12"}})");
  import("variables", R"({"k":"hidden"})");
  std::string rows = get("/api/v2/eventLogs").body;
  EXPECT_NE(rows.find("import_connections"), std::string::npos);
  EXPECT_NE(rows.find("import_variables"), std::string::npos);
  EXPECT_EQ(rows.find("pw12"), std::string::npos);
  EXPECT_EQ(rows.find("hidden"), std::string::npos);
}

}  // namespace
}  // namespace leoflow::api
