// SPDX-License-Identifier: Apache-2.0
// The table of routes and shapes, and the lookup by path. Filled at start, read-only afterwards
// (any thread).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/route.h"
#include "base/json.h"

namespace leoflow::api {

using PathParams = std::vector<std::pair<std::string, std::string>>;

class Router {
 public:
  Router();
  ~Router();
  Router(const Router&) = delete;

  // Adds a route; the reference stays valid for the router's life. Writes are audited unless said
  // otherwise. Who may call it says the table in access.h, by its operation. Requires: no route
  // with the same method and path.
  Route& add(Method method, std::string_view path, std::string_view operation, Handler handler);
  // Declares a shape (api/schema.h). Requires: a new name, valid notation.
  void shape(std::string_view name, std::string_view notation);
  // The same for a JSON schema that the notation has no words for.
  void raw_shape(std::string_view name, std::string_view schema);
  // The tag of the routes added from now on.
  void tag(std::string_view name) { tag_ = name; }

  struct Found {
    const Route* route = nullptr;  // null: no route for this method
    PathParams params;
    std::string allow;       // methods of the path ("GET, HEAD"); empty: unknown path
    bool bad_slash = false;  // an escaped slash where none may be
  };
  // The most specific route for the segments of a path: literals win over parameters.
  Found find(Method method, const std::vector<std::string>& segments) const;

  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }
  // {"components": {"schemas": {...}}}: the root that references in shapes resolve in.
  const json::value& shapes() const { return shapes_; }
  // The schema of a shape. Requires: it is declared.
  const json::value& shape_of(std::string_view name) const;

 private:
  struct Node;
  void keep_shape(std::string_view name, json::value schema);

  std::vector<std::unique_ptr<Route>> routes_;
  std::unique_ptr<Node> root_;
  json::value shapes_;
  std::string tag_;
};

}  // namespace leoflow::api
