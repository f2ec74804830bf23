// SPDX-License-Identifier: Apache-2.0
// /api/leoflow/v1/tokens: API tokens.
#include <algorithm>

#include "api/call.h"
#include "api/present.h"
#include "api/routes.h"
#include "api/users.h"

namespace leoflow::api {
namespace {

constexpr int64_t kTokensMax = 1000;  // per user, revoked ones too

bool is_admin(const Call& call) { return call.user.rights.role == Role::admin; }

void write_token(json::Writer& w, const ApiToken& token) {
  w.member("id", token.id).member("name", token.name).member("username", token.username);
  w.member("scope", token.scope).member("created_at", api_time(token.created_at));
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

Status check_count(const Call& call) {
  auto tokens = call.services.store.users().list_tokens();
  if (!tokens) return fail(tokens);
  auto own = std::ranges::count(*tokens, call.user.username, &ApiToken::username);
  if (own < kTokensMax) return {};
  return fail(Code::exhausted, "a user has at most " + std::to_string(kTokensMax) + " API tokens");
}

Result<Response> create_token(Call& call) {
  // A narrow token must not make a wider one.
  if (auto status = needs_full_scope(call); !status) return fail(status);
  Time now = call.services.clock.now();
  auto expires = call.time("expires_at");
  if (expires && *expires <= now) return fail(Code::invalid, "expires_at is in the past");
  if (auto status = check_count(call); !status) return fail(status);
  auto made = create_api_token(call.services.store.users(),
                               {.name = call.text("name"),
                                .username = call.user.username,
                                .created_at = now,
                                .expires_at = expires,
                                .scope = call.text("scope", to_string(TokenScope::full))});
  if (!made) return fail(made);
  json::Writer w;
  w.begin_object();
  write_token(w, made->token);
  w.member("token", made->value).end_object();
  return json_response(w, 201);
}

Result<Response> revoke_token(Call& call) {
  if (auto status = needs_full_scope(call); !status) return fail(status);
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

}  // namespace

void add_token_routes(Router& router) {
  router.tag("Token");
  router.shape("TokenBody", "!name:str(1..250) scope?:<read|run|deploy|full> expires_at?:time?");
  const std::string token =
      "id:int name:str username:str scope:<read|run|deploy|full> created_at:time expires_at:time? "
      "last_used_at:time? revoked_at:time?";
  router.shape("TokenResponse", token);
  router.shape("NewTokenResponse", token + " token:str");
  router.shape("TokenCollectionResponse", "tokens:[TokenResponse] total_entries:int");
  const std::string base = "/api/leoflow/v1/tokens";
  router.add(Method::get, base, "list_tokens", list_tokens)
      .about("List API tokens: your own, or all for administrators")
      .answers_with(200, "TokenCollectionResponse");
  router.add(Method::post, base, "create_api_token", create_token)
      .about(
          "Add an API token; its value is in this answer and nowhere else. The scope read may do "
          "what a Viewer may, run what a User may, deploy also deploy, full what its owner may: "
          "never "
          "more than that")
      .reads("TokenBody")
      .answers_with(201, "NewTokenResponse");
  router.add(Method::del, base + "/{token_id:int}", "revoke_api_token", revoke_token)
      .about("Revoke an API token: it opens nothing from then on")
      .answers_with(204);
}

}  // namespace leoflow::api
