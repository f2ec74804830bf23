// SPDX-License-Identifier: Apache-2.0
// Who is calling: passwords to sessions and signed tokens; sessions, signed tokens and API tokens
// to users. Any thread; blocks on the store.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "api/auth/jwt.h"
#include "api/auth/login_limiter.h"
#include "api/auth/passwords.h"
#include "api/auth/rights.h"
#include "async/guarded.h"
#include "base/error.h"
#include "store/store.h"

namespace leoflow::api {

constexpr Duration kTokenLife = std::chrono::hours(1);     // of a signed token
constexpr Duration kSessionLife = std::chrono::hours(12);  // of a session that nobody uses
constexpr Duration kSessionLifeMax = std::chrono::days(30);
// Who signs in elsewhere must do so again now and then: they may have left.
constexpr Duration kSessionLifeMaxElsewhere = std::chrono::hours(12);
constexpr Duration kTouchInterval = std::chrono::minutes(1);  // last use is written this often
constexpr std::string_view kApiTokenPrefix = "leoflow_";
constexpr size_t kCredentialsKnownMax = 4096;  // whose users need not be looked up; beyond: none

struct Principal {
  enum class Way { signed_token, api_token, session };

  std::string username;
  std::string role;       // name of rights.role
  int64_t api_token = 0;  // id of the API token used, if one was
  Way way = Way::signed_token;
  TokenScope scope = TokenScope::full;  // of the API token
  Rights rights;
};

// A new API token and its value, which is shown once and not stored.
struct NewToken {
  ApiToken token;
  std::string value;  // leoflow_<id>_<secret>
};
// Adds a token: the name, username, scope and times of `wanted`. Errors: those of the store.
Result<NewToken> create_api_token(UserStore& users, ApiToken wanted);
// The same with full scope.
Result<NewToken> create_api_token(UserStore& users, const std::string& name,
                                  const std::string& username, Time now,
                                  std::optional<Time> expires_at);

class Authenticator {
 public:
  // Requires: secret has at least 32 bytes; stores and clock outlive this.
  Authenticator(UserStore& users, SessionStore& sessions, const Clock& clock, std::string secret);

  // The user behind a bearer token. `unauthenticated`: expired, revoked, its user is gone;
  // `denied`: not a token.
  Result<Principal> check(std::string_view token);
  // The user behind a session's cookie; using it prolongs it. `unauthenticated` when it has ended.
  Result<Principal> check_session(std::string_view secret);

  // The user of a name and password. `unauthenticated` when they do not fit, `exhausted` after too
  // many failures from one address (wait_needed says how long) and when too many log in at once.
  Result<User> log_in(const std::string& username, const std::string& password,
                      const std::string& address);
  Duration wait_needed(const std::string& username, const std::string& address);
  std::string sign(const User& user) const;
  // Notes the login and gives the cookie's secret.
  Result<std::string> begin_session(const User& user, const std::string& address);
  Status end_session(std::string_view secret);

  Passwords& passwords() { return passwords_; }
  // What a user may do. `internal` when the row cannot be read.
  static Result<Rights> rights_of(const User& user);
  // An opaque tag over text with this installation's secret, for tokens that only we hand out and
  // read back.
  std::string tag(std::string_view text) const;

 private:
  // Who a credential belongs to, as long as nothing changes in the store.
  struct Checked {
    Principal principal;
    Time until{};  // then it is looked up again
  };
  // What was found since the store's last change; by hashes of credentials.
  struct Known {
    uint64_t changes = 0;
    std::map<std::string, Checked> by_hash;
  };

  template <typename Check>
  Result<Principal> known_or(std::string_view credential, Check check);
  Result<Checked> check_signed(std::string_view token);
  Result<Checked> check_api_token(std::string_view token);
  Result<Checked> look_up_session(std::string_view secret);
  Result<User> active_user(const std::string& username);

  UserStore& users_;
  SessionStore& sessions_;
  const Clock& clock_;
  const std::string secret_;
  Passwords passwords_;
  LoginLimiter limiter_;
  Guarded<Known> known_;
};

}  // namespace leoflow::api
