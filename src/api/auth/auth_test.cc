// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>

#include "api/auth/authenticator.h"
#include "base/crypto.h"

namespace leoflow::api {
namespace {

class FixedClock : public Clock {
 public:
  Time now() const override { return at; }
  Time at = from_micros(1'700'000'000'000'000);
};

class FakeUsers : public UserStore {
 public:
  Result<std::vector<User>> list_users() override { return std::vector<User>{}; }
  Result<std::optional<User>> get_user(const std::string& name) override {
    auto found = users.find(name);
    return found == users.end() ? std::optional<User>() : found->second;
  }
  Result<std::optional<User>> get_user_of_identity(const std::string& identity) override {
    for (const auto& [name, user] : users) {
      if (user.identity == identity) return user;
    }
    return std::nullopt;
  }
  Status note_login(const std::string& name, Time at) override {
    users[name].last_login = at;
    return {};
  }
  Result<User> put_user(const User& user) override { return users[user.username] = user; }
  Result<bool> remove_user(const std::string& name) override { return users.erase(name) > 0; }
  Result<std::vector<ApiToken>> list_tokens() override { return std::vector<ApiToken>{}; }
  Result<std::optional<ApiToken>> get_token(int64_t id) override {
    auto found = tokens.find(id);
    return found == tokens.end() ? std::optional<ApiToken>() : found->second;
  }
  Result<ApiToken> add_token(const ApiToken& token) override {
    ApiToken row = token;
    row.id = int64_t(tokens.size()) + 7;
    return tokens[row.id] = row;
  }
  Status touch_token(int64_t id, Time at) override {
    ++touches;
    tokens[id].last_used_at = at;
    return {};
  }
  Result<bool> revoke_token(int64_t id, Time at) override {
    tokens[id].revoked_at = at;
    return true;
  }

  std::map<std::string, User> users;
  std::map<int64_t, ApiToken> tokens;
  int touches = 0;
};

const std::string kSecret(32, 's');

class AuthTest : public testing::Test {
 protected:
  AuthTest() {
    crypto_init();
    users.users["ann"] = {
        .id = 1, .username = "ann", .password_hash = hash_password("pw"), .role = "Op"};
  }
  FakeUsers users;
  FixedClock clock;
  Authenticator auth{users, clock, kSecret};
};

Code code_of(const auto& result) { return result ? Code::internal : result.error().code(); }

TEST_F(AuthTest, LoginGivesATokenThatOpens) {
  auto token = auth.login("ann", "pw", "::1");
  ASSERT_TRUE(token.has_value());
  auto who = auth.check(*token);
  ASSERT_TRUE(who.has_value());
  EXPECT_EQ(who->username, "ann");
  EXPECT_EQ(who->role, "Op");
}

TEST_F(AuthTest, TokensEndWithTimePasswordAndUser) {
  std::string token = *auth.login("ann", "pw", "::1");
  clock.at += kTokenLife + kTokenLeeway + std::chrono::seconds(1);
  EXPECT_EQ(code_of(auth.check(token)), Code::unauthenticated);
  token = *auth.login("ann", "pw", "::1");
  users.users["ann"].password_hash = hash_password("other");
  EXPECT_EQ(code_of(auth.check(token)), Code::unauthenticated);
  token = *auth.login("ann", "other", "::1");
  users.users["ann"].active = false;
  EXPECT_EQ(code_of(auth.check(token)), Code::unauthenticated);
}

TEST_F(AuthTest, ForgedTokensAreRefused) {
  std::string token = *auth.login("ann", "pw", "::1");
  EXPECT_EQ(code_of(auth.check("abc.def.ghi")), Code::denied);
  EXPECT_EQ(code_of(auth.check("")), Code::denied);
  EXPECT_EQ(code_of(auth.check(token + "x")), Code::denied);
  std::string payload = token.substr(token.find('.'));
  std::string none = base64url(R"({"alg":"none"})") + payload;
  EXPECT_EQ(code_of(auth.check(none)), Code::denied);
  Claims claims{.subject = "ann", .issued_at = clock.at, .expires_at = clock.at + kTokenLife};
  EXPECT_EQ(code_of(auth.check(sign_jwt(claims, std::string(32, 'x')))), Code::denied);
}

TEST_F(AuthTest, TokensFromTheFutureAreNotValidYet) {
  Claims claims{.subject = "ann",
                .issued_at = clock.at + std::chrono::hours(1),
                .expires_at = clock.at + kTokenLife};
  EXPECT_EQ(code_of(auth.check(sign_jwt(claims, kSecret))), Code::unauthenticated);
}

TEST_F(AuthTest, FailedLoginsAreLimitedPerAddressAndUser) {
  for (int i = 0; i < kLoginFailuresMax; ++i) {
    EXPECT_EQ(code_of(auth.login("ann", "no", "10.0.0.1")), Code::unauthenticated);
  }
  EXPECT_EQ(code_of(auth.login("ann", "pw", "10.0.0.1")), Code::exhausted);
  EXPECT_TRUE(auth.login("ann", "pw", "10.0.0.2").has_value());
  clock.at += kLoginWindow;
  EXPECT_TRUE(auth.login("ann", "pw", "10.0.0.1").has_value());
}

TEST(LoginLimiter, ForgetsTheOldestBeyondItsBound) {
  LoginLimiter limiter;
  Time now = from_micros(1);
  for (int i = 0; i < kLoginFailuresMax; ++i) limiter.failed("first", "u", now);
  for (size_t i = 0; i < kLoginKeysMax; ++i)
    limiter.failed(std::to_string(i), "u", now + Duration(1));
  EXPECT_EQ(limiter.wait_needed("first", "u", now), Duration(0));
}

TEST_F(AuthTest, ApiTokensOpenUntilRevokedOrExpired) {
  auto made = create_api_token(users, "ci", "ann", clock.at, clock.at + std::chrono::hours(2));
  ASSERT_TRUE(made.has_value());
  EXPECT_TRUE(made->value.starts_with("leoflow_7_"));
  EXPECT_EQ(users.tokens[7].secret_hash.find(made->value.substr(10)), std::string::npos);
  ASSERT_TRUE(auth.check(made->value).has_value());
  EXPECT_EQ(auth.check(made->value)->api_token, 7);
  EXPECT_EQ(users.touches, 1);
  EXPECT_EQ(code_of(auth.check(made->value + "x")), Code::denied);
  EXPECT_EQ(code_of(auth.check("leoflow_9_abc")), Code::denied);
  EXPECT_EQ(code_of(auth.check("leoflow_7")), Code::denied);
  clock.at += std::chrono::hours(2);
  EXPECT_EQ(code_of(auth.check(made->value)), Code::unauthenticated);
  clock.at -= std::chrono::hours(1);
  ASSERT_TRUE(users.revoke_token(7, clock.at).has_value());
  EXPECT_EQ(code_of(auth.check(made->value)), Code::unauthenticated);
}

}  // namespace
}  // namespace leoflow::api
