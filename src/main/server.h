// SPDX-License-Identifier: Apache-2.0
// The control plane, assembled: store, engine, agent service, API and workspace of one home. Starts
// bottom up, stops top down. The only place that knows all of them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/auth/oidc.h"
#include "authoring/registrar.h"
#include "base/error.h"
#include "main/home.h"
#include "main/kubernetes_config.h"
#include "model/map_source.h"
#include "store/admin_store.h"

namespace leoflow {

struct ServerConfig {
  fs::path home;
  fs::path workspace;  // empty = no folder is watched
  bool watch = true;   // false: compile once (leoflow run)
  std::string host = "127.0.0.1";
  uint16_t port = 8080;                      // 0 = any free one
  fs::path tls_certificate, tls_key;         // PEM; empty = plain HTTP
  std::vector<std::string> trusted_proxies;  // api/proxies.h
  api::OidcSettings oidc;                    // checked; disabled without an issuer
  bool serve_http = true;
  bool test_connections = false;               // api/services.h
  bool export_secrets = false;                 // api/services.h
  std::string expose_config;                   // "", "true" or "non-sensitive-only": api/services.h
  std::optional<KubernetesConfig> kubernetes;  // tasks in pods; unset = processes of this host
  int parallelism = 32;
  int64_t map_length_max = kMapLengthMaxDefault;
  fs::path agent_program;  // empty = beside this program
  fs::path cache;          // of environments; empty = the user's cache folder
  PausedAtCreation paused_at_creation = PausedAtCreation::all;  // new DAGs of the workspace
  std::string admin_password;                                   // empty = made up and shown once
  RetentionPolicy retention;
};

// What a first start tells its owner.
struct FirstStart {
  bool first = false;
  std::string username, password;  // password only when it was made up now
};

class Server {
 public:
  // Everything runs when it returns. Errors: conflict (home in use), exists (port in use), denied
  // (read-only home), ...
  static Result<std::unique_ptr<Server>> start(ServerConfig config);
  ~Server();  // stop()
  // Refuses new work, finishes what is in progress; tasks go on at the agent. Idempotent.
  void stop();
  // Also tells the agent to end when its tasks are done, and waits until it is gone (leoflow run,
  // tests).
  void stop_with_agent();

  std::string url() const;
  const FirstStart& first_start() const;
  const Home& home() const;

  // For leoflow run: the parts it drives itself.
  struct Parts;
  Parts& parts();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace leoflow
