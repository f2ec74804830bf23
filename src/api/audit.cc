// SPDX-License-Identifier: Apache-2.0
#include "api/audit.h"

#include <algorithm>

#include "api/mask.h"
#include "base/log.h"

namespace leoflow::api {
namespace {

// Variables may be secret whatever their names are, and so may files of them and of connections.
void hide_values(json::value& body) {
  if (body.is_array()) {
    for (json::value& item : body.get_array()) hide_values(item);
  } else if (body.is_object()) {
    for (auto& member : body.get_object()) {
      if (member.key() == "value" || member.key() == "content") member.value() = kMask;
      hide_values(member.value());
    }
  }
}

json::value shown(const Call& call, const json::value& value) {
  json::value copy = masked(value);
  if (call.route.tag == "Variable" || call.route.tag == "Connection") hide_values(copy);
  return copy;
}

void put_if_short(json::object& extra, std::string_view name, json::value value) {
  if (json::dump(value).size() <= kAuditBytesMax) extra[name] = std::move(value);
}

std::string path_part(const Call& call, std::string_view name) {
  for (const auto& [key, value] : call.path_params) {
    if (key == name && value != "~") return value;
  }
  return {};
}

std::optional<json::object> object_in(const Response& response) {
  if (response.status >= 300 || response.stream || response.body.size() > kAuditBytesMax) return {};
  auto parsed = json::parse(response.body);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return std::move(parsed->get_object());
}

// The GET route of one object at a path; null for paths that end in a list or an action.
const Route* get_route(const Call& call) {
  if (!call.route.path.ends_with('}')) return nullptr;
  for (const auto& route : call.services.router.routes()) {
    if (route->method == Method::get && route->path == call.route.path) return route.get();
  }
  return nullptr;
}

// "connection:pg": the kind is the route's tag, the name comes from the path or from what was made.
std::string object_name(const Call& call, const std::optional<json::object>& after) {
  std::string kind = call.route.tag;
  std::ranges::transform(kind, kind.begin(), [](unsigned char c) { return char(tolower(c)); });
  if (!call.path_params.empty() && call.route.path.ends_with('}'))
    return kind + ":" + call.path_params.back().second;
  for (std::string_view key : {"connection_id", "key", "name", "username", "dag_run_id"}) {
    std::string name = after ? json::string_or(*after, key) : std::string();
    if (!name.empty()) return kind + ":" + name;
  }
  return call.path_params.empty() ? kind : kind + ":" + call.path_params.back().second;
}

// Leaves only the members in which the two differ.
void keep_differences(json::object& before, json::object& after) {
  std::vector<std::string> equal;
  for (const auto& member : before) {
    const json::value* other = after.if_contains(member.key());
    if (other && *other == member.value()) equal.emplace_back(member.key());
  }
  for (const std::string& key : equal) {
    before.erase(key);
    after.erase(key);
  }
}

void add_row(const Call& call, EventLog row) {
  row.when = call.services.clock.now();
  row.address = call.request.peer;
  auto added = call.services.store.event_log().add(row);
  if (!added)
    log::error("cannot write the audit log: " + added.error().message(), {{"event", row.event}});
}

}  // namespace

std::optional<json::object> object_before(const Call& call) {
  const Route* route = call.route.audited ? get_route(call) : nullptr;
  if (!route) return std::nullopt;
  Call reading(call.services, call.request, *route);
  reading.user = call.user;
  reading.path_params = call.path_params;
  auto types = route->content_types();
  if (!types.empty()) reading.content_type = types[0];
  auto response = route->handler(reading);
  return response ? object_in(*response) : std::nullopt;
}

void audit_change(const Call& call, const std::optional<json::object>& before,
                  const Response& response) {
  auto either = [](const std::string& noted, std::string path) {
    return noted.empty() ? std::move(path) : noted;
  };
  std::optional<json::object> after = object_in(response);
  EventLog row{.event = call.route.operation};
  row.dag_id = either(call.audit.dag_id, path_part(call, "dag_id"));
  row.run_id = either(call.audit.run_id, path_part(call, "dag_run_id"));
  row.task_id = either(call.audit.task_id, path_part(call, "task_id"));
  row.map_index = call.audit.map_index;
  row.owner = call.user.username;
  row.object = object_name(call, after);
  json::object extra{{"method", to_string(call.request.method)}};
  for (const auto& [key, value] : call.path_params) extra[key] = value;
  if (call.user.api_token != 0) extra["api_token_id"] = call.user.api_token;
  put_if_short(extra, "body", shown(call, call.body));
  json::object was = before.value_or(json::object()), is = after.value_or(json::object());
  if (before && after) keep_differences(was, is);
  if (before) put_if_short(extra, "before", shown(call, was));
  if (after) put_if_short(extra, "after", shown(call, is));
  row.extra = json::dump(extra);
  add_row(call, std::move(row));
}

void audit_login(const Call& call, std::string_view event, const std::string& username,
                 std::string_view reason) {
  EventLog row{.event = std::string(event), .owner = username};
  row.object = "user:" + username;
  json::object extra{{"way", call.route.operation}};
  if (!reason.empty()) extra["reason"] = reason;
  row.extra = json::dump(extra);
  add_row(call, std::move(row));
}

}  // namespace leoflow::api
