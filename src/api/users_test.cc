// SPDX-License-Identifier: Apache-2.0
// Sessions, one's own account, users and API tokens.
#include "api/caller.h"
#include "api/fakes_test.h"

namespace leoflow::api {
namespace {

const std::string kOwn = "/api/leoflow/v1";
const std::string kAdminLogin = R"({"username":"admin","password":"adminpw"})";

class UsersTest : public ApiTest {
 protected:
  // What a page of ours sends with the session that a login gave.
  Headers browser(const Response& login) {
    return {{"cookie", "theme=dark; " + cookie(login)},
            {"host", "us:80"},
            {"origin", "http://us:80"},
            {"sec-fetch-site", "same-origin"},
            {"x-leoflow-request", "1"}};
  }
  static std::string cookie(const Response& response) {
    for (const auto& [name, value] : response.headers) {
      if (name == "Set-Cookie") return value.substr(0, value.find(';'));
    }
    return {};
  }
  static Headers without(Headers headers, const std::string& name) {
    std::erase_if(headers, [&](const auto& header) { return header.first == name; });
    return headers;
  }
  Response log_in(const std::string& name, const std::string& password) {
    return raw(Method::post, "/auth/login",
               json::dump(json::object{{"username", name}, {"password", password}}));
  }
  int me(const Headers& headers) { return raw(Method::get, kOwn + "/me", "", headers).status; }
  static Headers bearer(const std::string& token) { return {{"authorization", "Bearer " + token}}; }
  std::string signed_token(const std::string& name, const std::string& password) {
    Response response = raw(Method::post, "/auth/token",
                            json::dump(json::object{{"username", name}, {"password", password}}));
    EXPECT_EQ(response.status, 201);
    return std::string(body(response).at("access_token").as_string());
  }
  void add_bob(const std::string& role = "User") {
    EXPECT_EQ(post(kOwn + "/users",
                   R"({"username":"bob","password":"longenough","role":")" + role + R"("})")
                  .status,
              201);
  }
};

TEST_F(UsersTest, LoginGivesACookieThatScriptsCannotReadAndLogoutEndsIt) {
  Response login = log_in("admin", "adminpw");
  ASSERT_EQ(login.status, 200);
  const std::string& line = login.headers.at(0).second;
  EXPECT_TRUE(line.starts_with("leoflow_session="));
  EXPECT_NE(line.find("; HttpOnly; SameSite=Strict"), std::string::npos);
  EXPECT_EQ(body(login).at("can").at("admin").as_bool(), true);
  Headers headers = browser(login);
  EXPECT_EQ(me(headers), 200);
  Response out = raw(Method::post, "/auth/logout", "{}", headers);
  EXPECT_EQ(out.status, 204);
  EXPECT_NE(out.headers.at(0).second.find("Max-Age=0"), std::string::npos);
  EXPECT_EQ(me(headers), 401) << "the cookie is worth nothing after logout";
  EXPECT_EQ(log_in("admin", "wrong").status, 401);
  EXPECT_EQ(log_in("nobody", "wrong").status, 401);
}

TEST_F(UsersTest, TheAddressesOfAirflowLeadToThePage) {
  auto place = [&](const std::string& target, const Headers& headers = {}) {
    Response response = raw(Method::get, target, "", headers);
    EXPECT_EQ(response.status, 307);
    return response.headers.at(0).second;
  };
  EXPECT_EQ(place("/api/v2/auth/login"), "/");
  EXPECT_EQ(place("/api/v2/auth/login?next=%2Fdags%2Fetl"), "/dags/etl");
  EXPECT_EQ(place("/api/v2/auth/login?next=https%3A%2F%2Fevil"), "/");
  Headers headers = browser(log_in("admin", "adminpw"));
  Headers elsewhere = without(headers, "sec-fetch-site");
  elsewhere.emplace_back("sec-fetch-site", "cross-site");
  EXPECT_EQ(place("/api/v2/auth/logout", elsewhere), "/");
  EXPECT_EQ(me(headers), 200) << "a link of another site ends nothing";
  EXPECT_EQ(place("/api/v2/auth/logout", headers), "/");
  EXPECT_EQ(me(headers), 401);
}

TEST_F(UsersTest, WritesWithACookieMustProveThatOurPageSentThem) {
  Headers good = browser(log_in("admin", "adminpw"));
  auto write = [&](const Headers& headers) {
    return raw(Method::patch, "/api/v2/dags/etl", R"({"is_paused":true})", headers).status;
  };
  EXPECT_EQ(write(good), 200);
  EXPECT_EQ(write(without(good, "x-leoflow-request")), 403);
  EXPECT_EQ(write(without(good, "origin")), 200) << "Sec-Fetch-Site tells it";
  EXPECT_EQ(write(without(good, "sec-fetch-site")), 200) << "Origin tells it";
  EXPECT_EQ(write(without(without(good, "origin"), "sec-fetch-site")), 403);
  for (auto [name, value] : {std::pair{"origin", "http://evil"},
                             {"origin", "null"},
                             {"origin", "http://us:81"},
                             {"sec-fetch-site", "cross-site"},
                             {"sec-fetch-site", "same-site"}}) {
    Headers bad = without(good, name);
    bad.emplace_back(name, value);
    EXPECT_EQ(write(bad), 403) << name << " " << value;
    EXPECT_EQ(raw(Method::get, "/api/v2/dags", "", bad).status, 403) << name << " " << value;
    EXPECT_EQ(
        raw(Method::post, "/auth/login", kAdminLogin, {{name, value}, {"host", "us:80"}}).status,
        403)
        << name << " " << value;
  }
}

TEST_F(UsersTest, ACookieIsNoBearerTokenAndTheOtherWayRound) {
  Response login = log_in("admin", "adminpw");
  std::string secret = cookie(login).substr(kSessionCookie.size() + 1);
  EXPECT_EQ(me(bearer(secret)), 403);
  EXPECT_EQ(me({{"cookie", "leoflow_session=" + admin_token}}), 401);
  EXPECT_EQ(me({{"cookie", "leoflow_session="}}), 401);
}

TEST_F(UsersTest, MeTellsWhatOneMayDo) {
  add_bob();
  json::value me =
      body(raw(Method::get, kOwn + "/me", "", bearer(signed_token("bob", "longenough"))));
  EXPECT_EQ(json::dump(me),
            R"({"username":"bob","role":"User","can":{"read":true,"trigger":true,)"
            R"("edit_xcoms":false,"operate":false,"admin":false,"change_password":true},)"
            R"("grants":[]})");
}

TEST_F(UsersTest, GuessingIsSlowedDownAndSaysForHowLong) {
  for (int i = 0; i < kLoginFailuresFree; ++i) EXPECT_EQ(log_in("admin", "no").status, 401);
  Response refused = log_in("admin", "adminpw");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers.at(0), (std::pair<std::string, std::string>{"Retry-After", "1"}));
  EXPECT_EQ(get("/api/v2/dags").status, 200) << "API tokens are not concerned";
  clock.at += kLoginWaitFirst;
  EXPECT_EQ(log_in("admin", "adminpw").status, 200);
}

TEST_F(UsersTest, AdministratorsManageUsers) {
  add_bob();
  EXPECT_EQ(post(kOwn + "/users", R"({"username":"bob","password":"longenough"})").status, 409);
  EXPECT_EQ(post(kOwn + "/users", R"({"username":"x","password":"short"})").status, 422);
  Response changed =
      patch(kOwn + "/users/bob", R"({"role":"Viewer","grants":[{"role":"User","dags":"etl*"}]})");
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(json::dump(body(changed).at("grants")), R"([{"role":"User","dags":"etl*"}])");
  EXPECT_EQ(patch(kOwn + "/users/bob", R"({"grants":[{"role":"User"}]})").status, 400);
  EXPECT_EQ(patch(kOwn + "/users/bob", R"({"role":"Admin"})").status, 400) << "with grants";
  EXPECT_EQ(patch(kOwn + "/users/none", R"({"active":false})").status, 404);
  log_in("bob", "longenough");
  json::value users = body(get(kOwn + "/users"));
  EXPECT_EQ(users.at("total_entries").as_int64(), 2);
  EXPECT_TRUE(users.at("users").at(1).at("last_login").is_string());
  EXPECT_EQ(json::dump(users).find("argon2"), std::string::npos);
  EXPECT_EQ(call(Method::del, kOwn + "/users/bob").status, 204);
  EXPECT_EQ(get(kOwn + "/users/bob").status, 404);
}

TEST_F(UsersTest, TheLastAdministratorStays) {
  for (auto change : {R"({"role":"Op"})", R"({"active":false})"}) {
    Response response = patch(kOwn + "/users/admin", change);
    EXPECT_EQ(response.status, 409) << change;
    EXPECT_NE(response.body.find("last administrator"), std::string::npos);
  }
  EXPECT_EQ(call(Method::del, kOwn + "/users/admin").status, 409);
  add_bob("Admin");
  Headers bob = bearer(signed_token("bob", "longenough"));
  EXPECT_EQ(raw(Method::del, kOwn + "/users/admin", "", bob).status, 204);
  EXPECT_EQ(get("/api/v2/dags").status, 403) << "the tokens of a deleted user are gone";
}

TEST_F(UsersTest, DeactivationEndsEverythingAtOnceAndForGood) {
  add_bob();
  Headers session = browser(log_in("bob", "longenough"));
  Headers jwt = bearer(signed_token("bob", "longenough"));
  EXPECT_EQ(me(session), 200);
  EXPECT_EQ(me(jwt), 200);
  EXPECT_EQ(patch(kOwn + "/users/bob", R"({"active":false})").status, 200);
  EXPECT_EQ(me(session), 401);
  EXPECT_EQ(me(jwt), 401);
  EXPECT_EQ(log_in("bob", "longenough").status, 401);
  EXPECT_EQ(patch(kOwn + "/users/bob", R"({"active":true})").status, 200);
  EXPECT_EQ(me(session), 401);
  EXPECT_EQ(me(jwt), 401);
  EXPECT_EQ(log_in("bob", "longenough").status, 200);
}

TEST_F(UsersTest, ANewPasswordEndsSessionsAndSignedTokens) {
  add_bob();
  Headers session = browser(log_in("bob", "longenough"));
  Headers jwt = bearer(signed_token("bob", "longenough"));
  EXPECT_EQ(call(Method::put, kOwn + "/users/bob/password", R"({"password":"evenlonger"})").status,
            204);
  EXPECT_EQ(me(session), 401);
  EXPECT_EQ(me(jwt), 401);
  EXPECT_EQ(log_in("bob", "evenlonger").status, 200);
}

TEST_F(UsersTest, UsersChangeTheirOwnPasswordAndStaySignedIn) {
  add_bob("Viewer");
  Headers session = browser(log_in("bob", "longenough"));
  Headers elsewhere = browser(log_in("bob", "longenough"));
  const std::string target = kOwn + "/me/password";
  EXPECT_EQ(
      raw(Method::put, target, R"({"current_password":"wrong","password":"evenlonger"})", session)
          .status,
      403);
  Response changed = raw(Method::put, target,
                         R"({"current_password":"longenough","password":"evenlonger"})", session);
  EXPECT_EQ(changed.status, 204);
  EXPECT_EQ(me(session), 401);
  EXPECT_EQ(me(elsewhere), 401);
  EXPECT_EQ(me(browser(changed)), 200);
}

TEST_F(UsersTest, RolesAndGrantsCountAtOnce) {
  add_bob();
  Headers jwt = bearer(signed_token("bob", "longenough"));
  EXPECT_EQ(raw(Method::get, "/api/v2/dags/etl", "", jwt).status, 200);
  patch(kOwn + "/users/bob", R"({"grants":[{"role":"User","dags":"nothing"}]})");
  EXPECT_EQ(raw(Method::get, "/api/v2/dags/etl", "", jwt).status, 404);
  patch(kOwn + "/users/bob", R"({"role":"Op","grants":[]})");
  EXPECT_EQ(raw(Method::get, "/api/v2/connections", "", jwt).status, 200);
}

TEST_F(UsersTest, ApiTokensAreShownOnceAndRevokedAtOnce) {
  Response made =
      post(kOwn + "/tokens", R"({"name":"ci","scope":"run","expires_at":"2024-12-01T00:00:00Z"})");
  ASSERT_EQ(made.status, 201);
  EXPECT_EQ(body(made).at("scope").as_string(), "run");
  std::string value(body(made).at("token").as_string());
  EXPECT_EQ(me(bearer(value)), 200);
  EXPECT_EQ(get(kOwn + "/tokens").body.find(value), std::string::npos);
  std::string id = std::to_string(body(made).at("id").as_int64());
  EXPECT_EQ(call(Method::del, kOwn + "/tokens/" + id).status, 204);
  EXPECT_EQ(me(bearer(value)), 401);
  EXPECT_EQ(post(kOwn + "/tokens", R"({"name":"x","expires_at":"2020-01-01T00:00:00Z"})").status,
            400);
  EXPECT_EQ(post(kOwn + "/tokens", R"({"name":"x","scope":"everything"})").status, 422);
}

TEST_F(UsersTest, OthersTokensAreForAdministrators) {
  add_bob();
  Headers bob = bearer(signed_token("bob", "longenough"));
  EXPECT_EQ(body(raw(Method::get, kOwn + "/tokens", "", bob)).at("total_entries").as_int64(), 0);
  EXPECT_EQ(raw(Method::del, kOwn + "/tokens/1", "", bob).status, 404);
  Response made = raw(Method::post, kOwn + "/tokens", R"({"name":"mine"})", bob);
  std::string id = std::to_string(body(made).at("id").as_int64());
  EXPECT_EQ(call(Method::del, kOwn + "/tokens/" + id).status, 204);
}

}  // namespace
}  // namespace leoflow::api
