// SPDX-License-Identifier: Apache-2.0
#include "api/api.h"

#include "api/audit.h"
#include "api/call.h"
#include "api/caller.h"
#include "api/etag.h"
#include "api/params_check.h"
#include "api/routes.h"
#include "base/log.h"

namespace leoflow::api {
namespace {

Response plain_error(int status, std::string_view text) {
  json::Writer w;
  w.begin_object().member("error", text).member("detail", text).end_object();
  return json_response(w, status);
}

Response unknown_path(const std::vector<std::string>& segments) {
  bool api = !segments.empty() && segments[0] == "api";
  if (api && segments.size() > 1 && segments[1] == "v1") {
    return plain_error(404, "/api/v1 is gone, use /api/v2 instead");
  }
  if (segments.size() == 1 && segments[0] == "health") {
    return plain_error(404, "/health is gone, use /api/v2/monitor/health instead");
  }
  return api ? plain_error(404, "API route not found") : problem(404, "Not Found");
}

// Whether a browser must not keep what a route answers.
bool holds_secrets(const Route& route) {
  return route.tag == "Connection" || route.tag == "Variable" || route.tag == "Login" ||
         route.tag == "User" || route.tag == "Token";
}

Response options_response(const std::string& allow) {
  Response response = no_content();
  response.headers.emplace_back("Allow", allow + ", OPTIONS");
  return response;
}

std::unique_ptr<Oidc> make_oidc(const ApiOptions& options, const Clock& clock) {
  if (!options.oidc.enabled()) return nullptr;
  return std::make_unique<Oidc>(options.oidc, *options.web, clock, options.jwt_secret);
}

Response method_refused(const std::string& allow) {
  Response response = problem(405, "Method Not Allowed");
  response.headers.emplace_back("Allow", allow);
  return response;
}

}  // namespace

Api::Api(const ApiPorts& ports, ApiOptions options)
    : options_(std::move(options)),
      page_(options_.page),
      auth_(ports.store.users(), ports.store.sessions(), ports.clock, options_.jwt_secret),
      oidc_(make_oidc(options_, ports.clock)),
      versions_(ports.store.dags()),
      services_{ports,    options_,      auth_,   versions_, log_lines_,
                metrics_, change_texts_, router_, oidc_.get()} {
  add_all_routes(router_);
}

Api::~Api() = default;

Response Api::handle(const Request& request) {
  auto start = std::chrono::steady_clock::now();
  std::string operation = "unmatched";
  Response response;
  try {
    response = route(request, operation);
  } catch (const std::exception& e) {
    log::error("a request failed", {{"operation", operation}, {"error", e.what()}});
    response = problem(500, "internal error");
  }
  metrics_.request(operation, response.status, std::chrono::steady_clock::now() - start);
  return response;
}

Response Api::route(const Request& request, std::string& operation) {
  auto url = parse_url(request.target);
  if (!url) return problem(400, url.error().message());
  Router::Found found = router_.find(request.method, url->segments);
  if (found.allow.empty()) return unknown(request, url->segments);
  if (request.method == Method::options) return options_response(found.allow);
  if (!found.route) return method_refused(found.allow);
  if (found.bad_slash) return problem(400, "an escaped slash is not allowed in this path");
  operation = found.route->operation;
  auto caller = admit(services_, request, *found.route, found.params);
  if (!caller) return problem(caller.error());
  Call call(caller->scope ? caller->scope->services : services_, request, *found.route);
  call.user = caller->user;
  call.path_params = std::move(found.params);
  call.query = std::move(url->query);
  if (auto refused = check_query(*found.route, call.query)) return std::move(*refused);
  auto types = found.route->content_types();
  auto type = types.size() > 1 ? choose_content_type(types, request.header("accept"))
                               : std::optional<std::string>("");
  if (!type) return problem(406, "none of the accepted content types is available here");
  call.content_type = std::move(*type);
  if (auto refused = read_body(*found.route, router_, request, call.body))
    return std::move(*refused);
  Response response = run(call, request.target);
  if (response.stream && found.route->permission != Permission::anyone) {
    response.stream = guarded_stream(std::move(response.stream), services_, request, *caller);
  }
  tag_response(request, response, holds_secrets(*found.route));
  return response;
}

// A path that no route has: the page's, if it can be.
Response Api::unknown(const Request& request, const std::vector<std::string>& segments) const {
  bool health = segments.size() == 1 && segments[0] == "health";
  if (health || !WebPage::may_be_page(segments)) return unknown_path(segments);
  switch (request.method) {
    case Method::get:
    case Method::head: return page_.serve(request, segments);
    case Method::options: return options_response("GET, HEAD");
    default: return method_refused("GET, HEAD");
  }
}

Response Api::run(Call& call, const std::string& target) {
  auto before = object_before(call);
  auto response = call.route.handler(call);
  if (!response) {
    const Error& error = response.error();
    if (error.code() == Code::internal || error.code() == Code::outcome_unknown) {
      log::error(error.message(), {{"operation", call.route.operation}, {"target", target}});
    }
    return problem(error);
  }
  if (call.route.audited && response->status < 400) audit_change(call, before, *response);
  return std::move(*response);
}

}  // namespace leoflow::api
