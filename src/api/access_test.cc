// SPDX-License-Identifier: Apache-2.0
// Walks every route with every role, on the caller's own and on a foreign DAG, and compares with
// the table; then what lists, streams and bulk changes show of foreign DAGs.
#include <set>

#include "api/access.h"
#include "api/caller.h"
#include "api/fakes_test.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

constexpr Role kRoles[] = {Role::viewer, Role::user, Role::op, Role::admin};

class AccessTest : public ApiTest {
 protected:
  AccessTest() {
    own_version = **store->dags().get_version(run.version);
    own_dag = **store->dags().get_dag("etl");
    register_dag("other", R"(["theirs"])");
  }

  void register_dag(const std::string& dag_id, const std::string& tags) {
    DagVersion version = own_version;
    version.dag_id = dag_id;
    json::value document = *json::parse(own_version.dag_json);
    document.as_object()["dag_id"] = dag_id;
    document.as_object()["tags"] = *json::parse(tags);
    version.dag_json = json::dump(document);
    Dag dag = own_dag;
    dag.dag_id = dag_id;
    dag.fileloc = "/ws/" + dag_id + ".py";
    dag.relative_fileloc = dag_id + ".py";
    auto registered = store->dags().register_version(version, dag, {.paused = false});
    ASSERT_TRUE(registered.has_value()) << registered.error().text();
    DagRun copy = run;
    copy.key = {++keys};
    copy.dag_id = dag_id;
    copy.version = registered->version.id;
    TaskInstance task = extract;
    task.key = {keys * 10};
    task.run = copy.key;
    Batch batch;
    batch.runs_inserted = {copy};
    batch.task_instances_inserted = {task};
    batch.events = {{.when = clock.at, .event = "failed", .dag_id = dag_id}};
    ASSERT_TRUE(store->engine().commit(batch).has_value());
  }

  // A caller with a global role and grants.
  Headers caller(Role role, const std::string& grants, const std::string& scope = "full") {
    std::string name = "u" + std::to_string(++keys);
    EXPECT_TRUE(store->users()
                    .put_user({.username = name,
                               .password_hash = "x",
                               .role = std::string(to_string(role)),
                               .grants = grants})
                    .has_value());
    auto token = create_api_token(
        store->users(), {.name = "t", .username = name, .created_at = clock.at, .scope = scope});
    return {{"authorization", "Bearer " + token->value}};
  }

  Headers limited(Role role) {
    std::string name(to_string(role));
    return caller(role,
                  role == Role::admin ? "[]" : R"([{"role":")" + name + R"(","dags":"etl"}])");
  }

  // Puts back what an allowed call deleted.
  void restore() {
    if (*store->dags().get_dag("etl")) return;
    ASSERT_TRUE(
        store->dags().register_version(own_version, own_dag, {.paused = false}).has_value());
  }

  int64_t total(const std::string& target, const Headers& headers) {
    Response response = raw(Method::get, target, "", headers);
    EXPECT_EQ(response.status, 200) << target << " " << response.body;
    return json::int_or(body(response).as_object(), "total_entries", -1);
  }

  DagVersion own_version;
  Dag own_dag;
  int64_t keys = 100;
};

// A path of a route, every parameter filled in.
std::string path_of(const Route& route, const std::string& dag_id) {
  std::string path;
  for (size_t i = 0; i < route.path.size(); ++i) {
    if (route.path[i] != '{') {
      path += route.path[i];
      continue;
    }
    size_t end = route.path.find('}', i);
    std::string name = route.path.substr(i + 1, end - i - 1);
    if (name == "dag_id")
      path += dag_id;
    else if (name == "dag_run_id")
      path += "r1";
    else if (name == "task_id")
      path += "extract";
    else
      path += name.ends_with(":int") ? "999999" : "x";
    i = end;
  }
  return path;
}

bool refused_by_role(const Response& response, const json::value& body) {
  if (response.status != 403 || !body.is_object()) return false;
  std::string hint = json::string_or(body.get_object(), "hint");
  return hint.starts_with("this needs the role") || hint.find("access table") != std::string::npos;
}

TEST(Access, EveryRouteIsInTheTableAndEveryLineIsARoute) {
  Router router;
  add_all_routes(router);
  std::set<std::string_view> operations, lines;
  for (const auto& route : router.routes()) {
    operations.insert(route->operation);
    EXPECT_NE(route->permission, Permission::nobody)
        << route->operation << " needs a line in src/api/access.h";
  }
  for (const AccessRule& rule : kAccessMatrix) {
    EXPECT_TRUE(lines.insert(rule.operation).second) << rule.operation << " is there twice";
    EXPECT_TRUE(operations.contains(rule.operation)) << rule.operation << " is no route";
    bool open = rule.permission == Permission::anyone;
    EXPECT_EQ(role_needed(rule.permission) == Role::none, open);
  }
  static_assert(permission_of("unheard_of") == Permission::nobody);
}

