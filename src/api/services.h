// SPDX-License-Identifier: Apache-2.0
// What handlers work with. Everything here may be used from any thread.
#pragma once

#include <string>

#include "api/auth/authenticator.h"
#include "api/auth/oidc.h"
#include "api/deploy_port.h"
#include "api/event_stream.h"
#include "api/host_port.h"
#include "api/log_port.h"
#include "api/log_window.h"
#include "api/metrics.h"
#include "api/router.h"
#include "api/secrets_port.h"
#include "api/versions.h"
#include "api/workspace_port.h"
#include "base/archive.h"
#include "engine/engine.h"
#include "store/store.h"

namespace leoflow::api {

struct ApiOptions {
  std::string version = "0.0.0";       // of this program, as /version tells it
  std::string jwt_secret;              // at least 32 bytes
  size_t xcom_bytes_max = 256 * 1024;  // longest XCom value set by hand
  Duration engine_silence_max =
      std::chrono::seconds(30);   // older heartbeats make /monitor/health say unhealthy
  std::vector<ArchiveFile> page;  // files of the web page; their bytes outlive the Api
  // Whether connections may be tested: the server then talks to any host that an Op names.
  bool test_connections = false;
  // Whether /api/v2/config answers, as Airflow's [api] expose_config: no (403), all, or what is not
  // sensitive. Sensitive values are masked in both.
  enum class ExposeConfig { no, non_sensitive_only, all } expose_config = ExposeConfig::no;
  // Whether administrators may export connections and variables with their secrets.
  bool export_secrets = false;
  OidcSettings oidc;       // checked; disabled unless it names an issuer
  WebPort* web = nullptr;  // Requires: given with oidc; outlives the Api
};

// Collaborators from outside; all outlive the Api.
struct ApiPorts {
  Store& store;
  Engine& engine;
  const Clock& clock;
  SecretsPort& secrets;
  WorkspacePort& workspace;
  LogPort& logs;
  HostPort& host;
  DeployPort& deployments;
};

struct Services : ApiPorts {
  Services(const ApiPorts& ports, const ApiOptions& options, Authenticator& auth,
           VersionCache& versions, LogLineIndex& log_lines, Metrics& metrics,
           ChangeTexts& change_texts, const Router& router, Oidc* oidc)
      : ApiPorts(ports),
        options(options),
        auth(auth),
        versions(versions),
        log_lines(log_lines),
        metrics(metrics),
        change_texts(change_texts),
        router(router),
        oidc(oidc) {}
  // The same with other views of what a caller may not see as a whole.
  Services(const Services& all, Store& store, Engine& engine, WorkspacePort& workspace)
      : Services(ApiPorts{store, engine, all.clock, all.secrets, workspace, all.logs, all.host,
                          all.deployments},
                 all.options, all.auth, all.versions, all.log_lines, all.metrics, all.change_texts,
                 all.router, all.oidc) {}

  const ApiOptions& options;
  Authenticator& auth;
  VersionCache& versions;
  LogLineIndex& log_lines;
  Metrics& metrics;
  ChangeTexts& change_texts;
  const Router& router;
  Oidc* const oidc;  // null: nobody signs in elsewhere
};

}  // namespace leoflow::api
