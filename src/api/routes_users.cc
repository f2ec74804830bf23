// SPDX-License-Identifier: Apache-2.0
// /api/leoflow/v1/users: users, their roles and grants.
#include "api/call.h"
#include "api/present.h"
#include "api/routes.h"
#include "api/users.h"

namespace leoflow::api {

Result<User> find_user(const Call& call, const std::string& username) {
  auto user = call.services.store.users().get_user(username);
  if (!user) return fail(user);
  if (!*user) return fail(Code::not_found, "the user " + username + " was not found");
  return std::move(**user);
}

Status needs_full_scope(const Call& call) {
  if (call.user.scope == TokenScope::full) return {};
  return fail(Code::denied, "Forbidden",
              "this API token has the scope " + std::string(to_string(call.user.scope)) +
                  "; this needs full");
}

namespace {

// What was handed out before ends with the epoch; the rows of sessions are only tidied up.
Status save_with_new_epoch(const Call& call, User& user) {
  ++user.epoch;
  auto saved = call.services.store.users().put_user(user);
  if (!saved) return fail(saved);
  user = std::move(*saved);
  return call.services.store.sessions().remove_sessions_of(user.username);
}

void write_user(json::Writer& w, const User& user) {
  w.begin_object().member("username", user.username).member("role", user.role);
  w.key("grants").raw(user.grants);
  w.member("active", user.active).member("created_at", api_time(user.created_at));
  member_time(w, "last_login", user.last_login);
  member_text(w, "identity", user.identity);
  w.end_object();
}

Response user_response(const User& user, int status = 200) {
  json::Writer w;
  write_user(w, user);
  return json_response(w, status);
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

Result<Response> get_user(Call& call) {
  auto user = find_user(call, call.path("username"));
  if (!user) return fail(user);
  return user_response(*user);
}

// Takes role and grants from the body. Grants of an Admin would say less than the role does.
Status read_rights(const Call& call, User& user) {
  if (call.has("role")) user.role = to_string(*parse_role(call.text("role")));
  if (call.has("grants")) {
    auto grants = parse_grants(json::dump(call.body.at("grants")));
    if (!grants) return fail(grants);
    user.grants = dump_grants(*grants);
  }
  if (parse_role(user.role) == Role::admin && user.grants != "[]") {
    return fail(Code::invalid, "an Admin has all DAGs: grants are for other roles");
  }
  return {};
}

Result<Response> create_user(Call& call) {
  UserStore& users = call.services.store.users();
  std::string username = call.text("username");
  auto existing = users.get_user(username);
  if (!existing) return fail(existing);
  if (*existing) return fail(Code::exists, "the user " + username + " exists already");
  User user{.username = username,
            .role = std::string(to_string(Role::viewer)),
            .active = call.flag("active", true),
            .created_at = call.services.clock.now()};
  if (auto status = read_rights(call, user); !status) return fail(status);
  auto hash = call.services.auth.passwords().hash(call.text("password"));
  if (!hash) return fail(hash);
  user.password_hash = std::move(*hash);
  auto added = users.put_user(user);
  if (!added) return fail(added);
  return user_response(*added, 201);
}

Result<Response> patch_user(Call& call) {
  auto user = find_user(call, call.path("username"));
  if (!user) return fail(user);
  if (auto status = read_rights(call, *user); !status) return fail(status);
  bool was_active = user->active;
  user->active = call.flag("active", was_active);
  bool ends = was_active && !user->active;
  if (call.has("password")) {
    auto hash = call.services.auth.passwords().hash(call.text("password"));
    if (!hash) return fail(hash);
    user->password_hash = std::move(*hash);
    ends = true;
  }
  if (ends) {
    if (auto status = save_with_new_epoch(call, *user); !status) return fail(status);
    return user_response(*user);
  }
  auto saved = call.services.store.users().put_user(*user);
  if (!saved) return fail(saved);
  return user_response(*saved);
}

Result<Response> set_password(Call& call) {
  auto user = find_user(call, call.path("username"));
  if (!user) return fail(user);
  if (auto status = change_password(call, *user, call.text("password")); !status)
    return fail(status);
  return no_content();
}

Result<Response> delete_user(Call& call) {
  auto user = find_user(call, call.path("username"));
  if (!user) return fail(user);
  if (user->username == call.user.username)
    return fail(Code::conflict, "you cannot delete yourself");
  auto removed = call.services.store.users().remove_user(user->username);
  if (!removed) return fail(removed);
  return no_content();
}

void add_shapes(Router& router) {
  router.shape("UserResponse",
               "username:str role:<Viewer|User|Op|Admin> grants:[GrantResponse] active:bool "
               "created_at:time last_login:time? identity:str?");
  router.shape("UserCollectionResponse", "users:[UserResponse] total_entries:int");
  router.shape("GrantBody", "!role:<Viewer|User|Op> dags?:str(1..250) tag?:str(1..250)");
  router.shape("UserBody",
               "!username:str(1..250) password:str(8..1024) role?:<Viewer|User|Op|Admin> "
               "grants?:[GrantBody] active?:bool");
  router.shape("UserPatchBody",
               "!password?:str(8..1024) role?:<Viewer|User|Op|Admin> grants?:[GrantBody] "
               "active?:bool");
  router.shape("PasswordBody", "!password:str(8..1024)");
}

}  // namespace

Status change_password(const Call& call, User& user, const std::string& password) {
  auto hash = call.services.auth.passwords().hash(password);
  if (!hash) return fail(hash);
  user.password_hash = std::move(*hash);
  return save_with_new_epoch(call, user);
}

void add_user_routes(Router& router) {
  add_shapes(router);
  router.tag("User");
  const std::string base = "/api/leoflow/v1/users";
  router.add(Method::get, base, "list_users", list_users)
      .about("List users")
      .answers_with(200, "UserCollectionResponse");
  router.add(Method::post, base, "create_user", create_user)
      .about(
          "Add a user. Without grants the role holds for all DAGs; with grants, on DAGs only the "
          "grants count: each gives a role on the DAGs whose id matches dags (* and ? are "
          "wildcards) or that have a tag")
      .reads("UserBody")
      .answers_with(201, "UserResponse");
  router.add(Method::get, base + "/{username}", "get_user", get_user)
      .about("One user")
      .answers_with(200, "UserResponse");
  router.add(Method::patch, base + "/{username}", "patch_user", patch_user)
      .about(
          "Change role, grants, password or whether a user is active. A new password and "
          "deactivation end every session and signed token; the last active Admin stays one")
      .reads("UserPatchBody")
      .answers_with(200, "UserResponse");
  router.add(Method::put, base + "/{username}/password", "set_password", set_password)
      .about("Set a password; every session and signed token of the user ends")
      .reads("PasswordBody")
      .answers_with(204);
  router.add(Method::del, base + "/{username}", "delete_user", delete_user)
      .about("Delete a user with their tokens and sessions")
      .answers_with(204);
}

}  // namespace leoflow::api
