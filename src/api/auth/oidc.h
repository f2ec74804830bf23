// SPDX-License-Identifier: Apache-2.0
// Signing in at an OpenID Connect issuer: authorization code with PKCE. What is remembered between
// leaving for the issuer and coming back is sealed in a cookie of the browser.
#pragma once

#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/auth/id_token.h"
#include "api/auth/oidc_roles.h"
#include "api/auth/web.h"
#include "async/guarded.h"

namespace leoflow::api {

constexpr Duration kSignInLife = std::chrono::minutes(10);  // from leaving to coming back
constexpr Duration kIssuerFactsLife = std::chrono::hours(1);
constexpr Duration kNewKeysMin = std::chrono::seconds(10);     // between looks for an unknown key
constexpr Duration kIssuerRetryMin = std::chrono::seconds(2);  // after it did not answer
constexpr int kIssuerCallsMax = 3;                // that wait for the issuer at once; more: refused
constexpr size_t kSignInsRememberedMax = 10'000;  // that are over, so that none is used twice
constexpr size_t kNextBytesMax = 2048;

struct OidcSettings {
  std::string issuer;  // URL: https, or http on this machine; empty = no OpenID Connect
  std::string client_id;
  std::string client_secret;  // empty: a public client
  std::string scopes = "openid profile email";
  std::string username_claim = "preferred_username";
  std::string role_claim = "groups";
  std::vector<RoleRule> rules;
  std::optional<Role> default_role;  // of people that no rule is about; nothing: they stay out
  std::string label = "Sign in with single sign-on";  // of the button

  bool enabled() const { return !issuer.empty(); }
};

// `invalid` for settings that cannot work.
Status check_oidc_settings(const OidcSettings& settings);

// Who came back from the issuer.
struct Person {
  std::string identity;  // issuer and subject: the same person for ever
  std::string username;
  Rights rights;
};

// Any thread; begin() and finish() block on the issuer.
class Oidc {
 public:
  // Requires: checked settings; a secret of at least 32 bytes. web and clock outlive this.
  Oidc(OidcSettings settings, WebPort& web, const Clock& clock, std::string_view secret);

  struct Departure {
    std::string url;     // to send the browser to
    std::string cookie;  // to give it along
  };
  // callback: the URL that the issuer sends the browser back to; next: where the person wants to
  // be, a path of ours. `unavailable` when the issuer does not answer, `internal` when it is set up
  // in a way that cannot work.
  Result<Departure> begin(const std::string& callback, const std::string& next);

  struct Return {
    std::string cookie, state, code, error;  // error: what the issuer says instead of a code
  };
  struct Arrival {
    Person person;
    std::string next;
  };
  // `cancelled`: the issuer says no; `conflict`: not the sign-in that this browser began, or begun
  // too long ago, or used already; `denied`: what the issuer said does not hold; `not_found`: the
  // person has no role here; else as begin().
  Result<Arrival> finish(const Return& came);

  const OidcSettings& settings() const { return settings_; }
  // A path of ours that may be gone to after a sign-in; "/" instead of anything else.
  static std::string safe_next(std::string_view next);

 private:
  struct SignIn {
    std::string state, nonce, verifier, callback, next;
    int64_t until = 0;  // microseconds
  };
  struct Facts {
    std::string authorization_url, token_url, keys_url;
    bool basic = true;  // how the client proves itself
  };
  struct Known {
    std::optional<Facts> facts;
    KeySet keys;
    Time facts_at{}, keys_at{}, new_keys_at{}, failed_at{};
  };

  std::string seal_sign_in(const SignIn& sign_in) const;
  Result<SignIn> open_sign_in(const Return& came);
  bool use_up(const SignIn& sign_in);
  Result<std::string> fetch(WebRequest request);
  Result<Facts> facts();
  Result<Facts> read_facts(std::string_view document) const;
  Result<KeySet> keys(const Facts& facts, bool anew);
  Result<std::string> redeem(const Facts& facts, const SignIn& sign_in, const std::string& code);
  Result<json::object> verified(const Facts& facts, std::string_view token,
                                const std::string& nonce);
  Result<Person> person_of(const json::object& claims) const;

  const OidcSettings settings_;
  WebPort& web_;
  const Clock& clock_;
  const std::string key_;
  std::atomic<int> calls_ = 0;
  Guarded<Known> known_;
  Guarded<std::map<std::string, int64_t>> used_;  // states and when they end
};

}  // namespace leoflow::api
