// SPDX-License-Identifier: Apache-2.0
// Who is calling: passwords to signed tokens, signed tokens and API tokens to users. Any thread;
// blocks on the store.
#pragma once

#include <mutex>
#include <string>

#include "api/auth/jwt.h"
#include "api/auth/login_limiter.h"
#include "base/error.h"
#include "store/store.h"

namespace leoflow::api {

constexpr Duration kTokenLife = std::chrono::hours(24);  // of a signed token
constexpr Duration kTokenTouchInterval =
    std::chrono::minutes(1);  // last_used_at is written at most this often
constexpr size_t kPasswordBytesMax = 1024;
constexpr std::string_view kApiTokenPrefix = "leoflow_";

struct Principal {
  std::string username;
  std::string role;
  int64_t api_token = 0;  // id of the API token used; 0 for signed tokens
};

// A new API token and its value, which is shown once and not stored.
struct NewToken {
  ApiToken token;
  std::string value;  // leoflow_<id>_<secret>
};
// Adds a token of a user. Errors: those of the store.
Result<NewToken> create_api_token(UserStore& users, const std::string& name,
                                  const std::string& username, Time now,
                                  std::optional<Time> expires_at);

class Authenticator {
 public:
  // Requires: secret has at least 32 bytes; users and clock outlive this.
  Authenticator(UserStore& users, const Clock& clock, std::string secret);

  // The user behind a bearer token. `unauthenticated`: expired, revoked, its user is gone;
  // `denied`: not a token.
  Result<Principal> check(std::string_view token);
  // A signed token for a user name and password. `unauthenticated` when they do not fit,
  // `exhausted` after too many failures from one address (the hint says how long to wait).
  Result<std::string> login(const std::string& username, const std::string& password,
                            const std::string& address);
  // An opaque tag over text with this installation's secret, for tokens that only we hand out and
  // read back.
  std::string tag(std::string_view text) const;

 private:
  Result<Principal> check_signed(std::string_view token);
  Result<Principal> check_api_token(std::string_view token);
  Result<User> active_user(const std::string& username);

  UserStore& users_;
  const Clock& clock_;
  const std::string secret_;
  const std::string unknown_hash_;  // of no password: checked for unknown users, so that answers
                                    // take equally long
  LoginLimiter limiter_;
};

}  // namespace leoflow::api
