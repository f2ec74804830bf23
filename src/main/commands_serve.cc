// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <thread>

#include "base/log.h"
#include "base/version.h"
#include "exec/kubernetes/yaml_json.h"
#include "main/commands.h"
#include "main/host.h"
#include "main/oidc_settings.h"

namespace leoflow {
namespace {

constexpr int kParallelismDefault = 32;

log::Level level_of(const std::string& name) {
  if (name == "debug") return log::Level::debug;
  if (name == "warning") return log::Level::warning;
  return name == "error" ? log::Level::error : log::Level::info;
}

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

void greet(const Server& server, const cli::ServerOptions& options, bool lite) {
  std::printf("Leoflow %s%s\n", kVersion, lite ? " lite" : "");
  std::printf("  address    %s\n", server.url().c_str());
  if (!options.workspace.empty())
    std::printf("  workspace  %s\n", fs::absolute(options.workspace).c_str());
  std::printf("  home       %s\n", server.home().root.c_str());
  const FirstStart& first = server.first_start();
  if (first.first) std::printf("  user       %s\n", first.username.c_str());
  if (!first.password.empty())
    std::printf("  password   %s   (shown once; keep it)\n", first.password.c_str());
  std::printf(
      "Ready. Ctrl+C stops the server; running tasks go on and are collected at the next start.\n");
  std::fflush(stdout);
}

// The settings file, if any, and what the command line says on top of it.
Result<KubernetesConfig> kubernetes_config(const cli::ServerOptions& options) {
  KubernetesConfig config;
  if (!options.kubernetes.empty()) {
    auto text = read_file(options.kubernetes, kube::kYamlBytesMax);
    if (!text) return fail(text);
    auto parsed = parse_kubernetes_config(*text, options.kubernetes);
    if (!parsed) return fail(parsed);
    config = std::move(*parsed);
  }
  if (!options.kubernetes_context.empty()) config.choice.context = options.kubernetes_context;
  if (!options.kubernetes_namespace.empty())
    config.choice.namespace_name = options.kubernetes_namespace;
  if (!options.agent_address.empty()) config.agent_address = options.agent_address;
  return config;
}

}  // namespace

void prepare_signals() {
  sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Result<int> Commands::serve(const cli::ServerOptions& options, bool lite) {
  const bool pods = options.executor == "k8s" || options.executor == "kubernetes";
  if (!pods && options.executor != "process") {
    return fail(Code::invalid, "unknown executor '" + options.executor + "'",
                "the executors of this version are: process, k8s");
  }
  log::configure(level_of(options.log_level), options.log_json);
  auto oidc = oidc_settings(options.oidc);
  if (!oidc) return fail(oidc);
  ServerConfig config{
      .home = options.home,
      .workspace = options.workspace,
      .host = options.host,
      .port = options.port,
      .tls_certificate = options.tls_cert,
      .tls_key = options.tls_key,
      .trusted_proxies = options.trusted_proxies,
      .oidc = std::move(*oidc),
      .parallelism = options.parallelism > 0 ? options.parallelism : kParallelismDefault,
      .map_length_max = options.max_map_length > 0 ? options.max_map_length : kMapLengthMaxDefault,
      .agent_program = options.agent_path,
      .paused_at_creation = lite ? PausedAtCreation::scheduled : PausedAtCreation::all,
      .admin_password = variable_or("LEOFLOW_ADMIN_PASSWORD")};
  if (pods) {
    auto kubernetes = kubernetes_config(options);
    if (!kubernetes) return fail(kubernetes);
    // Whoever runs `lite` runs all that is in its pods.
    bool shares =
        !kubernetes->pods.cache_host_path.empty() || !kubernetes->pods.cache_claim.empty();
    if (!kubernetes->own_cache) kubernetes->own_cache = lite && !shares;
    config.kubernetes = std::move(*kubernetes);
  }
  config.test_connections = variable_or("LEOFLOW_TEST_CONNECTIONS") == "1";
  config.expose_config = variable_or("LEOFLOW_EXPOSE_CONFIG");
  config.export_secrets = variable_or("LEOFLOW_EXPORT_SECRETS") == "1";
  if (!options.workspace.empty() && !fs::is_directory(options.workspace)) {
    return fail(Code::not_found, "the workspace " + options.workspace + " is not a folder",
                "leoflow init " + options.workspace + " makes one with a first DAG");
  }
  auto server = Server::start(std::move(config));
  if (!server) return fail(server);
  greet(**server, options, lite);
  sigset_t set = stop_signals();
  int signal = 0;
  sigwait(&set, &signal);
  // A second signal ends the process as it would without us.
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  log::info("stopping", {{"signal", signal}});
  (*server)->stop();
  return 0;
}

std::string Commands::version() { return kVersion; }
Result<int> Commands::lite(const cli::LiteOptions& options) { return serve(options, true); }
Result<int> Commands::server(const cli::ServerOptions& options) { return serve(options, false); }

}  // namespace leoflow
