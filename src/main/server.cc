// SPDX-License-Identifier: Apache-2.0
#include "main/server.h"

#include <unistd.h>

#include <future>

#include "api/api.h"
#include "api/server.h"
#include "authoring/environment.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/version.h"
#include "exec/local/agent_home.h"
#include "exec/local/local_executor.h"
#include "exec/staging/local_staging.h"
#include "main/claims.h"
#include "main/deploy_view.h"
#include "main/embedded.h"
#include "main/host.h"
#include "main/host_view.h"
#include "main/janitor.h"
#include "main/pods.h"
#include "main/ports.h"
#include "main/server_parts.h"
#include "main/staging_sweep.h"
#include "rpc/agent_service.h"
#include "secrets/installation_secrets.h"
#include "secrets/key_ring.h"

namespace leoflow {
namespace {

constexpr const char* kAdmin = "admin";
constexpr size_t kPasswordLength = 20;
constexpr int kDagsWarmedMax = 20;  // whose interpreters are started with the server
// The end of an agent on this host is seen at once; the lease only finds one that hangs.
constexpr Duration kLocalLease = std::chrono::minutes(1);
// The cluster tells of pods that end; a lease only finds sessions that hang.
constexpr Duration kPodLease = std::chrono::seconds(30);
constexpr auto kAgentEndMax = std::chrono::seconds(10);
constexpr auto kIdleAgentEndMax = std::chrono::seconds(2);
constexpr const char* kCliTokenName = "command line of this home";

// Where nobody waits for an address, the agent may start while the server is put together.
class EarlyLauncher : public AgentLauncher {
 public:
  explicit EarlyLauncher(AgentLauncher& launcher) : launcher_(launcher) {}
  // Starts it on a thread of its own; the first ensure_running() tells how that went.
  void begin() {
    early_ = std::async(std::launch::async, [this] { return launcher_.ensure_running(); });
  }
  Result<std::string> ensure_running() override {
    return early_.valid() ? early_.get() : launcher_.ensure_running();
  }

 private:
  AgentLauncher& launcher_;
  std::future<Result<std::string>> early_;
};

// Tells this database from any other that agents may have worked for.
Result<std::string> instance_id(Store& store) {
  auto stored = store.settings().get_setting("instance_id");
  if (!stored) return fail(stored);
  if (*stored) return **stored;
  std::string id = random_token(24);
  if (auto put = store.settings().put_setting("instance_id", id); !put) return fail(put);
  return id;
}

api::ApiOptions::ExposeConfig exposure_of(const std::string& text) {
  using Expose = api::ApiOptions::ExposeConfig;
  if (text == "non-sensitive-only") return Expose::non_sensitive_only;
  return text == "true" || text == "1" ? Expose::all : Expose::no;
}

// The command line on this home needs no login: it reads this token.
Status ensure_cli_token(Store& store, const Home& home, Time now) {
  auto tokens = store.users().list_tokens();
  if (!tokens) return fail(tokens);
  bool on_disk = read_file(home.cli_token()).has_value();
  for (const ApiToken& token : *tokens) {
    if (token.name == kCliTokenName && !token.revoked_at && on_disk) return {};
  }
  auto made = api::create_api_token(store.users(), kCliTokenName, kAdmin, now, std::nullopt);
  if (!made) return fail(made);
  return write_file_durably(home.cli_token(), made->value, 0600);
}

}  // namespace

struct Server::Impl {
  ServerConfig config;
  Home home;
  Fd lock;
  SystemClock clock;
  FirstStart first;
  std::future<std::string> admin_hash;
  fs::path python;
  std::unique_ptr<Store> store;
  std::unique_ptr<KeyRing> keys;
  std::unique_ptr<Vault> vault;
  std::unique_ptr<LocalStaging> staging;
  std::unique_ptr<Pods> pods;  // in place of launcher and local executor
  std::unique_ptr<Interpreters> interpreters;
  std::unique_ptr<Environments> environments;
  std::unique_ptr<BundleStore> bundles;
  std::unique_ptr<Compiler> compiler;
  std::unique_ptr<RunLogs> logs;
  std::unique_ptr<Claims> claims;
  std::string node_secret;
  std::unique_ptr<ProcessAgentLauncher> launcher;
  std::unique_ptr<EarlyLauncher> early_launcher;
  std::unique_ptr<LocalExecutor> executor;
  std::unique_ptr<Runner> engine;
  std::unique_ptr<AgentService> agents;
  std::unique_ptr<VaultPort> vault_port;
  std::unique_ptr<Workspace> workspace;
  std::unique_ptr<WorkspaceView> workspace_view;
  std::unique_ptr<Deployments> deployments;
  std::unique_ptr<DeployView> deploy_view;
  std::unique_ptr<HostView> host_view;
  std::unique_ptr<api::LogFiles> log_files;
  std::unique_ptr<api::WebPort> web;  // null without OpenID Connect
  std::unique_ptr<api::Api> api;
  std::unique_ptr<api::HttpServer> http;
  std::unique_ptr<Janitor> janitor;
  std::unique_ptr<StagingSweep> staging_sweep;
  std::unique_ptr<Server::Parts> parts;
  std::string url;
  bool stopped = false;

