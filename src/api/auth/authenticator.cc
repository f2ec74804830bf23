// SPDX-License-Identifier: Apache-2.0
#include "api/auth/authenticator.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/crypto.h"
#include "base/log.h"

namespace leoflow::api {
namespace {

constexpr size_t kSecretLength = 40;
constexpr size_t kSecretBytesMax = 128;  // of what is looked up; longer is nobody's

// Changes with the password and whenever everything of the user must end.
std::string password_tag(const User& user) {
  return sha256_hex(std::to_string(user.epoch) + ":" + user.password_hash).substr(0, 16);
}

std::unexpected<Error> bad_credentials() {
  return fail(Code::unauthenticated, "Invalid credentials");
}

Result<Principal> principal_of(const User& user) {
  auto rights = Authenticator::rights_of(user);
  if (!rights) return fail(rights);
  Principal principal{.username = user.username};
  principal.rights = std::move(*rights);
  principal.role = to_string(principal.rights.role);
  return principal;
}

}  // namespace

Result<NewToken> create_api_token(UserStore& users, ApiToken wanted) {
  std::string secret = random_token(kSecretLength);
  wanted.secret_hash = sha256_hex(secret);
  auto added = users.add_token(wanted);
  if (!added) return fail(added);
  std::string value = std::string(kApiTokenPrefix) + std::to_string(added->id) + "_" + secret;
  return NewToken{std::move(*added), std::move(value)};
}

Result<NewToken> create_api_token(UserStore& users, const std::string& name,
                                  const std::string& username, Time now,
                                  std::optional<Time> expires_at) {
  return create_api_token(
      users, {.name = name, .username = username, .created_at = now, .expires_at = expires_at});
}

Authenticator::Authenticator(UserStore& users, SessionStore& sessions, const Clock& clock,
                             std::string secret)
    : users_(users), sessions_(sessions), clock_(clock), secret_(std::move(secret)) {
  CHECK(secret_.size() >= 32);
}

std::string Authenticator::tag(std::string_view text) const {
  return hmac_sha256(secret_, text).substr(0, 16);
}

Result<Rights> Authenticator::rights_of(const User& user) {
  auto grants = parse_grants(user.grants);
  if (!grants) {
    return fail(Code::internal, "the grants of user " + user.username +
                                    " cannot be read: " + grants.error().message());
  }
  return Rights{parse_role(user.role).value_or(Role::viewer), std::move(*grants)};
}

// Requests come in numbers with the same few credentials: what is known of one holds until
// something in the store changes, or until its time.
template <typename Check>
Result<Principal> Authenticator::known_or(std::string_view credential, Check check) {
  // Read first: a change that comes while we look makes what we find count for nothing.
  auto changes = users_.changes();
  if (!changes) {
    auto checked = check();
    return checked ? std::move(checked->principal) : Result<Principal>(fail(checked));
  }
  Time now = clock_.now();
  std::string hash = sha256(credential);
  auto found = known_.with([&](Known& known) -> std::optional<Principal> {
    if (known.changes < *changes) known = {*changes, {}};
    auto entry = known.by_hash.find(hash);
    bool holds =
        known.changes == *changes && entry != known.by_hash.end() && now < entry->second.until;
    return holds ? std::optional(entry->second.principal) : std::nullopt;
  });
  if (found) return std::move(*found);
  auto checked = check();
  if (!checked) return fail(checked);
  known_.with([&](Known& known) {
    if (known.changes != *changes) return;
    if (known.by_hash.size() >= kCredentialsKnownMax) known.by_hash.clear();
    known.by_hash.insert_or_assign(std::move(hash), *checked);
  });
  return std::move(checked->principal);
}

Result<Principal> Authenticator::check(std::string_view token) {
  return known_or(token, [&] {
    return token.starts_with(kApiTokenPrefix) ? check_api_token(token) : check_signed(token);
  });
}

Result<Principal> Authenticator::check_session(std::string_view secret) {
  // A prefix that no token has: a session's secret is none, nor the other way round.
  return known_or("session " + std::string(secret), [&] { return look_up_session(secret); });
}

Result<User> Authenticator::active_user(const std::string& username) {
  auto user = users_.get_user(username);
  if (!user) return fail(user);
  if (!*user || !(*user)->active)
    return fail(Code::unauthenticated, "the token's user is gone or disabled");
  return std::move(**user);
}

Result<Authenticator::Checked> Authenticator::check_signed(std::string_view token) {
  auto claims = verify_jwt(token, secret_, clock_.now());
  if (!claims) return fail(claims);
  auto user = active_user(claims->subject);
  if (!user) return fail(user);
  if (password_tag(*user) != claims->password_tag) {
    return fail(Code::unauthenticated, "the password was changed after this token was made");
  }
  auto principal = principal_of(*user);
  if (!principal) return fail(principal);
  return Checked{std::move(*principal), claims->expires_at};
}

Result<Authenticator::Checked> Authenticator::check_api_token(std::string_view token) {
  std::string_view rest = token.substr(kApiTokenPrefix.size());
  int64_t id = 0;
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), id);
  if (token.size() > kSecretBytesMax || error != std::errc() || end == rest.data() + rest.size() ||
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
  if (!found.last_used_at || *found.last_used_at + kTouchInterval <= now) {
    auto touched = users_.touch_token(id, now);
    if (!touched) log::warning("cannot note the use of an API token", {{"token", id}});
  }
  auto principal = principal_of(*user);
  if (!principal) return fail(principal);
  principal->way = Principal::Way::api_token;
  principal->api_token = id;
  principal->scope = parse_token_scope(found.scope).value_or(TokenScope::read);
  principal->rights = principal->rights.within(principal->scope);
  principal->role = to_string(principal->rights.role);
  return Checked{std::move(*principal),
                 std::min(now + kTouchInterval, found.expires_at.value_or(Time::max()))};
}

