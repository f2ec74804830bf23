// SPDX-License-Identifier: Apache-2.0
#include "main/pods.h"

#include "base/crypto.h"
#include "base/log.h"
#include "exec/kubernetes/token_reviewer.h"
#include "exec/place_token.h"

namespace leoflow {
namespace {

constexpr size_t kInstanceDigits = 8;
constexpr size_t kVersionsMax = 256;
constexpr size_t kAgentBytesMax = size_t(256) << 20;
constexpr size_t kDownloadWorkers = 4;

Result<kube::ClusterAccess> find_cluster(const PodsOptions& options) {
  const kube::ContextChoice& choice = options.config.choice;
  bool named = !options.kubeconfig.empty() || !choice.context.empty();
  if (!named) {
    auto inside =
        kube::in_cluster_access(options.service_host, options.service_port, choice.namespace_name);
    if (inside || inside.error().code() != Code::not_found) return inside;
  }
  return kube::load_kubeconfig(options.kubeconfig, options.user_home, choice);
}

std::string bracketed(const std::string& address) {
  return address.contains(':') ? "[" + address + "]" : address;
}

}  // namespace

Pods::Pods(PodsOptions options, Store& store)
    : options_(std::move(options)), store_(store), archives_(options_.archives) {}

Pods::~Pods() {
  stop();
  end_thread();
}

Result<std::unique_ptr<Pods>> Pods::open(PodsOptions given, Store& store, const Clock& clock) {
  auto pods = std::unique_ptr<Pods>(new Pods(std::move(given), store));
  const PodsOptions& options = pods->options_;
  auto access = find_cluster(options);
  if (!access) return fail(access.error().within("executor kubernetes"));
  kube::PodSettings& settings = pods->settings_;
  settings = options.config.pods;
  settings.namespace_name = access->namespace_name;
  if (options.config.pod_secrets) settings.place_key = options.place_key;
  settings.instance = sha256_hex(options.instance_id).substr(0, kInstanceDigits);
  std::string address = options.config.agent_address;
  if (address.empty()) {
    auto found = address_towards(access->server);
    if (!found) return fail(found);
    address = std::move(*found);
  }
  pods->options_.config.agent_address = address;
  settings.server = bracketed(address) + ":" + std::to_string(options.config.agent_port);
  if (auto read = pods->read_agent(); !read) return fail(read);
  auto cluster = kube::Cluster::connect(*access, clock, {.environment = options.environment});
  if (!cluster) return fail(cluster);
  pods->cluster_ = std::move(*cluster);
  kube::PvcSettings volumes{.namespace_name = settings.namespace_name,
                            .instance = settings.instance,
                            .storage_class = options.config.storage_class,
                            .access_mode = settings.staging_access};
  pods->staging_ = std::make_unique<kube::PvcStaging>(*pods->cluster_, volumes);
  pods->executor_ = std::make_unique<kube::PodExecutor>(*pods->cluster_, *pods->staging_, *pods,
                                                        clock, settings, options.slots_max);
  if (options.config.own_cache.value_or(false)) {
    kube::OwnCacheSettings cache{.namespace_name = settings.namespace_name,
                                 .instance = settings.instance,
                                 .storage_class = options.config.storage_class};
    auto use = [executor = pods->executor_.get()](const std::string& claim) {
      executor->set_cache_claim(claim);
    };
    pods->own_cache_ = std::make_unique<kube::OwnCache>(*pods->cluster_, cache, use);
  }
  if (options.config.pod_secrets) {
    pods->reviewer_ = std::make_unique<PlaceTokenReviewer>(options.place_key, *pods->executor_);
  } else {
    pods->reviewer_ = std::make_unique<kube::TokenReviewer>(*pods->cluster_);
  }
  log::info("tasks run in pods", {{"context", access->context},
                                  {"server", access->server},
                                  {"namespace", settings.namespace_name},
                                  {"instance", settings.instance}});
  return pods;
}

// Pods that have no image of ours fetch the agent by the hash of its bytes.
Status Pods::read_agent() {
  auto bytes = read_file(options_.agent_program, kAgentBytesMax);
  if (!bytes) return fail(bytes.error().within("the agent for pods"));
  agent_ = std::move(*bytes);
  settings_.agent_sha256 = sha256_hex(agent_);
  agent_target_ = "/agent/" + settings_.agent_sha256 + "/leoflow-agent";
  settings_.agent_url = "https://" + bracketed(options_.config.agent_address) + ":" +
                        std::to_string(options_.config.agent_port + 1) + agent_target_;
  return {};
}

void Pods::prepare(AgentServiceOptions& options) {
  options.thread = cluster_->thread();
  options.tcp_address = "0.0.0.0:" + std::to_string(options_.config.agent_port);
  options.tls_folder = options_.home / "tls";
  options.tls_names = {options_.config.agent_address};
  options.pods = {.reviewer = reviewer_.get(),
                  .places = executor_.get(),
                  .audience = settings_.audience,
                  .ledger = options_.home / "pods",
                  .archives = &archives_};
}

Status Pods::start(AgentService& service) {
  CertificateFiles certificates = service.certificates();
  auto authority = read_file(certificates.authority, api::kTlsFileBytesMax);
  if (!authority) return fail(authority.error().within("the authority that pods trust"));
  executor_->set_server(settings_.server, std::move(*authority));
  auto downloads =
      api::HttpServer::start({.address = "0.0.0.0",
                              .port = uint16_t(options_.config.agent_port + 1),
                              .workers = kDownloadWorkers,
                              .tls = api::TlsFiles{certificates.certificate, certificates.key}},
                             [this](const api::Request& request) { return download(request); });
  if (!downloads) return fail(downloads.error().within("serving the agent program to pods"));
  downloads_ = std::move(*downloads);
  executor_->start(service);
  if (own_cache_) own_cache_->start();
  return {};
}

api::Response Pods::download(const api::Request& request) const {
  if (request.target != agent_target_)
    return {.status = 404, .content_type = "text/plain", .body = "not here\n"};
  api::Response response{.content_type = "application/octet-stream", .body = agent_};
  response.headers.emplace_back("Cache-Control", "public, max-age=31536000, immutable");
  return response;
}

void Pods::stop() {
  if (executor_) executor_->stop();
  if (downloads_) downloads_->stop();
  if (cluster_) cluster_->refuse_calls();
}

void Pods::end_thread() {
  if (cluster_) cluster_->stop();
}

Result<Pods::Version> Pods::version(DagVersionId id) {
  auto known = versions_.with([&](const Versions& versions) {
    auto found = versions.find(id);
    return found == versions.end() ? Version() : found->second;
  });
  if (known.spec) return known;
  auto row = store_.dags().get_version(id);
  if (!row) return fail(row);
  if (!*row) return fail(Code::not_found, "the DAG version of the attempt is gone");
  auto parsed = parse_dag_spec((*row)->dag_json);
  if (!parsed) return fail(parsed);
  Version made{std::make_shared<const DagSpec>(std::move(*parsed)), (*row)->image};
  versions_.with([&](Versions& versions) {
    if (versions.size() >= kVersionsMax) versions.clear();
    versions.emplace(id, made);
  });
  return made;
}

Result<kube::PodPlan> Pods::plan(const WorkItem& item) {
  auto made = version(item.version);
  if (!made) return fail(made);
  kube::PodPlan plan{.dag = made->spec, .image = made->image};
  if (item.kind == AttemptKind::task) {
    auto index = plan.dag->index_of(item.task_id);
    if (!index) return fail(Code::not_found, "the task is not in its DAG version");
    plan.task = &plan.dag->tasks[*index];
  }
  if (!plan.dag->staging.enabled) return plan;
  auto volume = store_.engine().staging_of(item.run);
  if (!volume) return fail(volume);
  if (!*volume || (*volume)->state != "active") return plan;
  plan.volume = kube::PvcRequest{.name = (*volume)->name,
                                 .size_bytes = (*volume)->size_bytes,
                                 .storage_class = plan.dag->staging.storage_class,
                                 .dag_id = item.dag_id,
                                 .run_id = item.run_id};
  return plan;
}

}  // namespace leoflow
