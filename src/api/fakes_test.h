// SPDX-License-Identifier: Apache-2.0
// A server without a network for the tests of routes: in-memory SQLite, hand-written fakes for the
// rest.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/api.h"
#include "base/crypto.h"
#include "store/store.h"

namespace leoflow::api {

class FakeClock : public Clock {
 public:
  Time now() const override { return at; }
  Time at = from_micros(1'715'000'000'000'000);  // 2024-05-06T12:53:20Z
};

// Answers at once and remembers what it was asked.
class FakeEngine : public Engine {
 public:
  explicit FakeEngine(const Clock& clock) : clock(clock) {}

  void trigger(TriggerRequest request, Reply<DagRun> reply) override;
  void clear(ClearRequest request, Reply<std::vector<Touched>> reply) override;
  void mark_task(MarkTaskRequest request, Reply<std::vector<Touched>> reply) override;
  void mark_run(MarkRunRequest request, Reply<DagRun> reply) override;
  void delete_run(std::string dag_id, std::string run_id, Reply<bool> reply) override;
  void delete_task(TaskInstanceName name, Reply<bool> reply) override;
  void backfill(BackfillRequest request, Reply<Backfill> reply) override;
  void move_backfill(std::string dag_id, int64_t id, BackfillMove move,
                     Reply<Backfill> reply) override;
  void set_paused(std::string dag_id, bool paused, Reply<bool> reply) override;
  void create_asset_event(AssetEventRequest request, Reply<AssetEvent> reply) override;
  void forget_queued_assets(QueuedAssets which, Reply<int64_t> reply) override;
  void dag_changed(std::string dag_id) override { dags_changed.push_back(std::move(dag_id)); }
  void pools_changed() override { ++pool_changes; }
  void import_errors_changed() override {}
  void reasons(std::string dag_id, std::string run_id, Reply<std::vector<Reason>> reply) override;
  std::shared_ptr<void> subscribe(Listener listener) override;
  std::optional<std::vector<Change>> changes_since(uint64_t sequence) const override;
  EngineStats stats() const override {
    return {.runs_active = 2, .started_at = clock.now(), .heartbeat = clock.now()};
  }

  // Tells the listeners.
  void tell(const std::vector<Change>& changes);

  const Clock& clock;
  std::optional<Error> refusal;  // given to every request if set
  std::vector<TriggerRequest> triggered;
  std::vector<ClearRequest> cleared;
  std::vector<BackfillRequest> backfilled;
  std::vector<BackfillMove> backfill_moves;
  std::vector<MarkTaskRequest> marked_tasks;
  std::vector<MarkRunRequest> marked_runs;
  std::vector<TaskInstanceName> deleted_tasks;
  std::vector<AssetEventRequest> asset_events;
  std::vector<QueuedAssets> forgotten_assets;
  std::vector<std::string> dags_changed;
  std::map<std::string, bool> paused;
  int pool_changes = 0;
  std::vector<Touched> touched;  // answer to clear and mark_task
  std::vector<Reason> reason_list;
  DagRun run;                                  // answer to mark_run
  std::optional<std::vector<Change>> history;  // answer to changes_since
  std::map<int, Listener> listeners;
  int next_listener = 0;
};

class FakeSecrets : public SecretsPort {
 public:
  Result<PageOf<Connection>> list_connections(const TextPattern& pattern,
                                              const leoflow::Page& page) override;
  Result<std::optional<Connection>> get_connection(const std::string& conn_id) override;
  Status put_connection(const Connection& connection, bool overwrite) override;
  Result<bool> remove_connection(const std::string& conn_id) override {
    return connections.erase(conn_id) > 0;
  }
  Result<PageOf<Variable>> list_variables(const TextPattern& pattern,
                                          const leoflow::Page& page) override;
  Result<std::optional<Variable>> get_variable(const std::string& key) override;
  Status put_variable(const Variable& variable, bool overwrite) override;
  Result<bool> remove_variable(const std::string& key) override { return variables.erase(key) > 0; }

