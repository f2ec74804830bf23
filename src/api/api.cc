// SPDX-License-Identifier: Apache-2.0
#include "api/api.h"

#include "api/call.h"
#include "api/caller.h"
#include "api/mask.h"
#include "api/params_check.h"
#include "api/routes.h"
#include "base/log.h"

namespace leoflow::api {
namespace {

Response plain_error(int status, std::string_view text) {
  json::Writer w;
  w.begin_object().member("error", text).end_object();
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

// Variables may be secret whatever their names are.
void hide_values(json::value& body) {
  if (body.is_array()) {
    for (json::value& item : body.get_array()) hide_values(item);
  } else if (body.is_object()) {
    for (auto& member : body.get_object()) {
      if (member.key() == "value") member.value() = kMask;
      hide_values(member.value());
    }
  }
}

Response options_response(const std::string& allow) {
  Response response = no_content();
  response.headers.emplace_back("Allow", allow + ", OPTIONS");
  return response;
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
      versions_(ports.store.dags()),
      services_{ports, options_, auth_, versions_, metrics_, router_} {
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
  auto response = call.route.handler(call);
  if (!response) {
    const Error& error = response.error();
    if (error.code() == Code::internal || error.code() == Code::outcome_unknown) {
      log::error(error.message(), {{"operation", call.route.operation}, {"target", target}});
    }
    return problem(error);
  }
  if (call.route.audited && response->status < 400) audit(call);
  return std::move(*response);
}

void Api::audit(const Call& call) const {
  auto part = [&](std::string_view name, const std::string& noted) {
    if (!noted.empty()) return noted;
    for (const auto& [key, value] : call.path_params) {
      if (key == name && value != "~") return value;
    }
    return std::string();
  };
  EventLog row{.when = services_.clock.now(), .event = call.route.operation};
  row.dag_id = part("dag_id", call.audit.dag_id);
  row.run_id = part("dag_run_id", call.audit.run_id);
  row.task_id = part("task_id", call.audit.task_id);
  row.map_index = call.audit.map_index;
  row.owner = call.user.username;
  row.address = call.request.peer;
  json::object extra{{"method", to_string(call.request.method)}};
  for (const auto& [key, value] : call.path_params) extra[key] = value;
  json::value body = masked(call.body);
  if (call.route.tag == "Variable") hide_values(body);
  constexpr size_t kAuditBytesMax = 16 * 1024;
  if (std::string text = json::dump(body); text.size() <= kAuditBytesMax)
    extra["body"] = std::move(body);
  row.extra = json::dump(extra);
  auto added = services_.store.event_log().add(row);
  if (!added)
    log::error("cannot write the audit log: " + added.error().message(), {{"event", row.event}});
}

}  // namespace leoflow::api
