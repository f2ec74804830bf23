// SPDX-License-Identifier: Apache-2.0
// From what an issuer says of people to what they may do here. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/auth/rights.h"
#include "base/json.h"

namespace leoflow::api {

constexpr size_t kRoleRulesMax = 500;

// Who has this value in the claim has the role: on the DAGs of the grant, or everywhere.
struct RoleRule {
  std::string value;
  Role role = Role::viewer;
  std::optional<Grant> grant;
};

// "admins=Admin". `invalid` says what is wrong.
Result<RoleRule> parse_role_rule(std::string_view text);
// "etl-team=User:etl_*" or "etl-team=Op:tag=nightly".
Result<RoleRule> parse_grant_rule(std::string_view text);

// The texts of a claim: one, or a list. `path` is a member's name, or names of nested ones with
// dots between ("realm_access.roles"). At most kRoleRulesMax.
std::vector<std::string> claim_values(const json::object& claims, std::string_view path);

// The highest role of the rules that hold, and all their grants; the fallback where none holds;
// nothing when there is no fallback either: the person stays out.
std::optional<Rights> rights_by_rules(const std::vector<RoleRule>& rules,
                                      std::optional<Role> fallback,
                                      const std::vector<std::string>& values);

}  // namespace leoflow::api