Result<Authenticator::Checked> Authenticator::look_up_session(std::string_view secret) {
  auto ended = [] { return fail(Code::unauthenticated, "the session has ended"); };
  if (secret.size() > kSecretBytesMax) return ended();
  std::string hash = sha256_hex(secret);
  auto session = sessions_.get_session(hash);
  if (!session) return fail(session);
  Time now = clock_.now();
  if (!*session || (*session)->expires_at <= now) return ended();
  auto user = active_user((*session)->username);
  if (!user) return fail(user);
  if (user->epoch != (*session)->epoch) return ended();
  if ((*session)->last_used_at + kTouchInterval <= now) {
    Duration life_max = user->identity.empty() ? kSessionLifeMax : kSessionLifeMaxElsewhere;
    Time expires = std::min(now + kSessionLife, (*session)->created_at + life_max);
    auto touched = sessions_.touch_session(hash, now, expires);
    if (!touched) log::warning("cannot prolong a session", {{"user", user->username}});
  }
  auto principal = principal_of(*user);
  if (!principal) return fail(principal);
  principal->way = Principal::Way::session;
  return Checked{std::move(*principal), std::min(now + kTouchInterval, (*session)->expires_at)};
}

Duration Authenticator::wait_needed(const std::string& username, const std::string& address) {
  return limiter_.wait_needed(address, username, clock_.now());
}

Result<User> Authenticator::log_in(const std::string& username, const std::string& password,
                                   const std::string& address) {
  Duration wait = wait_needed(username, address);
  if (wait > Duration(0)) {
    return fail(Code::exhausted, "too many failed logins", "try again in " + format_duration(wait));
  }
  if (password.size() > kPasswordBytesMax) return bad_credentials();
  auto user = users_.get_user(username);
  if (!user) return fail(user);
  bool known = *user && (*user)->active;
  auto fits = passwords_.matches(known ? (*user)->password_hash : std::string(), password);
  if (!fits) return fail(fits);
  if (!*fits) {
    limiter_.failed(address, username, clock_.now());
    return bad_credentials();
  }
  limiter_.succeeded(address, username);
  if (auto noted = users_.note_login(username, clock_.now()); !noted)
    log::warning("cannot note a login", {{"user", username}});
  return std::move(**user);
}

std::string Authenticator::sign(const User& user) const {
  Time now = clock_.now();
  return sign_jwt({.subject = user.username,
                   .role = user.role,
                   .password_tag = password_tag(user),
                   .issued_at = now,
                   .expires_at = now + kTokenLife},
                  secret_);
}

Result<std::string> Authenticator::begin_session(const User& user, const std::string& address) {
  std::string secret = random_token(kSecretLength);
  Time now = clock_.now();
  auto added = sessions_.add_session({.secret_hash = sha256_hex(secret),
                                      .username = user.username,
                                      .epoch = user.epoch,
                                      .created_at = now,
                                      .last_used_at = now,
                                      .expires_at = now + kSessionLife,
                                      .address = address});
  if (!added) return fail(added);
  return secret;
}

Status Authenticator::end_session(std::string_view secret) {
  auto removed = sessions_.remove_session(sha256_hex(secret));
  return removed ? Status{} : fail(removed);
}

}  // namespace leoflow::api
