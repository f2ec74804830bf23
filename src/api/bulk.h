// SPDX-License-Identifier: Apache-2.0
// The bulk PATCH of connections, variables and pools: a list of create, update and delete actions,
// each entity on its own, with what succeeded and what failed in the answer.
#pragma once

#include <algorithm>
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

struct BulkNames {
  std::string_view key, shape, patch_shape;  // of BulkTarget
};

// A target out of what the routes of single things do: find(key) gives a Result of an optional,
// put(entity) and update(key, entity, applies) some Result, applies(member) what update_mask says.
template <typename Find, typename Put, typename Update, typename Remove>
BulkTarget bulk_target(const BulkNames& names, Find find, Put put, Update update, Remove remove) {
  auto status = [](const auto& done) { return done ? Status() : Status(fail(done)); };
  BulkTarget target{.key = names.key, .shape = names.shape, .patch_shape = names.patch_shape};
  target.exists = [find](const std::string& key) -> Result<bool> {
    auto found = find(key);
    if (!found) return fail(found);
    return found->has_value();
  };
  target.put = [put, status](const json::object& entity) { return status(put(entity)); };
  target.update = [update, status, key = names.key](const json::object& entity,
                                                    const std::vector<std::string>& mask) {
    auto applies = [&](std::string_view member) {
      return mask.empty() || std::ranges::find(mask, member) != mask.end();
    };
    return status(update(json::string_or(entity, key), entity, applies));
  };
  target.remove = remove;
  return target;
}

// The actions of a BulkBody, at most kBulkEntitiesMax entities.
Result<Response> run_bulk(Call& call, const BulkTarget& target);
// As many as there are.
Result<Response> run_bulk(Call& call, const BulkTarget& target, const json::array& actions);
// Declares the shapes BulkBody and BulkResponse. Once.
void add_bulk_shapes(Router& router);

}  // namespace leoflow::api
