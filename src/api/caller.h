// SPDX-License-Identifier: Apache-2.0
// Who a request is from, what they may see, and whether the route is theirs to call.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "api/http.h"
#include "api/route.h"
#include "api/router.h"
#include "api/scoped_engine.h"
#include "api/scoped_store.h"
#include "api/services.h"

namespace leoflow::api {

constexpr std::string_view kSessionCookie = "leoflow_session";
constexpr Duration kStreamCheckInterval = std::chrono::seconds(5);

// The collaborators of a caller whose role does not hold on every DAG.
struct CallerScope {
  CallerScope(const Services& all, Rights rights, Role listed);

  std::shared_ptr<Scope> scope;  // shared with subscriptions to the engine
  ScopedStore store;
  ScopedEngine engine;
  ScopedWorkspace workspace;
  Services services;
};

struct Caller {
  Principal user;                      // empty for routes that anyone may call
  std::shared_ptr<CallerScope> scope;  // null: sees every DAG. Shared with the answer's stream
};

// Whether a page of another site made a browser send this, as far as the headers tell.
bool from_other_site(const Request& request);
// The value of a cookie; empty when there is none.
std::string cookie_of(const Request& request, std::string_view name);

// The caller of a route. `unauthenticated`: no credential, or one that has ended; `denied`: the
// role does not suffice, or a write with a cookie does not prove that our page sent it;
// `not_found`: the path names a DAG that is not there for the caller.
Result<Caller> admit(const Services& services, const Request& request, const Route& route,
                     const PathParams& path);

// The stream, ended when its caller's credential ends or their rights change. Keeps the caller's
// scope. Requires: the request was admitted.
std::unique_ptr<StreamSource> guarded_stream(std::unique_ptr<StreamSource> inner,
                                             const Services& services, const Request& request,
                                             Caller caller);

}  // namespace leoflow::api
