// SPDX-License-Identifier: Apache-2.0
#include "api/auth/rights.h"

#include <algorithm>

#include "base/json.h"

namespace leoflow::api {
namespace {

std::unexpected<Error> bad_grant(const std::string& what) {
  return fail(
      Code::invalid, "a grant " + what,
      R"(write grants as [{"role": "User", "dags": "etl_*"}, {"role": "Viewer", "tag": "x"}])");
}

Result<Grant> parse_grant(const json::value& value) {
  if (!value.is_object()) return bad_grant("must be an object");
  const json::object& object = value.get_object();
  auto role = parse_role(json::string_or(object, "role"));
  if (!role) return bad_grant("needs a role: Viewer, User, Op or Admin");
  Grant grant{*role, json::string_or(object, "dags"), json::string_or(object, "tag")};
  if (grant.role == Role::admin) return bad_grant("cannot make an Admin of some DAGs");
  if (grant.dags.empty() == grant.tag.empty()) return bad_grant("needs either dags or tag");
  if (std::max(grant.dags.size(), grant.tag.size()) > kGrantPatternBytesMax) {
    return bad_grant("is too long: at most " + std::to_string(kGrantPatternBytesMax) + " bytes");
  }
  return grant;
}

}  // namespace

std::string_view to_string(Role role) {
  switch (role) {
    case Role::none: return "None";
    case Role::viewer: return "Viewer";
    case Role::user: return "User";
    case Role::op: return "Op";
    case Role::admin: break;
  }
  return "Admin";
}

std::optional<Role> parse_role(std::string_view text) {
  std::string name(text);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return char(tolower(c)); });
  if (name == "viewer") return Role::viewer;
  if (name == "user") return Role::user;
  if (name == "op") return Role::op;
  if (name == "admin") return Role::admin;
  return std::nullopt;
}

std::string_view to_string(TokenScope scope) {
  switch (scope) {
    case TokenScope::read: return "read";
    case TokenScope::run: return "run";
    case TokenScope::deploy: return "deploy";
    case TokenScope::full: break;
  }
  return "full";
}

std::optional<TokenScope> parse_token_scope(std::string_view name) {
  for (TokenScope scope :
       {TokenScope::read, TokenScope::run, TokenScope::deploy, TokenScope::full}) {
    if (to_string(scope) == name) return scope;
  }
  return std::nullopt;
}

Role role_of_scope(TokenScope scope) {
  switch (scope) {
    case TokenScope::deploy:
    case TokenScope::read: return Role::viewer;
    case TokenScope::run: return Role::user;
    case TokenScope::full: break;
  }
  return Role::admin;
}

Result<std::vector<Grant>> parse_grants(std::string_view text) {
  auto parsed = json::parse(text);
  if (!parsed) return fail(parsed);
  if (!parsed->is_array()) return bad_grant("list must be a JSON list");
  if (parsed->get_array().size() > kGrantsMax) {
    return fail(Code::invalid, "a user has at most " + std::to_string(kGrantsMax) + " grants");
  }
  std::vector<Grant> grants;
  for (const json::value& value : parsed->get_array()) {
    auto grant = parse_grant(value);
    if (!grant) return fail(grant);
    grants.push_back(std::move(*grant));
  }
  return grants;
}

std::string dump_grants(const std::vector<Grant>& grants) {
  json::Writer w;
  w.begin_array();
  for (const Grant& grant : grants) {
    w.begin_object().member("role", to_string(grant.role));
    if (!grant.dags.empty()) w.member("dags", grant.dags);
    if (!grant.tag.empty()) w.member("tag", grant.tag);
    w.end_object();
  }
  w.end_array();
  return w.take();
}

// Remembers the last star only: linear in pattern times text, whatever the pattern.
bool glob_matches(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool Rights::by_tag() const {
  return std::ranges::any_of(grants, [](const Grant& grant) { return !grant.tag.empty(); });
}

Role Rights::on_dag(std::string_view dag_id, const std::vector<std::string>& tags) const {
  if (all_dags()) return role;
  Role highest = Role::none;
  for (const Grant& grant : grants) {
    bool holds = grant.tag.empty() ? glob_matches(grant.dags, dag_id)
                                   : std::ranges::find(tags, grant.tag) != tags.end();
    if (holds) highest = std::max(highest, grant.role);
  }
  return highest;
}

Role Rights::on_any_dag() const {
  if (all_dags()) return role;
  return std::ranges::max(grants, {}, &Grant::role).role;
}

Rights Rights::capped(Role highest) const {
  // An administrator's grants do not count, and must not begin to because the role is lowered.
  Rights result{std::min(role, highest), all_dags() ? std::vector<Grant>() : grants};
  for (Grant& grant : result.grants) grant.role = std::min(grant.role, highest);
  return result;
}

Rights Rights::within(TokenScope scope) const {
  Rights left = capped(role_of_scope(scope));
  left.deploys = scope == TokenScope::deploy && role >= Role::op;
  return left;
}

}  // namespace leoflow::api
