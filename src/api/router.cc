// SPDX-License-Identifier: Apache-2.0
#include "api/router.h"

#include <algorithm>

#include "api/schema.h"
#include "base/check.h"

namespace leoflow::api {
namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    if (path[0] == '/') path.remove_prefix(1);
    size_t end = std::min(path.find('/'), path.size());
    if (end > 0) parts.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return parts;
}

bool is_integer(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.size() <= 18 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool has_slash(std::string_view text) { return text.find('/') != std::string_view::npos; }

std::string joined(const std::vector<std::string>& segments, size_t from) {
  std::string text;
  for (size_t i = from; i < segments.size(); ++i) text += (i > from ? "/" : "") + segments[i];
  return text;
}

}  // namespace

// A tree of path segments. A parameter child of each kind; tried in the order literal, integer,
// text, rest.
struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> integer, text, rest;
  std::map<Method, const Route*> methods;

  Node& child(std::string_view part);
  // Nodes that match segments from `at` on, most specific first.
  void collect(const std::vector<std::string>& segments, size_t at,
               std::vector<const Node*>& found) const;
};

Router::Node& Router::Node::child(std::string_view part) {
  std::unique_ptr<Node>* slot = nullptr;
  if (!part.starts_with('{')) {
    slot = &literals[std::string(part)];
  } else if (part.ends_with(":int}")) {
    slot = &integer;
  } else {
    slot = part.ends_with(":path}") ? &rest : &text;
  }
  if (!*slot) *slot = std::make_unique<Node>();
  return **slot;
}

void Router::Node::collect(const std::vector<std::string>& segments, size_t at,
                           std::vector<const Node*>& found) const {
  if (at == segments.size()) {
    if (!methods.empty()) found.push_back(this);
    return;
  }
  auto literal = literals.find(segments[at]);
  if (literal != literals.end()) literal->second->collect(segments, at + 1, found);
  if (integer && is_integer(segments[at])) integer->collect(segments, at + 1, found);
  if (text) text->collect(segments, at + 1, found);
  if (rest) rest->collect(segments, segments.size(), found);
}

Router::Router() : root_(std::make_unique<Node>()) {
  shapes_ = json::object{{"components", json::object{{"schemas", json::object()}}}};
}

Router::~Router() = default;

Route& Router::add(Method method, std::string_view path, std::string_view operation,
                   Handler handler) {
  routes_.push_back(std::make_unique<Route>());
  Route& route = *routes_.back();
  route.method = method;
  route.path = path;
  route.operation = operation;
  route.handler = handler;
  route.tag = tag_;
  route.audited = method != Method::get;
  route.permission = permission_of(operation);
  Node* node = root_.get();
  for (std::string_view part : split(path)) node = &node->child(part);
  CHECK(node->methods.emplace(method, &route).second);
  return route;
}

void Router::keep_shape(std::string_view name, json::value schema) {
  json::object& all = shapes_.at("components").at("schemas").as_object();
  CHECK(all.emplace(name, std::move(schema)).second);
}

void Router::shape(std::string_view name, std::string_view notation) {
  auto schema = compile_shape(notation);
  CHECK(schema.has_value());
  keep_shape(name, std::move(*schema));
}

void Router::raw_shape(std::string_view name, std::string_view schema) {
  auto parsed = json::parse(schema);
  CHECK(parsed.has_value());
  keep_shape(name, std::move(*parsed));
}

const json::value& Router::shape_of(std::string_view name) const {
  const json::value* schema = shapes_.at("components").at("schemas").as_object().if_contains(name);
  CHECK(schema != nullptr);
  return *schema;
}

Router::Found Router::find(Method method, const std::vector<std::string>& segments) const {
  Found found;
  std::vector<const Node*> nodes;
  root_->collect(segments, 0, nodes);
  if (nodes.empty()) return found;
  Method wanted = method == Method::head ? Method::get : method;
  for (const Node* node : nodes) {
    auto entry = node->methods.find(wanted);
    if (entry != node->methods.end() && !found.route) found.route = entry->second;
    for (const auto& [one, route] : node->methods) {
      std::string name(to_string(one));
      if (one == Method::get) name += ", HEAD";
      if (found.allow.find(name) == std::string::npos)
        found.allow += (found.allow.empty() ? "" : ", ") + name;
    }
  }
  if (!found.route) return found;
  auto parts = split(found.route->path);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].starts_with('{')) continue;
    std::string_view name = parts[i].substr(1, parts[i].size() - 2);
    bool takes_rest = name.ends_with(":path");
    std::string value = takes_rest ? joined(segments, i) : segments[i];
    if (!takes_rest && has_slash(value)) found.bad_slash = true;
    found.params.emplace_back(name.substr(0, name.find(':')), std::move(value));
  }
  return found;
}

}  // namespace leoflow::api
