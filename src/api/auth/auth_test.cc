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
    ++lookups;
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
  std::optional<uint64_t> changes() const override { return changed; }

  int touches = 0, lookups = 0;
  std::optional<uint64_t> changed;
};

class FakeSessions : public SessionStore {
 public:
  Status add_session(const BrowserSession& session) override {
    sessions[session.secret_hash] = session;
    return {};
  }
  Result<std::optional<BrowserSession>> get_session(const std::string& hash) override {
    auto found = sessions.find(hash);
    return found == sessions.end() ? std::optional<BrowserSession>() : found->second;
  }
  Status touch_session(const std::string& hash, Time used_at, Time expires_at) override {
    sessions[hash].last_used_at = used_at;
    sessions[hash].expires_at = expires_at;
    return {};
  }
  Result<bool> remove_session(const std::string& hash) override { return sessions.erase(hash) > 0; }
  Status remove_sessions_of(const std::string&) override {
    sessions.clear();
    return {};
  }

  std::map<std::string, BrowserSession> sessions;
};

const std::string kSecret(32, 's');

class AuthTest : public testing::Test {
 protected:
  AuthTest() {
    crypto_init();
    users.users["ann"] = {
        .id = 1, .username = "ann", .password_hash = hash_password("pw"), .role = "Op"};
  }
  // A signed token for a user name and password.
  Result<std::string> login(const std::string& name, const std::string& password,
                            const std::string& address) {
    auto user = auth.log_in(name, password, address);
    if (!user) return fail(user);
    return auth.sign(*user);
  }

  FakeUsers users;
  FakeSessions sessions;
  FixedClock clock;
  Authenticator auth{users, sessions, clock, kSecret};
};

Code code_of(const auto& result) { return result ? Code::internal : result.error().code(); }

TEST_F(AuthTest, LoginGivesATokenThatOpens) {
  auto token = login("ann", "pw", "::1");
  ASSERT_TRUE(token.has_value());
  auto who = auth.check(*token);
  ASSERT_TRUE(who.has_value());
  EXPECT_EQ(who->username, "ann");
  EXPECT_EQ(who->role, "Op");
}

TEST_F(AuthTest, TokensEndWithTimePasswordAndUser) {
  std::string token = *login("ann", "pw", "::1");
  clock.at += kTokenLife + kTokenLeeway + std::chrono::seconds(1);
  EXPECT_EQ(code_of(auth.check(token)), Code::unauthenticated);
  token = *login("ann", "pw", "::1");
  users.users["ann"].password_hash = hash_password("other");
  EXPECT_EQ(code_of(auth.check(token)), Code::unauthenticated);
  token = *login("ann", "other", "::1");
  users.users["ann"].active = false;
  EXPECT_EQ(code_of(auth.check(token)), Code::unauthenticated);
}

TEST_F(AuthTest, ForgedTokensAreRefused) {
  std::string token = *login("ann", "pw", "::1");
  EXPECT_EQ(code_of(auth.check("abc.def.ghi")), Code::denied);
  EXPECT_EQ(code_of(auth.check("")), Code::denied);
  EXPECT_EQ(code_of(auth.check(token + "x")), Code::denied);
  std::string payload = token.substr(token.find('.'));
  std::string none = base64url(R"({"alg":"none"})") + payload;
  EXPECT_EQ(code_of(auth.check(none)), Code::denied);
  Claims claims{.subject = "ann", .issued_at = clock.at, .expires_at = clock.at + kTokenLife};
  EXPECT_EQ(code_of(auth.check(sign_jwt(claims, std::string(32, 'x')))), Code::denied);
}

TEST_F(AuthTest, TokensOutliveAClockThatIsSetBack) {
  std::string token = *login("ann", "pw", "::1");
  clock.at -= std::chrono::hours(1);
  EXPECT_TRUE(auth.check(token));
}

TEST_F(AuthTest, ReactivatingAUserDoesNotBringTokensBack) {
  std::string token = *login("ann", "pw", "::1");
  std::string session = *auth.begin_session(users.users["ann"], "::1");
  ++users.users["ann"].epoch;
  EXPECT_EQ(code_of(auth.check(token)), Code::unauthenticated);
  EXPECT_EQ(code_of(auth.check_session(session)), Code::unauthenticated);
}

TEST_F(AuthTest, FailedLoginsWaitLongerEachTimeButNeverForLong) {
  for (int i = 0; i < kLoginFailuresFree; ++i) {
    EXPECT_EQ(code_of(login("ann", "no", "10.0.0.1")), Code::unauthenticated);
  }
  EXPECT_EQ(code_of(login("ann", "pw", "10.0.0.1")), Code::exhausted);
  EXPECT_EQ(auth.wait_needed("ann", "10.0.0.1"), kLoginWaitFirst);
  EXPECT_TRUE(login("ann", "pw", "10.0.0.2").has_value());
  for (int i = 0; i < 20; ++i) {
    clock.at += auth.wait_needed("ann", "10.0.0.1");
    EXPECT_EQ(code_of(login("ann", "no", "10.0.0.1")), Code::unauthenticated);
  }
  EXPECT_EQ(auth.wait_needed("ann", "10.0.0.1"), kLoginWaitMax);
  clock.at += kLoginWaitMax;
  EXPECT_TRUE(login("ann", "pw", "10.0.0.1").has_value());
  EXPECT_EQ(auth.wait_needed("ann", "10.0.0.1"), Duration(0));
}

