// SPDX-License-Identifier: Apache-2.0
#include "api/scope.h"

#include <optional>

namespace leoflow::api {

std::unexpected<Error> no_such_dag(const std::string& dag_id) {
  return fail(Code::not_found, "The Dag with ID: `" + dag_id + "` was not found");
}

std::unexpected<Error> needs_role(Role role) {
  return fail(Code::denied, "Forbidden", "this needs the role " + std::string(to_string(role)));
}

Result<Role> Scope::role_on(const std::string& dag_id) {
  if (!rights_.by_tag()) return rights_.on_dag(dag_id, {});
  using Known = std::map<std::string, Role>;
  auto known = known_.with([&](Known& roles) -> std::optional<Role> {
    auto found = roles.find(dag_id);
    return found == roles.end() ? std::nullopt : std::optional(found->second);
  });
  if (known) return *known;
  auto tags = dags_.tags_of(dag_id);
  if (!tags) return fail(tags);
  Role role = rights_.on_dag(dag_id, *tags);
  known_.with([&](Known& roles) { roles[dag_id] = role; });
  return role;
}

Result<std::vector<std::string>> Scope::dags(Role at_least) {
  auto all = dags_.list_tags();
  if (!all) return fail(all);
  std::vector<std::string> ids;
  for (DagTags& dag : *all) {
    if (rights_.on_dag(dag.dag_id, dag.tags) >= at_least) ids.push_back(std::move(dag.dag_id));
  }
  return ids;
}

void Scope::forget(const std::string& dag_id) {
  known_.with([&](std::map<std::string, Role>& roles) { roles.erase(dag_id); });
}

Status Scope::check(const std::string& dag_id, Role at_least) {
  auto role = role_on(dag_id);
  if (!role) return fail(role);
  if (*role == Role::none) return no_such_dag(dag_id);
  if (*role < at_least) return needs_role(at_least);
  return {};
}

}  // namespace leoflow::api
