// SPDX-License-Identifier: Apache-2.0
// Logging in, and managing users and API tokens.
#include <algorithm>

#include "api/call.h"
#include "api/present.h"
#include "api/routes.h"
#include "base/crypto.h"

namespace leoflow::api {
namespace {

constexpr std::string_view kCookieRest = "; Path=/; HttpOnly; SameSite=Lax";

Result<std::string> log_in(const Call& call) {
  return call.services.auth.login(call.text("username"), call.text("password"), call.request.peer);
}

Result<Response> create_token(Call& call) {
  auto token = log_in(call);
  if (!token) return fail(token);
  json::Writer w;
  w.begin_object().member("access_token", *token).end_object();
  return json_response(w, 201);
}

void write_me(json::Writer& w, const Principal& user) {
  w.begin_object().member("username", user.username).member("role", user.role).end_object();
}

Result<Response> create_session(Call& call) {
  auto token = log_in(call);
  if (!token) return fail(token);
  auto principal = call.services.auth.check(*token);
  if (!principal) return fail(principal);
  json::Writer w;
  write_me(w, *principal);
  Response response = json_response(w, 201);
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(kTokenLife).count();
  response.headers.emplace_back("Set-Cookie", "_token=" + *token + std::string(kCookieRest) +
                                                  "; Max-Age=" + std::to_string(seconds));
  return response;
}

Result<Response> delete_session(Call&) {
  Response response = no_content();
  response.headers.emplace_back("Set-Cookie", "_token=" + std::string(kCookieRest) + "; Max-Age=0");
  return response;
}

Result<Response> get_me(Call& call) {
  json::Writer w;
  write_me(w, call.user);
  return json_response(w);
}

void write_user(json::Writer& w, const User& user) {
  w.begin_object()
      .member("username", user.username)
      .member("role", user.role)
      .member("active", user.active);
  w.member("created_at", api_time(user.created_at)).end_object();
}

Result<Response> list_users(Call& call) {
  auto users = call.services.store.users().list_users();
  if (!users) return fail(users);
  json::Writer w;
  w.begin_object().key("users").begin_array();
  for (const User& user : *users) write_user(w, user);
  w.end_array().member("total_entries", int64_t(users->size())).end_object();
  return json_response(w);
}

Result<Response> create_user(Call& call) {
  UserStore& users = call.services.store.users();
  std::string username = call.text("username");
  auto existing = users.get_user(username);
  if (!existing) return fail(existing);
  if (*existing) return fail(Code::exists, "the user " + username + " exists already");
  User user{.username = username,
            .password_hash = hash_password(call.text("password")),
            .role = call.text("role", "Viewer"),
            .created_at = call.services.clock.now()};
  auto added = users.put_user(user);
  if (!added) return fail(added);
  json::Writer w;
  write_user(w, *added);
  return json_response(w, 201);
}

Result<User> find_user(const Call& call) {
  auto user = call.services.store.users().get_user(call.path("username"));
  if (!user) return fail(user);
  if (!*user) return fail(Code::not_found, "the user " + call.path("username") + " was not found");
  return std::move(**user);
}

Result<Response> set_password(Call& call) {
  auto user = find_user(call);
  if (!user) return fail(user);
  user->password_hash = hash_password(call.text("password"));
  auto saved = call.services.store.users().put_user(*user);
  if (!saved) return fail(saved);
  return no_content();
}

Result<Response> delete_user(Call& call) {
  auto user = find_user(call);
  if (!user) return fail(user);
  if (user->username == call.user.username)
    return fail(Code::conflict, "you cannot delete yourself");
  auto removed = call.services.store.users().remove_user(user->username);
  if (!removed) return fail(removed);
  return no_content();
}

bool is_admin(const Call& call) { return access_of_role(call.user.role) == Access::admin; }

void write_token(json::Writer& w, const ApiToken& token) {
  w.member("id", token.id).member("name", token.name).member("username", token.username);
  w.member("created_at", api_time(token.created_at));
  member_time(w, "expires_at", token.expires_at);
  member_time(w, "last_used_at", token.last_used_at);
  member_time(w, "revoked_at", token.revoked_at);
}

// Everybody sees their own tokens, administrators see all.
Result<Response> list_tokens(Call& call) {
  auto tokens = call.services.store.users().list_tokens();
  if (!tokens) return fail(tokens);
  std::erase_if(*tokens, [&](const ApiToken& token) {
    return !is_admin(call) && token.username != call.user.username;
  });
  json::Writer w;
  w.begin_object().key("tokens").begin_array();
  for (const ApiToken& token : *tokens) {
    w.begin_object();
    write_token(w, token);
    w.end_object();
  }
  w.end_array().member("total_entries", int64_t(tokens->size())).end_object();
  return json_response(w);
}

Result<Response> create_token_row(Call& call) {
  Time now = call.services.clock.now();
  auto expires = call.time("expires_at");
  if (expires && *expires <= now) return fail(Code::invalid, "expires_at is in the past");
  auto made = create_api_token(call.services.store.users(), call.text("name"), call.user.username,
                               now, expires);
  if (!made) return fail(made);
  json::Writer w;
  w.begin_object();
  write_token(w, made->token);
  w.member("token", made->value).end_object();
  return json_response(w, 201);
}

Result<Response> revoke_token(Call& call) {
  int64_t id = call.path_id("token_id");
  auto token = call.services.store.users().get_token(id);
  if (!token) return fail(token);
  bool visible = *token && (is_admin(call) || (*token)->username == call.user.username);
  if (!visible)
    return fail(Code::not_found, "the API token " + call.path("token_id") + " was not found");
  auto revoked = call.services.store.users().revoke_token(id, call.services.clock.now());
  if (!revoked) return fail(revoked);
  return no_content();
}

void add_shapes(Router& router) {
  router.shape("LoginBody", "!username:str(1..250) password:str(1..1024)");
  router.shape("LoginResponse", "access_token:str");
  router.shape("MeResponse", "username:str role:str");
  router.shape("UserResponse", "username:str role:str active:bool created_at:time");
  router.shape("UserCollectionResponse", "users:[UserResponse] total_entries:int");
  router.shape("UserBody",
               "!username:str(1..250) password:str(8..1024) role?:<Viewer|User|Op|Admin>");
  router.shape("PasswordBody", "!password:str(8..1024)");
  router.shape("TokenBody", "!name:str(1..250) expires_at?:time?");
  const std::string token =
      "id:int name:str username:str created_at:time expires_at:time? last_used_at:time? "
      "revoked_at:time?";
  router.shape("TokenResponse", token);
  router.shape("NewTokenResponse", token + " token:str");
  router.shape("TokenCollectionResponse", "tokens:[TokenResponse] total_entries:int");
}

}  // namespace

void add_auth_routes(Router& router) {
  add_shapes(router);
  router.tag("Login");
  for (auto [path, operation] :
       {std::pair{"/auth/token", "create_token"}, {"/auth/token/cli", "create_token_cli"}}) {
    router.add(Method::post, path, operation, create_token)
        .about("A signed token for a user name and password")
        .needs(Access::anyone)
        .unaudited()
        .reads("LoginBody")
        .answers_with(201, "LoginResponse");
  }
  const std::string own = "/api/leoflow/v1";
  router.add(Method::post, own + "/session", "create_session", create_session)
      .about("Log a browser in: the token comes as a cookie that scripts cannot read")
      .needs(Access::anyone)
      .unaudited()
      .reads("LoginBody")
      .answers_with(201, "MeResponse");
  router.add(Method::del, own + "/session", "delete_session", delete_session)
      .about("Log a browser out")
      .needs(Access::anyone)
      .unaudited()
      .answers_with(204);
  router.add(Method::get, own + "/me", "get_me", get_me)
      .about("Who the credential belongs to")
      .answers_with(200, "MeResponse");
  router.tag("User");
  router.add(Method::get, own + "/users", "list_users", list_users)
      .about("List users")
      .needs(Access::admin)
      .answers_with(200, "UserCollectionResponse");
  router.add(Method::post, own + "/users", "create_user", create_user)
      .about("Add a user")
      .needs(Access::admin)
      .reads("UserBody")
      .answers_with(201, "UserResponse");
  router.add(Method::put, own + "/users/{username}/password", "set_password", set_password)
      .about("Set a password; signed tokens of the user end")
      .needs(Access::admin)
      .reads("PasswordBody")
      .answers_with(204);
  router.add(Method::del, own + "/users/{username}", "delete_user", delete_user)
      .about("Delete a user")
      .needs(Access::admin)
      .answers_with(204);
  router.add(Method::get, own + "/tokens", "list_tokens", list_tokens)
      .about("List API tokens: your own, or all for administrators")
      .answers_with(200, "TokenCollectionResponse");
  router.add(Method::post, own + "/tokens", "create_api_token", create_token_row)
      .about("Add an API token; its value is in this answer and nowhere else")
      .needs(Access::viewer)
      .reads("TokenBody")
      .answers_with(201, "NewTokenResponse");
  router.add(Method::del, own + "/tokens/{token_id:int}", "revoke_api_token", revoke_token)
      .about("Revoke an API token")
      .needs(Access::viewer)
      .answers_with(204);
}

}  // namespace leoflow::api
