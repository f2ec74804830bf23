// SPDX-License-Identifier: Apache-2.0
#include "api/auth/authenticator.h"

#include <charconv>

#include "base/check.h"
#include "base/crypto.h"
#include "base/log.h"

namespace leoflow::api {
namespace {

constexpr size_t kTokenSecretLength = 40;
constexpr size_t kTokenBytesMax = 128;

std::string password_tag(const User& user) { return sha256_hex(user.password_hash).substr(0, 16); }

std::unexpected<Error> bad_credentials() {
  return fail(Code::unauthenticated, "Invalid credentials");
}

}  // namespace

Result<NewToken> create_api_token(UserStore& users, const std::string& name,
                                  const std::string& username, Time now,
                                  std::optional<Time> expires_at) {
  std::string secret = random_token(kTokenSecretLength);
  ApiToken row{.name = name,
               .username = username,
               .secret_hash = sha256_hex(secret),
               .created_at = now,
               .expires_at = expires_at};
  auto added = users.add_token(row);
  if (!added) return fail(added);
  std::string value = std::string(kApiTokenPrefix) + std::to_string(added->id) + "_" + secret;
  return NewToken{std::move(*added), std::move(value)};
}

Authenticator::Authenticator(UserStore& users, const Clock& clock, std::string secret)
    : users_(users),
      clock_(clock),
      secret_(std::move(secret)),
      unknown_hash_(hash_password(random_token(16))) {
  CHECK(secret_.size() >= 32);
}

std::string Authenticator::tag(std::string_view text) const {
  return hmac_sha256(secret_, text).substr(0, 16);
}

Result<Principal> Authenticator::check(std::string_view token) {
  return token.starts_with(kApiTokenPrefix) ? check_api_token(token) : check_signed(token);
}

Result<User> Authenticator::active_user(const std::string& username) {
  auto user = users_.get_user(username);
  if (!user) return fail(user);
  if (!*user || !(*user)->active)
    return fail(Code::unauthenticated, "the token's user is gone or disabled");
  return std::move(**user);
}

Result<Principal> Authenticator::check_signed(std::string_view token) {
  auto claims = verify_jwt(token, secret_, clock_.now());
  if (!claims) return fail(claims);
  auto user = active_user(claims->subject);
  if (!user) return fail(user);
  if (password_tag(*user) != claims->password_tag) {
    return fail(Code::unauthenticated, "the password was changed after this token was made");
  }
  return Principal{user->username, user->role, 0};
}

Result<Principal> Authenticator::check_api_token(std::string_view token) {
  std::string_view rest = token.substr(kApiTokenPrefix.size());
  int64_t id = 0;
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), id);
  if (token.size() > kTokenBytesMax || error != std::errc() || end == rest.data() + rest.size() ||
      *end != '_') {
    return fail(Code::denied, "Forbidden");
  }
  std::string_view secret = rest.substr(size_t(end - rest.data()) + 1);
  auto row = users_.get_token(id);
  if (!row) return fail(row);
  Time now = clock_.now();
  if (!*row || !equal_constant_time((*row)->secret_hash, sha256_hex(secret)))
    return fail(Code::denied, "Forbidden");
  const ApiToken& found = **row;
  if (found.revoked_at) return fail(Code::unauthenticated, "the API token was revoked");
  if (found.expires_at && *found.expires_at <= now)
    return fail(Code::unauthenticated, "Token Expired");
  auto user = active_user(found.username);
  if (!user) return fail(user);
  if (!found.last_used_at || *found.last_used_at + kTokenTouchInterval <= now) {
    auto touched = users_.touch_token(id, now);
    if (!touched) log::warning("cannot note the use of an API token", {{"token", id}});
  }
  return Principal{user->username, user->role, id};
}

Result<std::string> Authenticator::login(const std::string& username, const std::string& password,
                                         const std::string& address) {
  Time now = clock_.now();
  Duration wait = limiter_.wait_needed(address, username, now);
  if (wait > Duration(0)) {
    return fail(Code::exhausted, "too many failed logins", "try again in " + format_duration(wait));
  }
  if (password.size() > kPasswordBytesMax) return bad_credentials();
  auto user = users_.get_user(username);
  if (!user) return fail(user);
  bool known = *user && (*user)->active;
  bool fits = password_matches(known ? (*user)->password_hash : unknown_hash_, password);
  if (!known || !fits) {
    limiter_.failed(address, username, now);
    return bad_credentials();
  }
  limiter_.succeeded(address, username);
  Claims claims{.subject = username,
                .role = (*user)->role,
                .password_tag = password_tag(**user),
                .issued_at = now,
                .expires_at = now + kTokenLife};
  return sign_jwt(claims, secret_);
}

}  // namespace leoflow::api
