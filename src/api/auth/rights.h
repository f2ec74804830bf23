// SPDX-License-Identifier: Apache-2.0
// Roles, and on which DAGs they hold. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace leoflow::api {

// In rising order; each may do what the ones before it may. `none` is the role on a DAG that no
// grant names: it is not there for the user.
enum class Role { none, viewer, user, op, admin };
std::string_view to_string(Role role);  // "Viewer"
// "Admin", "Op", "User" or "Viewer", any case.
std::optional<Role> parse_role(std::string_view name);

// What an API token may do at most: read = Viewer, run = User, deploy = Viewer and deploying, full
// = all that its owner may.
enum class TokenScope { read, run, deploy, full };
std::string_view to_string(TokenScope scope);
std::optional<TokenScope> parse_token_scope(std::string_view name);

// A role on some DAGs: by id, where * stands for any text and ? for one character, or by tag.
struct Grant {
  Role role = Role::viewer;
  std::string dags, tag;  // one of them is set
  bool operator==(const Grant&) const = default;
};

constexpr size_t kGrantsMax = 100;  // per user
constexpr size_t kGrantPatternBytesMax = 250;

// Reads users.grants. `invalid` for what is not a list of {role, dags | tag}.
Result<std::vector<Grant>> parse_grants(std::string_view text);
std::string dump_grants(const std::vector<Grant>& grants);

bool glob_matches(std::string_view pattern, std::string_view text);

// What one caller may do.
struct Rights {
  Role role = Role::none;     // for what belongs to no DAG; for all DAGs where there are no grants
  std::vector<Grant> grants;  // empty: the role holds for all DAGs
  bool deploys = false;       // may deploy whatever the role
  bool operator==(const Rights&) const = default;

  // Administrators see all DAGs whatever the grants.
  bool all_dags() const { return grants.empty() || role == Role::admin; }
  // Whether a DAG's tags matter.
  bool by_tag() const;
  // The highest role that holds on a DAG.
  Role on_dag(std::string_view dag_id, const std::vector<std::string>& tags) const;
  // The highest role that holds on some DAG.
  Role on_any_dag() const;
  // The same rights, no role above `highest`.
  Rights capped(Role highest) const;
  // What a token of a scope leaves of them.
  Rights within(TokenScope scope) const;
};

// The highest role that a scope leaves.
Role role_of_scope(TokenScope scope);

}  // namespace leoflow::api
