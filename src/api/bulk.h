// SPDX-License-Identifier: Apache-2.0
// The bulk PATCH of connections, variables and pools: a list of create, update and delete actions,
// each entity on its own, with what succeeded and what failed in the answer.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"

namespace leoflow::api {

constexpr size_t kBulkEntitiesMax = 1000;  // over all actions of a request

// Kinds of action whose function is missing answer 405 for each entity.
struct BulkTarget {
  std::string_view key;          // member that names an entity: "connection_id"
  std::string_view shape;        // of an entity to create
  std::string_view patch_shape;  // of an entity to update
  // The key of an entity when no single member is it; empty when the entity does not name one.
  std::function<std::string(const json::object& entity)> key_of;
  std::function<Result<bool>(const std::string& key)> exists;
  std::function<Status(const json::object& entity)> put;  // creates or overwrites
  std::function<Status(const json::object& entity, const std::vector<std::string>& mask)> update;
  std::function<Status(const std::string& key)> remove;
};

Result<Response> run_bulk(Call& call, const BulkTarget& target);
// Declares the shapes BulkBody and BulkResponse. Once.
void add_bulk_shapes(Router& router);

}  // namespace leoflow::api
