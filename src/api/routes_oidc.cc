// SPDX-License-Identifier: Apache-2.0
// Signing in at an OpenID Connect issuer: the browser goes there and comes back.
#include "api/audit.h"
#include "api/auth/oidc.h"
#include "api/call.h"
#include "api/caller.h"
#include "api/cookies.h"
#include "api/routes.h"
#include "base/log.h"

namespace leoflow::api {
namespace {

constexpr std::string_view kLogInPath = "/auth/oidc/login", kCallbackPath = "/auth/oidc/callback";
constexpr std::string_view kSignInCookie = "leoflow_sign_in";
constexpr std::string_view kCookiePath = "/auth/oidc";

// The issuer sends the browser back from its own site: a strict cookie would stay at home.
void set_sign_in_cookie(const Call& call, Response& response, const std::string& value,
                        Duration life) {
  response.headers.emplace_back("Set-Cookie", cookie_line(call.request, {.name = kSignInCookie,
                                                                         .value = value,
                                                                         .path = kCookiePath,
                                                                         .same_site = "Lax",
                                                                         .life = life}));
}

// What the page tells the person; the reasons stay in our logs.
std::string_view word_for(Code code) {
  switch (code) {
    case Code::cancelled: return "refused";
    case Code::conflict: return "expired";
    case Code::not_found: return "no_role";
    case Code::exists: return "name_taken";
    case Code::unauthenticated: return "inactive";
    case Code::unavailable:
    case Code::timeout:
    case Code::exhausted: return "unavailable";
    default: return "failed";
  }
}

// Back to the page, which says what went wrong.
Response came_to_nothing(const Call& call, const Error& error) {
  log::warning("a sign-in at the issuer came to nothing: " + error.message(),
               {{"address", call.request.peer}});
  Response response = redirect(303, "/?sign_in=" + std::string(word_for(error.code())));
  set_sign_in_cookie(call, response, "", Duration(0));
  return response;
}

Result<Oidc*> oidc_of(const Call& call) {
  if (call.services.oidc) return call.services.oidc;
  return fail(Code::not_found, "this installation has no single sign-on",
              "leoflow server --oidc-issuer URL sets it up");
}

std::string callback_url(const Call& call) {
  return (call.request.secure ? "https://" : "http://") + call.request.host +
         std::string(kCallbackPath);
}

Result<Response> begin(Call& call) {
  auto oidc = oidc_of(call);
  if (!oidc) return fail(oidc);
  auto departure = (*oidc)->begin(callback_url(call), call.query_or("next", "/"));
  if (!departure) return came_to_nothing(call, departure.error());
  Response response = redirect(302, departure->url);
  set_sign_in_cookie(call, response, departure->cookie, kSignInLife);
  return response;
}

// The row of a person who was here before; a new one otherwise.
Result<User> row_of(const Call& call, const Person& person) {
  UserStore& users = call.services.store.users();
  auto known = users.get_user_of_identity(person.identity);
  if (!known) return fail(known);
  if (*known) return std::move(**known);
  auto namesake = users.get_user(person.username);
  if (!namesake) return fail(namesake);
  if (*namesake) {
    return fail(Code::exists, "the user " + person.username + " exists already and is another's");
  }
  return User{.username = person.username,
              .created_at = call.services.clock.now(),
              .identity = person.identity};
}

// The user of a person, with the rights that the issuer's word gives them now.
Result<User> admitted(const Call& call, const Person& person) {
  auto user = row_of(call, person);
  if (!user) return user;
  if (!user->active)
    return fail(Code::unauthenticated, "the user " + user->username + " is deactivated");
  User wanted = *user;
  wanted.role = to_string(person.rights.role);
  wanted.grants = dump_grants(person.rights.grants);
  if (user->id != 0 && wanted.role == user->role && wanted.grants == user->grants) return user;
  auto saved = call.services.store.users().put_user(wanted);
  if (saved || saved.error().code() != Code::conflict || user->id == 0) return saved;
  log::warning("the last administrator stays one", {{"user", user->username}});
  return user;
}

Result<Response> finish(Call& call) {
  auto oidc = oidc_of(call);
  if (!oidc) return fail(oidc);
  auto arrival = (*oidc)->finish({.cookie = cookie_of(call.request, kSignInCookie),
                                  .state = call.query_or("state"),
                                  .code = call.query_or("code"),
                                  .error = call.query_or("error")});
  auto user = arrival ? admitted(call, arrival->person) : fail(arrival);
  if (!user) {
    audit_login(call, "login_failed", arrival ? arrival->person.username : "",
                user.error().message());
    return came_to_nothing(call, user.error());
  }
  auto secret = call.services.auth.begin_session(*user, call.request.peer);
  if (!secret) return fail(secret);
  if (auto noted =
          call.services.store.users().note_login(user->username, call.services.clock.now());
      !noted)
    log::warning("cannot note a login", {{"user", user->username}});
  audit_login(call, "login", user->username);
  Response response = redirect(303, arrival->next);
  response.headers.emplace_back("Set-Cookie", session_cookie(call.request, *secret));
  set_sign_in_cookie(call, response, "", Duration(0));
  return response;
}

Result<Response> get_options(Call& call) {
  json::Writer w;
  w.begin_object().key("oidc");
  if (call.services.oidc) {
    w.begin_object().member("label", call.services.oidc->settings().label);
    w.member("url", kLogInPath).end_object();
  } else {
    w.null();
  }
  w.end_object();
  return json_response(w);
}

}  // namespace

void add_oidc_routes(Router& router) {
  router.shape("OidcOptionResponse", "label:str url:str");
  router.shape("SignInOptionsResponse", "oidc:OidcOptionResponse?");
  router.tag("Login");
  router.add(Method::get, "/auth/options", "get_sign_in_options", get_options)
      .about("How one may sign in besides user name and password")
      .answers_with(200, "SignInOptionsResponse");
  router.add(Method::get, kLogInPath, "begin_oidc", begin)
      .about("Send the browser to the OpenID Connect issuer")
      .takes({{.name = "next", .summary = "Path of the page to come back to"}})
      .answers_with(302)
      .answers_with(303)
      .answers_with(404, "HTTPExceptionResponse");
  router.add(Method::get, kCallbackPath, "finish_oidc", finish)
      .about("Where the issuer sends the browser back to, with state and code or error")
      .answers_with(303)
      .answers_with(404, "HTTPExceptionResponse");
}

}  // namespace leoflow::api
