// SPDX-License-Identifier: Apache-2.0
#include "api/fakes_test.h"

#include <algorithm>

#include "api/url.h"
#include "model/json_schema.h"

namespace leoflow::api {
namespace {

// Stands for a LogReader over text.
class TextReader : public LogReader {
 public:
  explicit TextReader(const std::string& text) : text_(text) {}
  Result<std::string> read(uint64_t offset, size_t bytes_max) override {
    return offset >= text_.size() ? std::string() : text_.substr(offset, bytes_max);
  }
  Result<uint64_t> size() override { return text_.size(); }
  std::string source() const override { return "log.txt"; }

 private:
  const std::string& text_;
};

template <typename T, typename Answer>
void answer(const std::optional<Error>& refusal, Reply<T>& reply, Answer&& value) {
  if (refusal) {
    reply(std::unexpected(*refusal));
  } else {
    reply(std::forward<Answer>(value));
  }
}

}  // namespace

void FakeEngine::trigger(TriggerRequest request, Reply<DagRun> reply) {
  DagRun made{.dag_id = request.dag_id,
              .run_id = request.run_id.empty() ? "manual__x" : request.run_id,
              .version = run.version,
              .logical_date = request.logical_date,
              .run_after = clock.now(),
              .queued_at = clock.now(),
              .triggered_by = request.triggered_by,
              .triggering_user = request.user,
              .conf = json::dump(json::value(request.conf)),
              .note = request.note};
  triggered.push_back(std::move(request));
  answer(refusal, reply, std::move(made));
}

void FakeEngine::clear(ClearRequest request, Reply<std::vector<Touched>> reply) {
  cleared.push_back(std::move(request));
  answer(refusal, reply, touched);
}

void FakeEngine::mark_task(MarkTaskRequest request, Reply<std::vector<Touched>> reply) {
  marked_tasks.push_back(std::move(request));
  answer(refusal, reply, touched);
}

void FakeEngine::mark_run(MarkRunRequest request, Reply<DagRun> reply) {
  marked_runs.push_back(std::move(request));
  answer(refusal, reply, run);
}

void FakeEngine::delete_run(std::string, std::string, Reply<bool> reply) {
  answer(refusal, reply, true);
}

void FakeEngine::delete_task(TaskInstanceName name, Reply<bool> reply) {
  deleted_tasks.push_back(std::move(name));
  answer(refusal, reply, true);
}

void FakeEngine::create_asset_event(AssetEventRequest request, Reply<AssetEvent> reply) {
  AssetEvent event{
      .id = 1, .asset = request.asset, .at = clock.now(), .extra = json::dump(request.extra)};
  asset_events.push_back(std::move(request));
  answer(refusal, reply, std::move(event));
}

void FakeEngine::forget_queued_assets(QueuedAssets which, Reply<int64_t> reply) {
  forgotten_assets.push_back(std::move(which));
  answer(refusal, reply, int64_t(1));
}

void FakeEngine::backfill(BackfillRequest request, Reply<Backfill> reply) {
  backfilled.push_back(request);
  Backfill made{.id = 7,
                .dag_id = request.dag_id,
                .from_date = request.from_date,
                .to_date = request.to_date,
                .conf = json::dump(request.conf),
                .reprocess = request.reprocess,
                .max_active_runs = request.max_active_runs};
  answer(refusal, reply, made);
}

void FakeEngine::move_backfill(std::string dag_id, int64_t id, BackfillMove move,
                               Reply<Backfill> reply) {
  backfill_moves.push_back(move);
  answer(refusal, reply, Backfill{.id = id, .dag_id = std::move(dag_id), .is_paused = true});
}

void FakeEngine::set_paused(std::string dag_id, bool value, Reply<bool> reply) {
  paused[dag_id] = value;
  answer(refusal, reply, true);
}

void FakeEngine::reasons(std::string, std::string, Reply<std::vector<Reason>> reply) {
  answer(refusal, reply, reason_list);
}

std::shared_ptr<void> FakeEngine::subscribe(Listener listener) {
  int id = next_listener++;
  listeners[id] = std::move(listener);
  return std::shared_ptr<void>(nullptr, [this, id](void*) { listeners.erase(id); });
}

std::optional<std::vector<Change>> FakeEngine::changes_since(uint64_t sequence) const {
  if (!history) return std::nullopt;
  std::vector<Change> later;
  for (const Change& change : *history) {
    if (change.sequence > sequence) later.push_back(change);
  }
  return later;
}

void FakeEngine::tell(const std::vector<Change>& changes) {
  for (auto& [id, listener] : listeners) listener(changes);
}

Result<PageOf<Connection>> FakeSecrets::list_connections(const TextPattern&, const leoflow::Page&) {
  PageOf<Connection> page;
  for (const auto& [id, connection] : connections) page.rows.push_back(connection);
  page.total = int64_t(page.rows.size());
  return page;
}

Result<std::optional<Connection>> FakeSecrets::get_connection(const std::string& conn_id) {
  auto found = connections.find(conn_id);
  return found == connections.end() ? std::optional<Connection>() : found->second;
}

Status FakeSecrets::put_connection(const Connection& connection, bool overwrite) {
  if (!overwrite && connections.contains(connection.conn_id))
    return fail(Code::exists, "it exists");
  connections[connection.conn_id] = connection;
  return {};
}

Result<PageOf<Variable>> FakeSecrets::list_variables(const TextPattern&, const leoflow::Page&) {
  PageOf<Variable> page;
  for (const auto& [key, variable] : variables) page.rows.push_back(variable);
  page.total = int64_t(page.rows.size());
  return page;
}

Result<std::optional<Variable>> FakeSecrets::get_variable(const std::string& key) {
  auto found = variables.find(key);
  return found == variables.end() ? std::optional<Variable>() : found->second;
}

Status FakeSecrets::put_variable(const Variable& variable, bool overwrite) {
  if (!overwrite && variables.contains(variable.key)) return fail(Code::exists, "it exists");
  variables[variable.key] = variable;
  return {};
}

Result<std::unique_ptr<LogReader>> FakeLogs::open(const LogName& name) {
  auto found = by_try.find(name.try_number);
  if (found == by_try.end()) return fail(Code::not_found, "no log");
  return std::make_unique<TextReader>(found->second);
}

ApiTest::ApiTest() {
  crypto_init();
  store = std::move(*open_sqlite_store({.synchronous_full = false}));
  add_dag();
  add_run();
  ApiPorts ports{*store, engine, clock, secrets, workspace, logs, host, deployments};
  api = std::make_unique<Api>(ports,
                              ApiOptions{.version = "9.9.9", .jwt_secret = std::string(32, 'k')});
  User admin{.username = "admin", .password_hash = hash_password("adminpw"), .role = "Admin"};
  EXPECT_TRUE(store->users().put_user(admin).has_value());
  admin_token = create_api_token(store->users(), "t", "admin", clock.at, std::nullopt)->value;
}

void ApiTest::add_dag() {
  DagSpec spec;
  spec.dag_id = "etl";
  spec.display_name = "etl";
  spec.relative_fileloc = "dag.py";
  spec.tags = {"demo", "nightly"};
  spec.owners = {"ann"};
  spec.doc_md = "# etl";
  spec.params["n"] = {.value = json::value(1),
                      .schema = json::object{{"type", "integer"}, {"maximum", 3}}};
  TaskSpec first, second;
  first.task_id = first.display_name = "extract";
  first.operator_name = "BashOperator";
  first.downstream = {"load"};
  second.task_id = second.display_name = "load";
  second.operator_name = "BashOperator";
  second.pool = "nowhere";
  first.task_groups = {"all", "all.first"};
  second.task_groups = {"all"};
  spec.tasks = {first, second};
  auto finished = spec.finish();
  EXPECT_TRUE(finished.has_value());
  DagVersion version{.dag_id = "etl",
                     .label = "dev-1",
                     .content_hash = "h1",
                     .bundle_path = "/b",
                     .dag_json = dump_dag_spec(spec),
                     .source = "print('etl')\n",
                     .created_at = clock.at};
  Dag dag{.dag_id = "etl",
          .fileloc = "/ws/etl/dag.py",
          .relative_fileloc = "etl/dag.py",
          .last_parsed_time = clock.at};
  auto registered = store->dags().register_version(version, dag, {.paused = false});
  EXPECT_TRUE(registered.has_value()) << (registered ? "" : registered.error().text());
  engine.run.version = registered->version.id;
}

void ApiTest::add_assets() {
  DagSpec spec{.dag_id = "maker", .display_name = "Maker", .relative_fileloc = "dag.py"};
  const AssetExpression orders{.key = {"orders", "s3://b/orders"}}, prices{.key = {"prices", "p"}};
  spec.assets = {{.key = orders.key, .extra = {{"team", "a"}}}, {.key = prices.key}};
  spec.asset_aliases = {{.name = "files"}};
  spec.schedule.kind = ScheduleSpec::Kind::assets;
  spec.schedule.summary = "Asset";
  spec.schedule.assets =
      AssetExpression{.kind = AssetExpression::Kind::all, .parts = {orders, prices}};
  TaskSpec make{.task_id = "make", .inlets = {prices}, .outlets = {orders}};
  spec.tasks = {make};
  EXPECT_TRUE(spec.finish());
  std::string text = dump_dag_spec(spec);
  DagVersion version{.dag_id = "maker", .content_hash = "h", .dag_json = text};
  Dag dag{.dag_id = "maker", .fileloc = "/ws/maker.py", .last_parsed_time = clock.at};
  EXPECT_TRUE(store->dags().register_version(version, dag, {.paused = false}));
  Batch batch;
  batch.assets.told = {{{.key = orders.key}, {"files"}, clock.at}};
  batch.assets.events = {{{.id = 1,
                           .asset = orders.key,
                           .at = clock.at,
                           .extra = R"({"rows":3})",
                           .dag_id = "etl",
                           .task_id = "load",
                           .run_id = "r1"},
                          {"files"}}};
  batch.assets.queue = {{"etl", orders.key, clock.at}};
  batch.assets.consumed = {{RunKey{1}, "maker", 1}};
  EXPECT_TRUE(store->engine().commit(batch));
}

void ApiTest::make_run() {
  run = {.key = {1},
         .dag_id = "etl",
         .run_id = "r1",
         .version = engine.run.version,
         .state = RunState::failed,
         .run_after = clock.at,
         .queued_at = clock.at,
         .start_date = clock.at,
         .end_date = clock.at + std::chrono::milliseconds(1500),
         .triggered_by = "rest_api",
         .triggering_user = "admin",
         .version_stamp = 1};
  extract = {.key = {1},
             .run = {1},
             .task_id = "extract",
             .state = TaskState::success,
             .try_number = 1,
             .start_date = clock.at,
             .end_date = clock.at,
             .operator_name = "BashOperator",
             .version_stamp = 1};
  load = extract;
  load.key = {2};
  load.task_id = "load";
  load.state = TaskState::failed;
  load.try_number = 2;
  load.attempt = {3};
}

void ApiTest::add_run() {
  make_run();
  TaskTry lost{.task_instance = {2},
               .try_number = 1,
               .state = TaskState::failed,
               .attempt = {2},
               .version = run.version};
  Attempt attempt{.id = {3},
                  .run = {1},
                  .task_instance = {2},
                  .task_id = "load",
                  .try_number = 2,
                  .state = AttemptState::settled,
                  .version = run.version,
                  .pid = 77,
                  .hostname = "host",
                  .created_at = clock.at,
                  .outcome = "failed",
                  .reason = "exit code 3"};
  StagingVolume volume{.id = 1,
                       .run = {1},
                       .dag_id = "etl",
                       .run_id = "r1",
                       .name = "etl-r1",
                       .size_bytes = 1024,
                       .state = "deleted",
                       .created_at = clock.at,
                       .deleted_at = clock.at,
                       .delete_reason = "ttl_expired"};
  Batch batch;
  batch.runs_inserted = {run};
  batch.task_instances_inserted = {extract, load};
  batch.tries = {lost};
  batch.attempts_inserted = {attempt};
  batch.staging_inserted = {volume};
  batch.xcoms = {{.run = {1},
                  .task_id = "extract",
                  .key = "return_value",
                  .value = "[1,2]",
                  .size_bytes = 5,
                  .timestamp = clock.at}};
  auto status = store->engine().commit(batch);
  EXPECT_TRUE(status.has_value()) << (status ? "" : status.error().text());
  engine.run = run;
  engine.touched = {{run, load}};
}

Response ApiTest::raw(Method method, const std::string& target, const std::string& body,
                      Headers headers) {
  Request request{.method = method,
                  .target = target,
                  .headers = std::move(headers),
                  .body = body,
                  .peer = "127.0.0.1"};
  if (!body.empty()) {
    request.headers.emplace_back("content-type", "application/json");
    request.headers.emplace_back("content-length", std::to_string(body.size()));
  }
  request.host = request.header("host");
  request.secure = secure;
  Response response = api->handle(request);
  check_answer(request, response);
  return response;
}

void ApiTest::check_answer(const Request& request, const Response& response) const {
  auto url = parse_url(request.target);
  if (!url || response.status == 304 || request.method == Method::head) return;
  const Router& router = api->router();
  const Route* route = router.find(request.method, url->segments).route;
  if (!route) return;
  std::string shape = response.status == 422 ? "HTTPValidationError" : "HTTPExceptionResponse";
  if (response.status < 400) {
    auto declared = std::ranges::find(route->answers, response.status, &Answer::status);
    ASSERT_NE(declared, route->answers.end())
        << route->operation << " does not declare " << response.status;
    shape = declared->shape;
    if (!response.content_type.starts_with("application/json")) shape.clear();
  }
  if (shape.empty() || response.stream) return;
  for (const auto& one :
       check_json_schema(body(response), router.shape_of(shape), router.shapes())) {
    ADD_FAILURE() << route->operation << " " << response.status << ": " << path_text(one.path)
                  << " " << one.message << " in " << response.body.substr(0, 2000);
  }
}

Response ApiTest::call(Method method, const std::string& target, const std::string& body,
                       Headers headers) {
  headers.emplace_back("authorization", "Bearer " + admin_token);
  return raw(method, target, body, std::move(headers));
}

json::value ApiTest::body(const Response& response) {
  auto parsed = json::parse(response.body);
  return parsed ? std::move(*parsed) : json::value();
}

std::string ApiTest::token_of(const std::string& role) {
  EXPECT_TRUE(
      store->users().put_user({.username = role, .password_hash = "x", .role = role}).has_value());
  return create_api_token(store->users(), "t", role, clock.at, std::nullopt)->value;
}

std::string ApiTest::drain(StreamSource& stream) {
  std::string all;
  while (true) {
    std::string part;
    auto next = stream.pull(part);
    all += part;
    if (next != StreamSource::Next::more) return all;
  }
}

}  // namespace leoflow::api
