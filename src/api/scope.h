// SPDX-License-Identifier: Apache-2.0
// The DAGs of one caller. A caller whose role does not hold everywhere works with a store, an
// engine and a workspace that know only these: handlers need not think of it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/auth/rights.h"
#include "async/guarded.h"
#include "store/dag_store.h"

namespace leoflow::api {

// Any thread. Shared by the request, its scoped collaborators and the stream it answers with.
class Scope {
 public:
  // dags outlives this.
  Scope(Rights rights, DagStore& dags) : rights_(std::move(rights)), dags_(dags) {}

  // The highest role on a DAG; `none` for what is not there for this caller.
  Result<Role> role_on(const std::string& dag_id);
  // The DAGs with at least a role, by id.
  Result<std::vector<std::string>> dags(Role at_least);
  // A DAG's tags may have changed: ask again.
  void forget(const std::string& dag_id);

  // Success when the role is held; `not_found` for a DAG that is not there for the caller, `denied`
  // for one that may be read only.
  Status check(const std::string& dag_id, Role at_least);

  const Rights& rights() const { return rights_; }

 private:
  const Rights rights_;
  DagStore& dags_;
  Guarded<std::map<std::string, Role>> known_;  // roles that took a look at the tags
};

// The answers to a caller without the role.
std::unexpected<Error> no_such_dag(const std::string& dag_id);
std::unexpected<Error> needs_role(Role role);

}  // namespace leoflow::api