  Status open();
  Status prepare_agent();
  fs::path agent_program() const;
  Status open_pods(const std::string& instance, const std::string& token_key);
  void make_claims();
  void make_engine();
  RunnerHooks hooks();
  AgentServiceOptions agent_options(const std::string& instance, const std::string& token_key);
  Status begin_admin();
  Status finish_admin();
  Status build_authoring();
  Status start_engine();
  void warm(const DagVersion& version, const DagSpec& spec);
  void warm_dag(const std::string& dag_id);
  void warm_known();
  void dag_changed(const std::string& dag_id);
  Status make_workspace();
  void make_deployments();
  Status start_http();
  Status begin_work();
  void stop();
};

Status Server::Impl::open() {
  auto opened = open_home(config.home);
  if (!opened) return fail(opened);
  home = std::move(*opened);
  auto locked = lock_home(home);
  if (!locked) return fail(locked);
  lock = std::move(*locked);
  // In the cache, where the next home (leoflow run has one of its own each time) finds it compiled.
  fs::path cache = config.cache.empty() ? default_cache() : config.cache;
  auto unpacked = unpack_python(cache / "python");
  if (!unpacked) unpacked = unpack_python(home.python());
  if (!unpacked) return fail(unpacked);
  python = std::move(*unpacked);
  if (auto launched = prepare_agent(); !launched) return launched;
  auto database = open_sqlite_store({.path = home.database()});
  if (!database) return fail(database);
  store = std::move(*database);
  auto ring = KeyRing::load_or_create(home.key_file());
  if (!ring) return fail(ring);
  keys = std::make_unique<KeyRing>(std::move(*ring));
  vault = std::make_unique<Vault>(store->secrets(), *keys, all_variables());
  staging = std::make_unique<LocalStaging>(home.staging());
  return config.serve_http ? begin_admin() : Status{};
}

fs::path Server::Impl::agent_program() const {
  return config.agent_program.empty() ? beside_this_program("leoflow-agent") : config.agent_program;
}

Status Server::Impl::prepare_agent() {
  auto secret = ensure_node_secret(home.root);
  if (!secret) return fail(secret);
  node_secret = std::move(*secret);
  if (config.kubernetes) return {};
  launcher = std::make_unique<ProcessAgentLauncher>(
      ProcessAgentLauncher::Options{.program = agent_program(),
                                    .home = home.root,
                                    .server = "unix:" + home.agent_socket().string(),
                                    .python_dir = python,
                                    .slots_max = config.parallelism});
  early_launcher = std::make_unique<EarlyLauncher>(*launcher);
  if (!config.serve_http) early_launcher->begin();
  return {};
}

// On a first start the admin's password is hashed beside everything else: it takes as long as all
// of it.
Status Server::Impl::begin_admin() {
  auto users = store->users().list_users();
  if (!users) return fail(users);
  if (!users->empty()) return {};
  first = {.first = true, .username = kAdmin};
  std::string password = config.admin_password;
  if (password.empty()) first.password = password = random_token(kPasswordLength);
  admin_hash = std::async(std::launch::async, [password] { return hash_password(password); });
  return {};
}

// Before the address answers, so that nobody is told of a user who does not exist.
Status Server::Impl::finish_admin() {
  if (!admin_hash.valid()) return {};
  User admin{.username = kAdmin, .password_hash = admin_hash.get(), .created_at = clock.now()};
  auto put = store->users().put_user(admin);
  return put ? Status{} : fail(put);
}

Status Server::Impl::build_authoring() {
  fs::path cache = config.cache.empty() ? default_cache() : config.cache;
  auto uv = uv_program();
  if (!uv) return fail(uv);
  interpreters =
      std::make_unique<Interpreters>(InterpreterPlaces{.home = variable_or("HOME", "/root")});
  environments = std::make_unique<Environments>(
      EnvironmentOptions{
          .cache = cache / "environments", .uv = std::move(*uv), .variables = passed_variables()},
      *interpreters);
  bundles = std::make_unique<BundleStore>(home.bundles());
  Extractor extractor(
      {.script = python / "leoflow" / "extract.py", .variables = passed_variables()});
  compiler =
      std::make_unique<Compiler>(std::move(extractor), *environments, *interpreters, *bundles);
  return {};
}

Status Server::Impl::open_pods(const std::string& instance, const std::string& token_key) {
  fs::path cache = config.cache.empty() ? default_cache() : config.cache;
  auto opened = Pods::open({.config = *config.kubernetes,
                            .kubeconfig = variable_or("KUBECONFIG"),
                            .user_home = variable_or("HOME", "/root"),
                            .service_host = variable_or("KUBERNETES_SERVICE_HOST"),
                            .service_port = variable_or("KUBERNETES_SERVICE_PORT"),
                            .environment = passed_variables(),
                            .instance_id = instance,
                            .place_key = token_key,
                            .agent_program = agent_program(),
                            .home = home.root,
                            .archives = cache / "archives",
                            .slots_max = config.parallelism},
                           *store, clock);
  if (!opened) return fail(opened);
  pods = std::move(*opened);
  return {};
}

void Server::Impl::make_claims() {
  LocalStaging* volumes = pods ? nullptr : staging.get();
  claims = std::make_unique<Claims>(*store, *vault, *environments, volumes, clock,
                                    ClaimsOptions{.xcoms = home.xcoms(),
                                                  .map_length_max = config.map_length_max,
                                                  .hostname = host_name(),
                                                  .archives = pods ? &pods->archives() : nullptr,
                                                  .python = python});
}

RunnerHooks Server::Impl::hooks() {
  return {
      .make_staging = [this](const StagingVolume& volume) -> Status {
        if (pods) return {};  // made before its first pod
        auto path = staging->create(volume.name, volume.size_bytes);
        return path ? Status{} : fail(path);
      },
      .remove_staging =
          [this](const StagingVolume& volume) {
            if (pods) return pods->staging().remove_later(volume.name);
            if (auto removed = staging->remove(volume.name); !removed) {
              log::error("staging volume not removed",
                         {{"name", volume.name}, {"error", removed.error().message()}});
            }
          },
      .run_deleted =
          [this](const DagRun& run) {
            logs->remove_run(run.dag_id, run.run_id);
            static_cast<void>(remove_tree(home.xcoms() / std::to_string(run.key.value)));
          },
      .task_deleted =
          [this](const TaskDeleted& gone) {
            for (const Attempt& attempt : gone.attempts)
              logs->remove(gone.name, attempt.try_number, attempt.id);
            std::error_code ignored;  // goes with its run at the latest
            for (const std::string& file : gone.xcom_files) fs::remove(file, ignored);
          },
  };
}

void Server::Impl::make_engine() {
  CoreOptions options{.parallelism = config.parallelism, .staging_root = home.staging()};
  if (pods) {
    options.executor = pods->executor().name();
    options.agent_per_attempt = true;
    options.start_ahead = config.kubernetes->start_ahead;
    options.ahead_max = config.kubernetes->held_pods_max;
    options.ahead_time_max = std::chrono::seconds(config.kubernetes->held_seconds_max);
    engine = std::make_unique<Runner>(*store, pods->executor(), clock, hooks(), options);
    pods->executor().set_listener(*engine);
  } else {
    executor = std::make_unique<LocalExecutor>(*early_launcher, config.parallelism);
    engine = std::make_unique<Runner>(*store, *executor, clock, hooks(), options);
  }
}

AgentServiceOptions Server::Impl::agent_options(const std::string& instance,
                                                const std::string& token_key) {
  AgentServiceOptions options{.socket = home.agent_socket(),
                              .instance_id = instance,
                              .node_secret = node_secret,
                              .token_key = token_key,
                              .version = kVersion,
                              .clock = &clock,
                              .lease = kLocalLease};
  if (!pods) return options;
  options.lease = kPodLease;
  pods->prepare(options);
  return options;
}

Status Server::Impl::start_engine() {
  auto instance = instance_id(*store);
  if (!instance) return fail(instance);
  auto token_key =
      installation_secret(store->settings(), *keys, InstallationSecret::attempt_token_key);
  if (!token_key) return fail(token_key);
  if (config.kubernetes) {
    if (auto opened = open_pods(*instance, *token_key); !opened) return opened;
  }
  logs = std::make_unique<RunLogs>(home.logs(), *store);
  make_claims();
  make_engine();
  if (auto started = engine->start(); !started) return started;
  ExecutorListener& listener = pods ? static_cast<ExecutorListener&>(pods->executor())
                                    : static_cast<ExecutorListener&>(*engine);
  auto service =
      AgentService::start(agent_options(*instance, *token_key), listener, *claims, *logs);
  if (!service) return fail(service);
  agents = std::move(*service);
  return {};
}

void Server::Impl::warm(const DagVersion& version, const DagSpec& spec) {
  if (!executor) return;  // pods are told what to prepare one by one
  // An environment that is gone is told to the attempts that want it.
  auto environment = claims->environment_json(version, spec);
  if (environment) executor->warm(std::move(*environment));
}

void Server::Impl::warm_dag(const std::string& dag_id) {
  auto dag = store->dags().get_dag(dag_id);
  if (!dag || !*dag || (*dag)->is_stale) return;
  auto version = store->dags().get_version((*dag)->current_version);
  if (!version || !*version) return;
  if (auto spec = parse_dag_spec((*version)->dag_json)) warm(**version, *spec);
}

// After a restart nothing changes in the workspace, but the same tasks will want the same
// interpreters.
void Server::Impl::warm_known() {
  auto dags = store->dags().list_dags({.paused = false, .page = {.limit = kDagsWarmedMax}});
  if (!dags) return;
  for (const Dag& dag : dags->rows) warm_dag(dag.dag_id);
}

void Server::Impl::dag_changed(const std::string& dag_id) {
  engine->dag_changed(dag_id);
  warm_dag(dag_id);
}

void Server::Impl::make_deployments() {
  deployments = std::make_unique<Deployments>(
      DeploymentsOptions{
          .folder = home.deployments(),
          .watched = config.workspace.empty() ? fs::path() : fs::absolute(config.workspace),
          .paused_at_creation = config.paused_at_creation},
      *compiler, *environments, store->dags(), clock,
      DeploymentsCallbacks{
          .on_dag_changed = [this](const std::string& dag_id) { dag_changed(dag_id); },
          .on_deployed =
              [this](const DeploymentRequest& request, const DeployedDag& dag) {
                auto added = store->event_log().add(audit_of(request, dag, clock.now()));
                if (!added) log::error("cannot write the audit log: " + added.error().message());
              }});
  deploy_view = std::make_unique<DeployView>(*deployments);
}

Status Server::Impl::make_workspace() {
  parts = std::make_unique<Server::Parts>(Server::Parts{
      *store, *engine, *logs, nullptr, *compiler, clock, [this](const EnvironmentUse& use) {
        if (executor) executor->warm(Claims::environment_json(use));
      }});
  if (!config.workspace.empty()) {
    workspace = std::make_unique<Workspace>(
        WorkspaceOptions{.folder = config.workspace,
                         .watch = config.watch,
                         .registrar = {.paused_at_creation = config.paused_at_creation}},
        *compiler, store->dags(), store->import_errors(), clock,
        WorkspaceCallbacks{
            .on_dag_changed = [this](const std::string& dag_id) { dag_changed(dag_id); },
            .on_import_errors_changed = [this] { engine->import_errors_changed(); }});
    parts->workspace = workspace.get();
  }
  fs::path cache = config.cache.empty() ? default_cache() : config.cache;
  workspace_view = std::make_unique<WorkspaceView>(config.workspace, workspace.get(),
                                                   cache / "environments", home, *interpreters);
  return {};
}

Status Server::Impl::start_http() {
  if (!config.serve_http) return {};
  if (auto made = finish_admin(); !made) return made;
  if (auto token = ensure_cli_token(*store, home, clock.now()); !token) return token;
  auto secret = installation_secret(store->settings(), *keys, InstallationSecret::jwt_secret);
  if (!secret) return fail(secret);
  vault_port = std::make_unique<VaultPort>(*vault);
  make_deployments();
  auto path_of = [this](const api::LogName& name) {
    return logs->path_of(name.task_instance, name.try_number, name.attempt);
  };
  auto watch = [this](const api::LogName& name, std::function<void()> grown) {
    return logs->watch(name.attempt, std::move(grown));
  };
  auto complete = [this](const api::LogName& name) { return logs->complete(name.attempt); };
  log_files = std::make_unique<api::LogFiles>(path_of, watch, complete);
  host_view = std::make_unique<HostView>(
      config, home, pods ? static_cast<const Executor&>(pods->executor()) : *executor, *agents);
  auto page = read_archive(page_archive());
  if (!page) return fail(page);
  if (config.oidc.enabled()) {
    auto made = api::make_web();
    if (!made) return fail(made);
    web = std::move(*made);
  }
  api = std::make_unique<api::Api>(
      api::ApiPorts{*store, *engine, clock, *vault_port, *workspace_view, *log_files, *host_view,
                    *deploy_view},
      api::ApiOptions{.version = kVersion,
                      .jwt_secret = *secret,
                      .page = std::move(*page),
                      .test_connections = config.test_connections,
                      .expose_config = exposure_of(config.expose_config),
                      .export_secrets = config.export_secrets,
                      .oidc = config.oidc,
                      .web = web.get()});
  auto proxies = api::TrustedProxies::parse(config.trusted_proxies);
  if (!proxies) return fail(proxies);
  api::ServerOptions options{
      .address = config.host, .port = config.port, .proxies = std::move(*proxies)};
  bool tls = !config.tls_certificate.empty();
  if (tls) options.tls = {fs::absolute(config.tls_certificate), fs::absolute(config.tls_key)};
  auto server = api::HttpServer::start(
      options, [this](const api::Request& request) { return api->handle(request); });
  if (!server) return fail(server);
  http = std::move(*server);
  url = (tls ? "https://" : "http://") +
        (config.host.contains(':') ? "[" + config.host + "]" : config.host) + ":" +
        std::to_string(http->port());
  json::Writer info;
  info.begin_object().member("url", url);
  if (tls) info.member("certificate", options.tls->certificate.string());
  info.member("pid", int64_t(getpid())).member("version", kVersion).end_object();
  return write_file(home.server_info(), info.take());
}

// What starts processes comes last: the address answers sooner without them.
Status Server::Impl::begin_work() {
  if (executor) executor->start(*agents, *engine);
  if (pods) {
    if (auto started = pods->start(*agents); !started) return started;
  }
  if (workspace) {
    if (auto started = workspace->start(); !started) return started;
  }
  if (deployments) deployments->restore_environments();
  warm_known();
  StagingBackend& volumes = pods ? static_cast<StagingBackend&>(pods->staging()) : *staging;
  staging_sweep = std::make_unique<StagingSweep>(*store, volumes, clock);
  janitor = std::make_unique<Janitor>(*store, *logs, home, *environments, *bundles, clock,
                                      config.retention, pods ? &pods->archives() : nullptr);
  return {};
}

void Server::Impl::stop() {
  if (std::exchange(stopped, true)) return;
  if (http) static_cast<void>(remove_tree(home.server_info()));
  if (http) http->stop();
  // An agent with nothing to do need not wait for the next server.
  auto live = executor && engine && engine->stats().attempts_open == 0 ? find_live_agent(home.root)
                                                                       : std::nullopt;
  if (live && agents) {
    executor->let_go();
    agents->retire(live->agent_id, "the server stopped");
    // It goes when it has heard that its last logs are stored.
    if (std::ranges::count(agents->connected_agents(), live->agent_id) > 0)
      wait_until_gone(live->pid, kIdleAgentEndMax);
  }
  if (pods) pods->stop();  // nobody below waits for the cluster then
  if (janitor) janitor->stop();
  if (staging_sweep) staging_sweep->stop();
  if (deployments) deployments->stop();
  if (workspace) workspace->stop();
  if (executor) executor->stop();
  if (agents) agents->stop();
  if (engine) engine->stop();
  if (pods) pods->end_thread();
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { stop(); }
void Server::stop() { impl_->stop(); }

void Server::stop_with_agent() {
  auto live = find_live_agent(impl_->home.root);
  if (live && impl_->agents && impl_->executor) {
    impl_->executor->let_go();
    impl_->agents->retire(live->agent_id, "the server stops for good");
  }
  wait_until_gone(live ? live->pid : 0, kAgentEndMax);
  stop();
}

std::string Server::url() const { return impl_->url; }
const FirstStart& Server::first_start() const { return impl_->first; }
const Home& Server::home() const { return impl_->home; }
Server::Parts& Server::parts() { return *impl_->parts; }

Result<std::unique_ptr<Server>> Server::start(ServerConfig config) {
  crypto_init();
  auto impl = std::make_unique<Impl>();
  impl->config = std::move(config);
  auto server = std::unique_ptr<Server>(new Server(std::move(impl)));
  Impl& parts = *server->impl_;
  for (auto step : {&Impl::open, &Impl::build_authoring, &Impl::start_engine, &Impl::make_workspace,
                    &Impl::start_http, &Impl::begin_work}) {
    if (auto done = (parts.*step)(); !done) return fail(done);
  }
  return server;
}

}  // namespace leoflow
