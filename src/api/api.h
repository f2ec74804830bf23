// SPDX-License-Identifier: Apache-2.0
// The REST API: from a request to a response. main owns one and puts HttpServer in front of it;
// tests call handle().
#pragma once

#include <memory>

#include "api/http.h"
#include "api/page.h"
#include "api/services.h"

namespace leoflow::api {

// All methods from any thread; handle() blocks on the store and on the engine.
class Api {
 public:
  // Requires: options.jwt_secret has at least 32 bytes; everything in ports outlives this and every
  // stream it made.
  Api(const ApiPorts& ports, ApiOptions options);
  ~Api();
  Api(const Api&) = delete;

  // Never throws; every failure is an answer. Checks, in this order: path, method, credentials,
  // query, body.
  Response handle(const Request& request);
  const Router& router() const { return router_; }

 private:
  Response unknown(const Request& request, const std::vector<std::string>& segments) const;
  Response route(const Request& request, std::string& operation);
  Response run(Call& call, const std::string& target);

  ApiOptions options_;
  const WebPage page_;
  Router router_;
  Authenticator auth_;
  std::unique_ptr<Oidc> oidc_;  // null without an issuer
  VersionCache versions_;
  LogLineIndex log_lines_;
  Metrics metrics_;
  ChangeTexts change_texts_;
  Services services_;
};

}  // namespace leoflow::api