TEST_F(AuthTest, UnknownUsersAndUsersWithoutAPasswordDoNotGetIn) {
  users.users["sso"] = {.username = "sso", .identity = "https://issuer 1"};
  for (auto name : {"nobody", "sso"}) {
    for (auto password : {"", "pw"}) {
      EXPECT_EQ(code_of(login(name, password, "::2")), Code::unauthenticated) << name;
    }
    clock.at += kLoginWaitMax;
  }
}

TEST(LoginLimiter, ForgetsTheOldestBeyondItsBound) {
  LoginLimiter limiter;
  Time now = from_micros(1);
  for (int i = 0; i < kLoginFailuresFree; ++i) limiter.failed("first", "u", now);
  EXPECT_EQ(limiter.wait_needed("first", "u", now), kLoginWaitFirst);
  for (size_t i = 0; i < kLoginKeysMax; ++i)
    limiter.failed(std::to_string(i), "u", now + Duration(1));
  EXPECT_EQ(limiter.wait_needed("first", "u", now), Duration(0));
}

TEST_F(AuthTest, SessionsSlideAndEnd) {
  std::string secret = *auth.begin_session(users.users["ann"], "::1");
  EXPECT_EQ(sessions.sessions.count(secret), 0u) << "only a hash is kept";
  auto who = auth.check_session(secret);
  ASSERT_TRUE(who.has_value());
  EXPECT_EQ(who->way, Principal::Way::session);
  clock.at += kSessionLife - std::chrono::seconds(1);
  EXPECT_TRUE(auth.check_session(secret).has_value());
  clock.at += kSessionLife - std::chrono::seconds(1);
  EXPECT_TRUE(auth.check_session(secret).has_value()) << "using it prolonged it";
  clock.at += kSessionLife;
  EXPECT_EQ(code_of(auth.check_session(secret)), Code::unauthenticated);
  EXPECT_EQ(code_of(auth.check_session("made up")), Code::unauthenticated);
  EXPECT_EQ(code_of(auth.check_session("")), Code::unauthenticated);
}

TEST_F(AuthTest, SessionsEndAfterTheirLongestLifeHoweverMuchTheyAreUsed) {
  std::string secret = *auth.begin_session(users.users["ann"], "::1");
  Time begun = clock.at;
  while (clock.at + kSessionLife / 2 < begun + kSessionLifeMax) {
    clock.at += kSessionLife / 2;
    ASSERT_TRUE(auth.check_session(secret).has_value());
  }
  clock.at = begun + kSessionLifeMax;
  EXPECT_EQ(code_of(auth.check_session(secret)), Code::unauthenticated);
}

TEST_F(AuthTest, SessionsEndWithLogoutAndWithTheirUser) {
  std::string secret = *auth.begin_session(users.users["ann"], "::1");
  std::string other = *auth.begin_session(users.users["ann"], "::1");
  ASSERT_TRUE(auth.end_session(secret).has_value());
  EXPECT_EQ(code_of(auth.check_session(secret)), Code::unauthenticated);
  users.users["ann"].active = false;
  EXPECT_EQ(code_of(auth.check_session(other)), Code::unauthenticated);
}

TEST_F(AuthTest, ApiTokensAreNarrowedByTheirScope) {
  auto made = create_api_token(users, {.name = "r", .username = "ann", .scope = "run"});
  ASSERT_TRUE(made.has_value());
  auto who = auth.check(made->value);
  ASSERT_TRUE(who.has_value());
  EXPECT_EQ(who->role, "User");
  EXPECT_EQ(who->scope, TokenScope::run);
  users.users["ann"].role = "Viewer";
  EXPECT_EQ(auth.check(made->value)->role, "Viewer") << "never more than the owner's role";
}

TEST_F(AuthTest, UnreadableGrantsOpenNothing) {
  std::string token = *login("ann", "pw", "::1");
  users.users["ann"].grants = "broken";
  EXPECT_FALSE(auth.check(token).has_value());
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

TEST_F(AuthTest, WhatIsKnownOfATokenHoldsUntilSomethingChanges) {
  users.changed = 1;
  auto made = create_api_token(users, "t", "ann", clock.at, clock.at + std::chrono::minutes(5));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(auth.check(made->value).has_value());
  EXPECT_EQ(users.lookups, 1);
  EXPECT_EQ(code_of(auth.check(made->value + "x")), Code::denied);
  EXPECT_EQ(code_of(auth.check_session(made->value)), Code::unauthenticated);
  users.tokens[made->token.id].revoked_at = clock.at;
  ++*users.changed;
  EXPECT_EQ(code_of(auth.check(made->value)), Code::unauthenticated);
  EXPECT_EQ(code_of(auth.check(made->value)), Code::unauthenticated);
}

TEST_F(AuthTest, WhatIsKnownOfATokenEndsWithItAndItsUseIsNoted) {
  users.changed = 1;
  auto made = create_api_token(users, "t", "ann", clock.at, clock.at + std::chrono::seconds(90));
  EXPECT_TRUE(auth.check(made->value).has_value());
  clock.at += kTouchInterval;
  EXPECT_TRUE(auth.check(made->value).has_value());
  EXPECT_EQ(users.touches, 2);
  clock.at += std::chrono::seconds(30);
  EXPECT_EQ(code_of(auth.check(made->value)), Code::unauthenticated);
}

TEST_F(AuthTest, WithoutWordOfChangesEverythingIsLookedUp) {
  auto made = create_api_token(users, "t", "ann", clock.at, std::nullopt);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(auth.check(made->value).has_value());
  EXPECT_EQ(users.lookups, 3);
}

}  // namespace
}  // namespace leoflow::api
