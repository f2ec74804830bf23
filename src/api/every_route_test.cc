// SPDX-License-Identifier: Apache-2.0
// Every route is asked once in a way that should succeed, and its answer checked against what the
// route declares. A route that nobody thought of here fails.
#include <map>
#include <set>

#include "api/fakes_test.h"

namespace leoflow::api {
namespace {

// What path parameters stand for. The fake installation has just these.
const std::map<std::string, std::string, std::less<>> kNames{
    {"dag_id", "etl"},       {"dag_run_id", "r1"},
    {"task_id", "load"},     {"map_index", "-1"},
    {"try_number", "2"},     {"task_try_number", "2"},
    {"version_number", "1"}, {"xcom_key", "return_value"},
    {"key", "cursor"},       {"pool_name", "spare"},
    {"connection_id", "c"},  {"variable_key", "k"},
    {"username", "bob"},     {"token_id", "1"},
    {"event_log_id", "1"},   {"import_error_id", "1"},
    {"section", "core"},     {"option", "parallelism"},
    {"hash", "0123abcd"},    {"group_id", "all"},
    {"asset_id", "1"},       {"asset_alias_id", "1"},
    {"backfill_id", "1"},    {"sha256", std::string(64, 'a')},
    {"deployment_id", "d1"},
};

// Bodies by shape; where there is none here, {} is sent.
const std::map<std::string, std::string, std::less<>> kBodies{
    {"LatestRunsBody", R"({"dag_ids":["etl"]})"},
    {"BackfillPostBody",
     R"({"dag_id":"etl","from_date":"2024-01-01T00:00:00Z","to_date":"2024-01-02T00:00:00Z"})"},
    {"BulkBody", R"({"actions":[]})"},
    {"BulkDAGRunClearBody", R"({"dag_runs":[{"dag_run_id":"r1"}]})"},
    {"ChangeTaskInstancesBody", R"({"action":"delete","task_instances":)"
                                R"([{"dag_id":"etl","dag_run_id":"r1","task_id":"load"}]})"},
    {"BulkRunsBody", R"({"action":"clear","runs":[{"dag_id":"etl","dag_run_id":"r1"}]})"},
    {"ConnectionBody", R"({"connection_id":"d","conn_type":"http"})"},
    {"CreateAssetEventsBody", R"({"asset_id":1})"},
    {"AssetStateStoreBody", R"({"value":1})"},
    {"ClearPartitionsBody", R"({"run_id":"r1"})"},
    {"ConnectionTestRequestBody", R"({"connection_id":"d","conn_type":"http"})"},
    {"TaskStateStoreBody", R"({"value":1})"},
    {"TaskStateStorePatchBody", R"({"value":1})"},
    {"DAGPatchBody", R"({"is_paused":true})"},
    {"DAGRunPatchBody", R"({"note":"n"})"},
    {"DeploymentBody", R"({"project":"etl","file":"dag.py","label":"v1","archive":")" +
                           std::string(64, 'a') + R"("})"},
    {"LoginBody", R"({"username":"admin","password":"adminpw"})"},
    {"OwnPasswordBody", R"({"current_password":"adminpw","password":"adminpw2"})"},
    {"PasswordBody", R"({"password":"longenough"})"},
    {"PatchTaskInstanceBody", R"({"new_state":"success"})"},
    {"PoolBody", R"({"name":"more","slots":3})"},
    {"PoolPatchBody", R"({"pool":"spare","slots":4,"include_deferred":false})"},
    {"SecretFileBody", R"({"content":"{}"})"},
    {"TokenBody", R"({"name":"t2"})"},
    {"TriggerDAGRunPostBody", R"({"logical_date":null})"},
    {"UpdateHITLDetailPayload", R"({"chosen_options":["a"]})"},
    {"UserBody", R"({"username":"cy","password":"longenough"})"},
    {"VariableBody", R"({"key":"l","value":"v"})"},
    {"XComCreateBody", R"({"key":"more","value":1})"},
    {"XComUpdateBody", R"({"value":2})"},
};

// Why a route that declares a success does not give it here.
const std::map<std::string, int, std::less<>> kElse{
    {"get_mapped_task_instances", 404},  // no task is mapped
    {"get_environment_log", 404},        // no environment was built
    {"test_connection", 403},            // not allowed unless the installation says so
    {"enqueue_connection_test", 403},    // the same
    {"get_config", 403},                 // as in Airflow
    {"get_config_value", 403},
    {"begin_oidc", 404},  // no issuer
    {"go_to_login", 307},
    {"go_to_logout", 307},
    {"create_backfill_dry_run", 422},  // no schedule
    {"put_upload", 415},               // bytes, not JSON
    {"activate_dag_version", 409},     // of a watched folder
    {"finish_oidc", 404},
};

// By operation, where the defaults do not do.
const std::map<std::string, std::string, std::less<>> kTargets{
    {"get_list_dag_runs_batch", "/api/v2/dags/~/dagRuns/list"},
    {"get_task_instances_batch", "/api/v2/dags/~/dagRuns/~/taskInstances/list"},
    {"list_backfills", "/api/v2/backfills?dag_id=etl"},
    {"put_upload", "/api/leoflow/v1/uploads/" + std::string(64, 'a') + "?bytes=3"},
    {"patch_dags", "/api/v2/dags?dag_id_pattern=~"},
    {"search_log", "/api/leoflow/v1/dags/etl/dagRuns/r1/taskInstances/load/logs/2/search?q=x"},
    {"search_run_logs", "/api/leoflow/v1/dags/etl/dagRuns/r1/logs/search?q=x"},
    {"wait_dag_run_until_finished", "/api/v2/dags/etl/dagRuns/r1/wait?interval=1"},
};

