// SPDX-License-Identifier: Apache-2.0
#include "api/auth/oidc_roles.h"

#include <algorithm>

namespace leoflow::api {
namespace {

std::unexpected<Error> bad_rule(std::string_view text, std::string_view why) {
  return fail(Code::invalid, "the rule '" + std::string(text) + "' " + std::string(why),
              "write VALUE=ROLE, or VALUE=ROLE:PATTERN and VALUE=ROLE:tag=TAG for some DAGs only");
}

struct Parts {
  std::string value, role, dags;
  bool has_dags = false;
};

// The value may hold "=" itself (names in LDAP do), roles and patterns do not but for "tag=".
std::optional<Parts> split(std::string_view text) {
  size_t tag = text.rfind(":tag=");
  size_t equals = text.substr(0, tag).rfind('=');
  if (equals == std::string_view::npos || equals == 0) return std::nullopt;
  std::string_view right = text.substr(equals + 1);
  size_t colon = right.find(':');
  Parts parts{std::string(text.substr(0, equals)), std::string(right.substr(0, colon)), {}, false};
  parts.has_dags = colon != std::string_view::npos;
  if (parts.has_dags) parts.dags = right.substr(colon + 1);
  return parts;
}

}  // namespace

Result<RoleRule> parse_role_rule(std::string_view text) {
  auto parts = split(text);
  if (!parts || parts->has_dags) return bad_rule(text, "is not VALUE=ROLE");
  auto role = parse_role(parts->role);
  if (!role) return bad_rule(text, "names no role: Viewer, User, Op or Admin");
  return RoleRule{std::move(parts->value), *role, std::nullopt};
}

Result<RoleRule> parse_grant_rule(std::string_view text) {
  auto parts = split(text);
  if (!parts || !parts->has_dags || parts->dags.empty())
    return bad_rule(text, "is not VALUE=ROLE:PATTERN");
  auto role = parse_role(parts->role);
  if (!role || *role == Role::admin) return bad_rule(text, "names no role: Viewer, User or Op");
  Grant grant{*role, parts->dags, {}};
  if (parts->dags.starts_with("tag=")) grant = {*role, {}, parts->dags.substr(4)};
  if (grant.dags.empty() && grant.tag.empty()) return bad_rule(text, "names no tag");
  if (parts->dags.size() > kGrantPatternBytesMax) return bad_rule(text, "is too long");
  return RoleRule{std::move(parts->value), *role, std::move(grant)};
}

std::vector<std::string> claim_values(const json::object& claims, std::string_view path) {
  const json::object* from = &claims;
  const json::value* found = claims.if_contains(path);  // a name may have dots itself
  while (!found && from) {
    size_t dot = path.find('.');
    if (dot == std::string_view::npos) {
      found = from->if_contains(path);
      break;
    }
    from = json::object_or_null(*from, path.substr(0, dot));
    path.remove_prefix(dot + 1);
  }
  std::vector<std::string> values;
  if (found && found->is_string()) values.emplace_back(found->get_string());
  if (!found || !found->is_array()) return values;
  for (const json::value& one : found->get_array()) {
    if (one.is_string() && values.size() < kRoleRulesMax) values.emplace_back(one.get_string());
  }
  return values;
}

std::optional<Rights> rights_by_rules(const std::vector<RoleRule>& rules,
                                      std::optional<Role> fallback,
                                      const std::vector<std::string>& values) {
  Role everywhere = Role::none;
  std::vector<Grant> grants;
  for (const RoleRule& rule : rules) {
    if (std::ranges::find(values, rule.value) == values.end()) continue;
    if (!rule.grant) {
      everywhere = std::max(everywhere, rule.role);
    } else if (grants.size() + 1 < kGrantsMax) {
      grants.push_back(*rule.grant);
    }
  }
  if (everywhere == Role::none && grants.empty()) {
    if (!fallback) return std::nullopt;
    return Rights{*fallback, {}};
  }
  if (everywhere == Role::admin) return Rights{Role::admin, {}};
  if (everywhere == Role::none) return Rights{Role::viewer, std::move(grants)};
  // With grants a role holds on no DAG by itself.
  if (!grants.empty()) grants.push_back({everywhere, "*", {}});
  return Rights{everywhere, std::move(grants)};
}

}  // namespace leoflow::api