  std::map<std::string, Connection> connections;
  std::map<std::string, Variable> variables;
};

class FakeWorkspace : public WorkspacePort {
 public:
  WorkspaceState workspace() override {
    return {.path = "/ws", .watching = true, .projects = 1, .problems = problems};
  }
  std::vector<EnvironmentState> environments() override {
    return {
        {.hash = "abc", .python_version = "3.11", .dependencies = {"duckdb"}, .state = "ready"}};
  }
  Result<std::string> build_log(const std::string& hash) override {
    if (hash != "abc") return fail(Code::not_found, "no log");
    return std::string("installed duckdb\n");
  }
  std::vector<DoctorCheck> doctor() override { return {{"python", "ok", "3.11.2", ""}}; }
  Status reparse(const std::string& path) override {
    reparsed.push_back(path);
    return {};
  }
  std::vector<std::string> reparsed, problems;
};

class FakeHost : public HostPort {
 public:
  DiskState disk() override { return {"/home", uint64_t(5) << 30, uint64_t(9) << 30, false}; }
  std::vector<AgentState> agents() override {
    return {{"a1", "local", "host", "9.9.9", 42, from_micros(0)}};
  }
  std::vector<ExecutorState> executors() override { return {{"local", 32, true}}; }
  ServerProcess process() override { return {"host", "leo"}; }
  std::vector<ConfigValue> configuration() override {
    return {{"core", "parallelism", "32", "tasks at once"},
            {"api", "admin_password", "hunter2", "", true}};
  }
};

// Keeps what it is given.
class FakeDeployments : public DeployPort {
 public:
  Result<UploadState> append(const std::string& sha256, uint64_t bytes, uint64_t offset,
                             std::string_view part) override {
    if (offset != archive.size()) return fail(Code::conflict, "another part comes next");
    archive += part;
    return UploadState{sha256, bytes, archive.size(), archive.size() == bytes};
  }
  Result<UploadState> upload(const std::string& sha256) override {
    if (archive.empty()) return fail(Code::not_found, "nothing of it");
    return UploadState{sha256, archive.size(), archive.size(), true};
  }
  Result<std::string> begin(DeploymentRequest request) override {
    deployment = {.id = "d1", .request = std::move(request)};
    return deployment.id;
  }
  std::optional<Deployment> find(const std::string& id) override {
    return id == deployment.id ? std::optional(deployment) : std::nullopt;
  }
  std::string archive;
  Deployment deployment;
};

class FakeLogs : public LogPort {
 public:
  Result<std::unique_ptr<LogReader>> open(const LogName& name) override;
  std::shared_ptr<void> watch(const LogName&, std::function<void()> grown) override {
    wake = std::move(grown);
    return std::make_shared<int>(0);
  }
  bool complete(const LogName&) override { return all_there; }
  std::map<int, std::string> by_try;
  std::function<void()> wake;
  bool all_there = true;
};

// One DAG "etl" (extract -> load) in version 1, with a run "r1" whose extract succeeded and load
// failed.
class ApiTest : public testing::Test {
 protected:
  ApiTest();

  // A call as the administrator.
  Response call(Method method, const std::string& target, const std::string& body = {},
                Headers headers = {});
  // The same without credentials.
  Response raw(Method method, const std::string& target, const std::string& body = {},
               Headers headers = {});
  Response get(const std::string& target) { return call(Method::get, target); }
  Response post(const std::string& target, const std::string& body) {
    return call(Method::post, target, body);
  }
  Response patch(const std::string& target, const std::string& body) {
    return call(Method::patch, target, body);
  }
  // Parsed body; null when it is not JSON.
  static json::value body(const Response& response);
  // A bearer token of a new user with a role.
  std::string token_of(const std::string& role);
  // The DAG maker waits for orders and prices, and its task makes orders (asset 1). An event of it
  // is there, which run r1 consumed, and etl has it queued.
  void add_assets();
  static std::string drain(StreamSource& stream);
  // Every answer of a route fits what the route declares for its status; checked of all that tests
  // ask.
  void check_answer(const Request& request, const Response& response) const;

  FakeClock clock;
  FakeEngine engine{clock};
  FakeSecrets secrets;
  FakeWorkspace workspace;
  FakeLogs logs;
  FakeHost host;
  FakeDeployments deployments;
  std::unique_ptr<Store> store;
  std::unique_ptr<Api> api;
  std::string admin_token;
  DagRun run;
  TaskInstance extract, load;
  bool secure = false;  // whether calls come by https

 private:
  void add_dag();
  void make_run();
  void add_run();
};

}  // namespace leoflow::api
