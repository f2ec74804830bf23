// SPDX-License-Identifier: Apache-2.0
// Logging in and out, and one's own account.
#include "api/audit.h"
#include "api/auth/oidc.h"
#include "api/call.h"
#include "api/caller.h"
#include "api/cookies.h"
#include "api/present.h"
#include "api/routes.h"
#include "api/users.h"

namespace leoflow::api {
namespace {

Response wait_response(const Call& call, const Error& error, const std::string& username) {
  Duration wait = call.services.auth.wait_needed(username, call.request.peer);
  Response response = problem(error);
  auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  response.headers.emplace_back("Retry-After", std::to_string(std::max<int64_t>(seconds, 1)));
  return response;
}

// Calls with_user(user) after a login; the refusal otherwise.
Result<Response> with_login(Call& call, auto with_user) {
  if (from_other_site(call.request))
    return fail(Code::denied, "a page of another site cannot log in here");
  std::string username = call.text("username");
  auto user = call.services.auth.log_in(username, call.text("password"), call.request.peer);
  // Tries that were not even looked at are not told: they could fill the log.
  if (!user && user.error().code() == Code::exhausted)
    return wait_response(call, user.error(), username);
  audit_login(call, user ? "login" : "login_failed", username);
  if (!user) return fail(user);
  return with_user(*user);
}

Result<Response> create_token(Call& call) {
  return with_login(call, [&](const User& user) -> Result<Response> {
    json::Writer w;
    w.begin_object().member("access_token", call.services.auth.sign(user)).end_object();
    return json_response(w, 201);
  });
}

// What the web page offers: rights on any DAG, or on what belongs to no DAG.
void write_me(json::Writer& w, const std::string& username, const Rights& rights,
              bool has_password) {
  w.begin_object().member("username", username).member("role", to_string(rights.role));
  w.key("can").begin_object();
  Role on_dags = rights.on_any_dag();
  w.member("read", on_dags >= Role::viewer)
      .member("trigger", on_dags >= role_needed(Permission::dag_run))
      .member("edit_xcoms", on_dags >= role_needed(Permission::xcom_edit))
      .member("operate", rights.role >= role_needed(Permission::connection_edit))
      .member("admin", rights.role >= role_needed(Permission::user_manage))
      .member("change_password", has_password)
      .end_object();
  w.key("grants").raw(dump_grants(rights.all_dags() ? std::vector<Grant>() : rights.grants));
  w.end_object();
}

Result<Response> login(Call& call) {
  return with_login(call, [&](const User& user) -> Result<Response> {
    auto rights = Authenticator::rights_of(user);
    if (!rights) return fail(rights);
    auto secret = call.services.auth.begin_session(user, call.request.peer);
    if (!secret) return fail(secret);
    json::Writer w;
    write_me(w, user.username, *rights, true);
    Response response = json_response(w);
    response.headers.emplace_back("Set-Cookie", session_cookie(call.request, *secret));
    return response;
  });
}

// Also without a session, so that a page can always forget its cookie.
Result<Response> end_session(Call& call, Response response) {
  std::string secret = cookie_of(call.request, kSessionCookie);
  if (!secret.empty()) {
    auto user = call.services.auth.check_session(secret);
    if (auto ended = call.services.auth.end_session(secret); !ended) return fail(ended);
    if (user) audit_login(call, "logout", user->username);
  }
  response.headers.emplace_back("Set-Cookie", session_cookie(call.request, ""));
  return response;
}

Result<Response> logout(Call& call) {
  if (from_other_site(call.request))
    return fail(Code::denied, "a page of another site cannot log out here");
  return end_session(call, no_content());
}

// The page asks who one is wherever one comes to it.
Result<Response> go_to_login(Call& call) {
  return redirect(307, Oidc::safe_next(call.query_or("next", "/")));
}

// A link of another site leads to the page, but ends nothing.
Result<Response> go_to_logout(Call& call) {
  if (from_other_site(call.request)) return redirect(307, "/");
  return end_session(call, redirect(307, "/"));
}

Result<Response> get_me(Call& call) {
  auto user = find_user(call, call.user.username);
  if (!user) return fail(user);
  json::Writer w;
  write_me(w, call.user.username, call.user.rights, !user->password_hash.empty());
  return json_response(w);
}

Result<Response> set_own_password(Call& call) {
  if (auto status = needs_full_scope(call); !status) return fail(status);
  auto user = find_user(call, call.user.username);
  if (!user) return fail(user);
  auto checked =
      call.services.auth.log_in(user->username, call.text("current_password"), call.request.peer);
  if (!checked) {
    if (checked.error().code() == Code::exhausted)
      return wait_response(call, checked.error(), user->username);
    return fail(Code::denied, "the current password is not right");
  }
  if (auto status = change_password(call, *user, call.text("password")); !status)
    return fail(status);
  Response response = no_content();
  if (call.user.way != Principal::Way::session) return response;
  // Every session of the user has ended; this browser goes on with a new one.
  auto secret = call.services.auth.begin_session(*user, call.request.peer);
  if (!secret) return fail(secret);
  response.headers.emplace_back("Set-Cookie", session_cookie(call.request, *secret));
  return response;
}

void add_shapes(Router& router) {
  router.shape("LoginBody", "!username:str(1..250) password:str(1..1024)");
  router.shape("LoginResponse", "access_token:str");
  router.shape("RightsResponse",
               "read:bool trigger:bool edit_xcoms:bool operate:bool admin:bool "
               "change_password:bool");
  router.shape("GrantResponse", "role:<Viewer|User|Op> dags?:str tag?:str");
  router.shape("MeResponse", "username:str role:str can:RightsResponse grants:[GrantResponse]");
  router.shape("OwnPasswordBody", "!current_password:str(1..1024) password:str(8..1024)");
}

}  // namespace

void add_session_routes(Router& router) {
  add_shapes(router);
  router.tag("Login");
  for (auto [path, operation] :
       {std::pair{"/auth/token", "create_token"}, {"/auth/token/cli", "create_token_cli"}}) {
    router.add(Method::post, path, operation, create_token)
        .about("A signed token for a user name and password; it lives for an hour")
        .unaudited()
        .reads("LoginBody")
        .answers_with(201, "LoginResponse")
        .answers_with(401, "HTTPExceptionResponse")
        .answers_with(429, "HTTPExceptionResponse");
  }
  router.add(Method::post, "/auth/login", "login", login)
      .about("Log a browser in: the session comes as a cookie that scripts cannot read")
      .unaudited()
      .reads("LoginBody")
      .answers_with(200, "MeResponse")
      .answers_with(401, "HTTPExceptionResponse")
      .answers_with(429, "HTTPExceptionResponse");
  router.add(Method::post, "/auth/logout", "logout", logout)
      .about("End the browser's session")
      .unaudited()
      .answers_with(204);
  router.add(Method::get, "/api/v2/auth/login", "go_to_login", go_to_login)
      .about("To the page, which asks for a login where there is none")
      .takes({{.name = "next", .summary = "Path of the page to come to"}})
      .answers_with(307);
  router.add(Method::get, "/api/v2/auth/logout", "go_to_logout", go_to_logout)
      .about("End the browser's session, and to the page")
      .answers_with(307);
  const std::string own = "/api/leoflow/v1/me";
  router.add(Method::get, own, "get_me", get_me)
      .about("Who the credential belongs to, and what they may do")
      .answers_with(200, "MeResponse");
  router.add(Method::put, own + "/password", "set_own_password", set_own_password)
      .about("Change one's own password; other sessions and signed tokens end")
      .reads("OwnPasswordBody")
      .answers_with(204);
}

}  // namespace leoflow::api