class EveryRoute : public ApiTest {
 protected:
  void fill() {
    logs.by_try[2] = "{\"event\":\"hello\"}\n";
    post("/api/v2/connections", R"({"connection_id":"c","conn_type":"http"})");
    post("/api/v2/variables", R"({"key":"k","value":"v"})");
    post("/api/v2/pools", R"({"name":"spare","slots":3})");
    post("/api/leoflow/v1/users", R"({"username":"bob","password":"longenough"})");
    EXPECT_TRUE(store->import_errors().put({.filename = "bad.py", .stack_trace = "no"}));
    Batch batch;
    batch.backfills_inserted.push_back({.id = 1, .dag_id = "etl", .dates = 1});
    EXPECT_TRUE(store->engine().commit(batch));
    add_assets();
    deployments.archive = "abc";
    deployments.deployment.id = "d1";
    token = std::string(body(get("/api/v2/dags/etl")).at("file_token").as_string());
    const json::value document = body(raw(Method::get, "/openapi.json"));
    for (const auto& path : document.at("paths").as_object()) {
      for (const auto& operation : path.value().as_object()) {
        std::set<int>& statuses =
            documented[std::string(operation.value().at("operationId").as_string())];
        for (const auto& response : operation.value().at("responses").as_object())
          statuses.insert(std::stoi(std::string(response.key())));
      }
    }
  }

  std::string target_of(const Route& route) {
    if (auto own = kTargets.find(route.operation); own != kTargets.end()) return own->second;
    std::string target;
    for (size_t i = 0; i < route.path.size(); ++i) {
      if (route.path[i] != '{') {
        target += route.path[i];
        continue;
      }
      size_t end = route.path.find('}', i);
      std::string name = route.path.substr(i + 1, end - i - 1);
      name = name.substr(0, name.find(':'));
      auto known = kNames.find(name);
      bool has_xcom = name == "task_id" && route.path.contains("{xcom_key");
      if (name == "file_token") {
        target += token;
      } else if (has_xcom) {
        target += "extract";
      } else if (known != kNames.end()) {
        target += known->second;
      } else {
        ADD_FAILURE() << route.operation << ": nothing is known to put for {" << name << "}";
      }
      i = end;
    }
    return target;
  }

  void ask(const Route& route) {
    std::string sent;
    if (!route.body.empty()) {
      auto own = kBodies.find(route.body);
      sent = own == kBodies.end() ? "{}" : own->second;
    }
    bool empty_post = sent.empty() && route.method != Method::get && route.method != Method::del;
    std::string target = target_of(route);
    Response response =
        call(route.method, target, sent, empty_post ? Headers{{"content-length", "0"}} : Headers{});
    EXPECT_TRUE(documented[route.operation].contains(response.status))
        << route.operation << " answers with the undocumented status " << response.status;
    auto success = std::ranges::find_if(route.answers, [](auto& one) { return one.status < 400; });
    auto known = kElse.find(route.operation);
    if (known != kElse.end()) {
      EXPECT_EQ(response.status, known->second) << route.operation << " " << response.body;
    } else if (success != route.answers.end()) {
      EXPECT_LT(response.status, 400) << route.operation << " " << target << response.body;
    } else {
      EXPECT_TRUE(response.status == 400 || response.status == 404) << route.operation;
    }
  }

  std::string token;
  std::map<std::string, std::set<int>> documented;  // by operation
};

// A body may name what is not there, on routes whose path names nothing.
TEST_F(EveryRoute, DeclaresThatWhatABodyNamesMayBeUnknown) {
  fill();
  const std::string backfill =
      R"({"dag_id":"nope","from_date":"2024-01-01T00:00:00Z","to_date":"2024-01-02T00:00:00Z"})";
  EXPECT_EQ(post("/api/v2/backfills", backfill).status, 404);
  EXPECT_EQ(post("/api/v2/backfills/dry_run", backfill).status, 404);
  for (const char* operation : {"create_backfill", "create_backfill_dry_run", "create_deployment"})
    EXPECT_TRUE(documented[operation].contains(404)) << operation;
}

TEST_F(EveryRoute, DeclaresWhatItAnswersToABodyThatIsNone) {
  fill();
  const std::string path = "/api/v2/pools";
  EXPECT_EQ(call(Method::post, path, "", {}).status, 411);
  EXPECT_EQ(call(Method::post, path, "a=b", {{"content-type", "text/plain"}}).status, 415);
  for (int status : {411, 415}) EXPECT_TRUE(documented["post_pool"].contains(status)) << status;
}

TEST_F(EveryRoute, AnswersAsItDeclares) {
  fill();
  // What ends things comes last, the credential at the very end.
  auto rank = [](const Route& route) {
    if (route.operation == "set_own_password" || route.operation == "revoke_api_token") return 4;
    if (route.operation == "delete_dag") return 3;
    if (route.operation == "delete_dag_run") return 2;
    return route.method == Method::del ? 1 : 0;
  };
  std::vector<const Route*> routes;
  for (const auto& route : api->router().routes()) routes.push_back(route.get());
  std::ranges::stable_sort(routes, {}, [&](const Route* route) { return rank(*route); });
  for (const Route* route : routes) ask(*route);
  std::set<std::string_view> operations;
  for (const Route* route : routes) operations.insert(route->operation);
  for (const auto& [operation, status] : kElse)
    EXPECT_TRUE(operations.contains(operation)) << operation << " is no route";
  for (const auto& [operation, target] : kTargets)
    EXPECT_TRUE(operations.contains(operation)) << operation << " is no route";
}

}  // namespace
}  // namespace leoflow::api