TEST_F(AccessTest, NobodyGetsInWithoutCredentials) {
  for (const auto& route : api->router().routes()) {
    if (route->permission == Permission::anyone) continue;
    EXPECT_EQ(raw(route->method, path_of(*route, "etl")).status, 401) << route->operation;
  }
}

TEST_F(AccessTest, EachRoleMayCallWhatTheTableSays) {
  for (Role role : kRoles) {
    Headers headers = limited(role);
    for (const auto& route : api->router().routes()) {
      restore();
      Response response = raw(route->method, path_of(*route, "etl"), "", headers);
      json::value answer = body(response);
      bool allowed = role >= role_needed(route->permission);
      EXPECT_EQ(refused_by_role(response, answer), !allowed)
          << to_string(role) << " " << route->operation << " " << response.status << " "
          << response.body;
      EXPECT_NE(response.status, 401) << route->operation;
    }
  }
}

TEST_F(AccessTest, ForeignDagsAreNotThere) {
  for (Role role : kRoles) {
    Headers headers = limited(role);
    for (const auto& route : api->router().routes()) {
      if (!about_dags(route->permission) || route->path.find("{dag_id}") == std::string::npos)
        continue;
      // What Admin deletes must not be missing for the next route.
      if (role == Role::admin && route->method == Method::del) continue;
      Response response = raw(route->method, path_of(*route, "other"), "", headers);
      bool missing =
          response.body.find("The Dag with ID: `other` was not found") != std::string::npos;
      EXPECT_EQ(missing, role != Role::admin)
          << to_string(role) << " " << route->operation << " " << response.body;
      EXPECT_EQ(missing, missing && response.status == 404) << route->operation;
    }
  }
}

TEST_F(AccessTest, WritesOnDagsThatMayOnlyBeReadAreForbidden) {
  Headers headers =
      caller(Role::viewer, R"([{"role":"User","dags":"etl"},{"role":"Viewer","tag":"theirs"}])");
  const std::string paused = R"({"is_paused":true})";
  EXPECT_EQ(raw(Method::get, "/api/v2/dags/other", "", headers).status, 200);
  EXPECT_EQ(raw(Method::patch, "/api/v2/dags/other", paused, headers).status, 403);
  EXPECT_EQ(raw(Method::patch, "/api/v2/dags/etl", paused, headers).status, 200);
  EXPECT_EQ(raw(Method::get, "/api/v2/connections", "", headers).status, 403);
}

TEST_F(AccessTest, RunsAreClearedTogetherWhereAllMayBeCleared) {
  Headers headers =
      caller(Role::viewer, R"([{"role":"User","dags":"etl"},{"role":"Viewer","tag":"theirs"}])");
  auto clear = [&](const std::string& more) {
    return raw(Method::post, "/api/v2/dags/~/clearDagRuns",
               R"({"dry_run":false,"dag_runs":[{"dag_id":"etl","dag_run_id":"r1"})" + more + "]}",
               headers);
  };
  EXPECT_EQ(clear(R"(,{"dag_id":"other","dag_run_id":"r1"})").status, 403);
  EXPECT_TRUE(engine.cleared.empty());
  EXPECT_EQ(clear("").status, 200);
  EXPECT_EQ(engine.cleared.size(), 1u);
}

TEST_F(AccessTest, ListsShowOnlyReadableDags) {
  Headers mine = limited(Role::viewer), all = caller(Role::viewer, "[]");
  Headers none = caller(Role::viewer, R"([{"role":"Viewer","dags":"nothing"}])");
  ASSERT_TRUE(store->import_errors()
                  .put({.timestamp = clock.at, .filename = "other.py", .stack_trace = "x"})
                  .has_value());
  for (std::string target : {"/api/v2/dags", "/api/v2/dags/~/dagRuns", "/api/v2/dagStats",
                             "/api/v2/dags/~/dagRuns/~/taskInstances", "/api/v2/importErrors",
                             "/api/v2/eventLogs", "/api/v2/dags/~/dagVersions"}) {
    int64_t everything = total(target, all);
    EXPECT_LT(total(target, mine), everything) << target;
    EXPECT_EQ(total(target, none), 0) << target;
    EXPECT_EQ(raw(Method::get, target, "", mine).body.find("\"other\""), std::string::npos)
        << target;
  }
  EXPECT_EQ(total("/api/leoflow/v1/staging", mine), 1);
  EXPECT_EQ(total("/api/leoflow/v1/staging", none), 0);
  EXPECT_EQ(total("/api/v2/dagTags", none), 0);
  EXPECT_EQ(total("/api/v2/dags/~/dagRuns/~/taskInstances/~/xcomEntries", none), 0);
  EXPECT_EQ(total("/api/v2/dagStats?dag_ids=other", mine), 0);
}

