// SPDX-License-Identifier: Apache-2.0
#include "api/caller.h"

#include <algorithm>

namespace leoflow::api {
namespace {

constexpr std::string_view kRequestHeader = "x-leoflow-request";

struct Credential {
  bool session = false;
  std::string value;  // empty: the request brings none
};

bool is_read(const Request& request) {
  return request.method == Method::get || request.method == Method::head;
}

Credential credential_of(const Request& request) {
  std::string_view authorization = request.header("authorization");
  if (authorization.size() > 7 &&
      (authorization.starts_with("Bearer ") || authorization.starts_with("bearer "))) {
    return {false, std::string(authorization.substr(7))};
  }
  if (!authorization.empty()) return {false, std::string(authorization)};
  return {true, cookie_of(request, kSessionCookie)};
}

Result<Principal> identify(Authenticator& auth, const Credential& credential) {
  if (credential.value.empty()) return fail(Code::unauthenticated, "Not authenticated");
  return credential.session ? auth.check_session(credential.value) : auth.check(credential.value);
}

// A browser sends the cookie along with whatever other sites make it send: only what our own page
// could have sent counts.
Status check_cookie_use(const Request& request) {
  if (from_other_site(request)) {
    return fail(Code::denied, "a page of another site cannot use this session");
  }
  if (is_read(request)) return {};
  if (request.header(kRequestHeader) != "1") {
    return fail(Code::denied,
                "a write with a session cookie needs the header X-Leoflow-Request: 1");
  }
  if (request.header("origin").empty() && request.header("sec-fetch-site").empty()) {
    return fail(Code::denied, "a write with a session cookie needs an Origin header",
                "use an API token outside of browsers");
  }
  return {};
}

// The DAG that a path names; nothing when it names none or all.
std::optional<std::string> dag_of(const PathParams& path) {
  auto found = std::ranges::find(path, "dag_id", &std::pair<std::string, std::string>::first);
  if (found == path.end() || found->second == "~") return std::nullopt;
  return found->second;
}

Status check_permission(const Caller& caller, const Route& route, const PathParams& path) {
  Permission permission = route.permission;
  if (permission == Permission::nobody) {
    return fail(Code::denied, "Forbidden",
                "the operation " + route.operation + " is not in the access table");
  }
  Role needed = role_needed(permission);
  const Rights& rights = caller.user.rights;
  if (permission == Permission::dag_deploy && rights.deploys) return {};
  Role held = about_dags(permission) ? rights.on_any_dag() : rights.role;
  auto dag_id = dag_of(path);
  if (about_dags(permission) && dag_id && caller.scope) {
    return caller.scope->scope->check(*dag_id, needed);
  }
  return held >= needed ? Status{} : needs_role(needed);
}

class GuardedStream final : public StreamSource {
 public:
  GuardedStream(std::unique_ptr<StreamSource> inner, const Services& services,
                Credential credential, Caller caller)
      : auth_(services.auth),
        clock_(services.clock),
        credential_(std::move(credential)),
        caller_(std::move(caller)),
        checked_(clock_.now()),
        inner_(std::move(inner)) {}

  void start(std::function<void()> wake) override { inner_->start(std::move(wake)); }
  Next pull(std::string& out) override { return still_allowed() ? inner_->pull(out) : Next::end; }
  Duration interval() const override { return std::min(inner_->interval(), kStreamCheckInterval); }
  Duration pace() const override { return inner_->pace(); }
  bool blocks() const override { return check_due() || inner_->blocks(); }

 private:
  bool check_due() const { return clock_.now() - checked_ >= kStreamCheckInterval; }
  bool still_allowed() {
    if (!check_due()) return true;
    checked_ = clock_.now();
    auto user = identify(auth_, credential_);
    return user && user->username == caller_.user.username && user->rights == caller_.user.rights;
  }

  Authenticator& auth_;
  const Clock& clock_;
  const Credential credential_;
  const Caller caller_;
  Time checked_;
  std::unique_ptr<StreamSource> inner_;  // last: goes before the scope that it works with
};

}  // namespace

CallerScope::CallerScope(const Services& all, Rights rights, Role listed)
    : scope(std::make_shared<Scope>(std::move(rights), all.store.dags())),
      store(all.store, *scope, listed),
      engine(all.engine, all.store.assets(), scope),
      workspace(all.workspace, all.store.dags(), *scope),
      services(all, store, engine, workspace) {}

bool from_other_site(const Request& request) {
  std::string_view site = request.header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") return true;
  std::string_view origin = request.header("origin");
  if (origin.empty()) return false;
  size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos || origin.substr(scheme + 3) != request.host) return true;
  // A page that came in the clear may be anybody's. The other way round is a proxy that was not
  // named as trusted: it speaks https for us.
  return request.secure && !origin.starts_with("https://");
}

std::string cookie_of(const Request& request, std::string_view name) {
  std::string_view header = request.header("cookie");
  while (!header.empty()) {
    size_t end = std::min(header.find(';'), header.size());
    std::string_view part = header.substr(0, end);
    while (part.starts_with(' ')) part.remove_prefix(1);
    size_t equals = part.find('=');
    if (equals != std::string_view::npos && part.substr(0, equals) == name)
      return std::string(part.substr(equals + 1));
    header.remove_prefix(std::min(end + 1, header.size()));
  }
  return {};
}

Result<Caller> admit(const Services& services, const Request& request, const Route& route,
                     const PathParams& path) {
  Caller caller;
  if (route.permission == Permission::anyone) return caller;
  Credential credential = credential_of(request);
  auto user = identify(services.auth, credential);
  if (!user) return fail(user);
  caller.user = std::move(*user);
  if (credential.session) {
    if (auto status = check_cookie_use(request); !status) return fail(status);
  }
  if (!caller.user.rights.all_dags()) {
    Role listed = about_dags(route.permission) ? role_needed(route.permission) : Role::viewer;
    caller.scope = std::make_shared<CallerScope>(services, caller.user.rights, listed);
  }
  if (auto status = check_permission(caller, route, path); !status) return fail(status);
  return caller;
}

std::unique_ptr<StreamSource> guarded_stream(std::unique_ptr<StreamSource> inner,
                                             const Services& services, const Request& request,
                                             Caller caller) {
  return std::make_unique<GuardedStream>(std::move(inner), services, credential_of(request),
                                         std::move(caller));
}

}  // namespace leoflow::api