TEST_F(AccessTest, BodiesDoNotReachForeignDags) {
  Headers mine = limited(Role::user);
  Response runs =
      raw(Method::post, "/api/v2/dags/~/dagRuns/list", R"({"dag_ids":["other"]})", mine);
  EXPECT_EQ(body(runs).at("total_entries").as_int64(), 0);
  Response latest =
      raw(Method::post, "/api/leoflow/v1/dagRuns/latest", R"({"dag_ids":["etl","other"]})", mine);
  json::value shown = body(latest);
  EXPECT_FALSE(shown.at("dag_runs").as_array().empty());
  for (const json::value& run : shown.at("dag_runs").as_array())
    EXPECT_EQ(run.at("dag_id").as_string(), "etl");
  Response tasks = raw(Method::post, "/api/v2/dags/~/dagRuns/~/taskInstances/list", "{}", mine);
  EXPECT_EQ(body(tasks).at("total_entries").as_int64(), 2);
  Response paused =
      raw(Method::patch, "/api/v2/dags?dag_id_pattern=~", R"({"is_paused":true})", mine);
  EXPECT_EQ(paused.status, 200) << paused.body;
  EXPECT_EQ(engine.paused.size(), 1u);
  EXPECT_TRUE(engine.paused.contains("etl"));
}

TEST_F(AccessTest, ReparseNeedsTheDagsOfTheFile) {
  std::string token(body(get("/api/v2/dags/other")).at("file_token").as_string());
  const std::string target = "/api/v2/parseDagFile/" + token;
  EXPECT_EQ(raw(Method::put, target, "", limited(Role::op)).status, 404);
  EXPECT_TRUE(workspace.reparsed.empty());
  EXPECT_EQ(raw(Method::put, target, "", caller(Role::user, "[]")).status, 201);
}

TEST_F(AccessTest, TheEventStreamTellsOnlyOfReadableDags) {
  Headers mine = caller(Role::viewer, R"([{"role":"Viewer","tag":"nightly"}])");
  engine.history = std::vector<Change>{{.sequence = 1, .dag_id = "other", .state = "success"},
                                       {.sequence = 2, .dag_id = "etl", .state = "success"}};
  Response response = raw(Method::get, "/api/leoflow/v1/events?last_event_id=0", "", mine);
  ASSERT_NE(response.stream, nullptr);
  response.stream->start([] {});
  std::string text = drain(*response.stream);
  EXPECT_EQ(text.find("other"), std::string::npos);
  EXPECT_NE(text.find("etl"), std::string::npos);
  engine.tell({{.sequence = 3, .dag_id = "other"}, {.sequence = 4, .dag_id = "etl"}});
  text = drain(*response.stream);
  EXPECT_EQ(text.find("other"), std::string::npos);
  EXPECT_NE(text.find("id: 4"), std::string::npos);
}

TEST_F(AccessTest, StreamsEndWithTheirCredential) {
  auto token = create_api_token(store->users(), "t", "admin", clock.at, std::nullopt);
  Headers headers{{"authorization", "Bearer " + token->value}};
  Response response = raw(Method::get, "/api/leoflow/v1/events", "", headers);
  response.stream->start([] {});
  std::string text;
  EXPECT_EQ(response.stream->pull(text), StreamSource::Next::wait);
  ASSERT_TRUE(store->users().revoke_token(token->token.id, clock.at).has_value());
  clock.at += kStreamCheckInterval;
  EXPECT_EQ(response.stream->pull(text), StreamSource::Next::end);
  EXPECT_LE(response.stream->interval(), kStreamCheckInterval);
}

TEST_F(AccessTest, AuditRowsWithoutADagAreForAdministrators) {
  ASSERT_TRUE(store->event_log().add({.when = clock.at, .event = "login"}).has_value());
  auto logs = body(get("/api/v2/eventLogs?event=login"));
  EXPECT_EQ(logs.at("total_entries").as_int64(), 1);
  std::string id = std::to_string(logs.at("event_logs").at(0).at("event_log_id").as_int64());
  Headers op = caller(Role::op, "[]");
  EXPECT_EQ(total("/api/v2/eventLogs?event=login", op), 0);
  EXPECT_EQ(raw(Method::get, "/api/v2/eventLogs/" + id, "", op).status, 404);
  EXPECT_EQ(get("/api/v2/eventLogs/" + id).status, 200);
}

TEST_F(AccessTest, TokensOfANarrowScopeMayLess) {
  Headers read = caller(Role::op, "[]", "read"), runs = caller(Role::op, "[]", "run");
  const std::string paused = R"({"is_paused":true})";
  EXPECT_EQ(raw(Method::get, "/api/v2/dags", "", read).status, 200);
  EXPECT_EQ(raw(Method::patch, "/api/v2/dags/etl", paused, read).status, 403);
  EXPECT_EQ(raw(Method::patch, "/api/v2/dags/etl", paused, runs).status, 200);
  EXPECT_EQ(raw(Method::get, "/api/v2/variables", "", runs).status, 403);
  const std::string tokens = "/api/leoflow/v1/tokens";
  EXPECT_EQ(raw(Method::post, tokens, R"({"name":"wider"})", runs).status, 403);
  EXPECT_EQ(raw(Method::del, tokens + "/1", "", read).status, 403);
}

}  // namespace
}  // namespace leoflow::api
