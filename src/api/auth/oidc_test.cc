// SPDX-License-Identifier: Apache-2.0
// Roles from claims, and what happens around an issuer that misbehaves. The whole way with real
// signatures over real HTTP is in test/e2e/test_oidc.py.
#include "api/auth/oidc.h"

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace leoflow::api {
namespace {

const std::string kIssuer = "https://issuer.example/realm";

class FixedClock : public Clock {
 public:
  Time now() const override { return at; }
  Time at = from_micros(1'700'000'000'000'000);
};

class FakeWeb : public WebPort {
 public:
  Result<WebReply> fetch(const WebRequest& request) override {
    asked.push_back(request);
    auto found = replies.find(request.url);
    if (found == replies.end()) return fail(Code::unavailable, "refused");
    return found->second;
  }
  std::map<std::string, WebReply> replies;
  std::vector<WebRequest> asked;
};

class OidcTest : public testing::Test {
 protected:
  OidcTest() {
    crypto_init();
    settings.issuer = kIssuer;
    settings.client_id = "leoflow";
    settings.default_role = Role::viewer;
    facts = {{"issuer", kIssuer},
             {"authorization_endpoint", "https://issuer.example/auth?tenant=1"},
             {"token_endpoint", "https://issuer.example/token"},
             {"jwks_uri", "https://issuer.example/keys"}};
    publish();
  }
  void publish() {
    web.replies[kIssuer + "/.well-known/openid-configuration"] = {200, json::dump(facts)};
  }
  Oidc make() { return Oidc(settings, web, clock, std::string(32, 's')); }
  static std::string parameter(const std::string& url, const std::string& name) {
    size_t at = url.find(name + "=");
    if (at == std::string::npos) return {};
    at += name.size() + 1;
    return url.substr(at, url.find('&', at) - at);
  }

  OidcSettings settings;
  json::object facts;
  FakeWeb web;
  FixedClock clock;
};

TEST_F(OidcTest, LeavesWithAChallengeAndASealedCookie) {
  Oidc oidc = make();
  auto departure = oidc.begin("https://flow/auth/oidc/callback", "/dags");
  ASSERT_TRUE(departure.has_value()) << departure.error().text();
  const std::string& url = departure->url;
  EXPECT_TRUE(url.starts_with("https://issuer.example/auth?tenant=1&response_type=code&")) << url;
  EXPECT_EQ(parameter(url, "redirect_uri"), "https%3A%2F%2Fflow%2Fauth%2Foidc%2Fcallback");
  EXPECT_EQ(parameter(url, "code_challenge_method"), "S256");
  EXPECT_EQ(parameter(url, "code_challenge").size(), 43u);
  EXPECT_EQ(parameter(url, "scope"), "openid%20profile%20email");
  std::string state = parameter(url, "state");
  EXPECT_GE(state.size(), 32u);
  EXPECT_EQ(departure->cookie.find(state), std::string::npos);
  auto second = oidc.begin("https://flow/auth/oidc/callback", "/dags");
  EXPECT_NE(parameter(second->url, "state"), state);
  EXPECT_NE(parameter(second->url, "nonce"), parameter(url, "nonce"));
  EXPECT_EQ(web.asked.size(), 1u) << "the document of the issuer is kept";
}

TEST_F(OidcTest, ASignInIsGoodOnceInItsBrowserForAWhile) {
  Oidc oidc = make();
  auto one = *oidc.begin("https://flow/cb", "/");
  auto other = *oidc.begin("https://flow/cb", "/");
  auto come = [&](const std::string& cookie, const std::string& url, std::string error = "no") {
    auto arrival = oidc.finish({cookie, parameter(url, "state"), "", std::move(error)});
    return arrival ? Code::internal : arrival.error().code();
  };
  EXPECT_EQ(come(other.cookie, one.url), Code::conflict) << "another browser's cookie";
  EXPECT_EQ(come("", one.url), Code::conflict);
  EXPECT_EQ(come("x" + one.cookie, one.url), Code::conflict);
  EXPECT_EQ(come(one.cookie, "state="), Code::conflict);
  EXPECT_EQ(come(one.cookie, one.url), Code::cancelled) << "the issuer said no";
  EXPECT_EQ(come(one.cookie, one.url), Code::conflict) << "used already";
  clock.at += kSignInLife;
  EXPECT_EQ(come(other.cookie, other.url), Code::conflict) << "too late";
  settings.client_id = "another";
  Oidc restarted(settings, web, clock, std::string(32, 't'));
  EXPECT_FALSE(restarted.finish({other.cookie, parameter(other.url, "state"), "c", ""}));
}

TEST_F(OidcTest, AnIssuerThatIsAwayIsNotAskedAgainAtOnce) {
  web.replies.clear();
  Oidc oidc = make();
  EXPECT_EQ(oidc.begin("https://flow/cb", "/").error().code(), Code::unavailable);
  EXPECT_EQ(oidc.begin("https://flow/cb", "/").error().code(), Code::unavailable);
  EXPECT_EQ(web.asked.size(), 1u);
  publish();
  clock.at += kIssuerRetryMin;
  EXPECT_TRUE(oidc.begin("https://flow/cb", "/").has_value());
  web.replies.clear();
  clock.at += kIssuerFactsLife * 2;
  EXPECT_TRUE(oidc.begin("https://flow/cb", "/").has_value()) << "what held before is good enough";
}

TEST_F(OidcTest, RefusesDocumentsThatCannotBeTrusted) {
  auto with = [&](const char* name, const char* value) {
    json::object before = facts;
    facts[name] = value;
    publish();
    facts = before;
    Oidc oidc = make();
    auto departure = oidc.begin("https://flow/cb", "/");
    return departure ? Code::cancelled : departure.error().code();
  };
  EXPECT_EQ(with("issuer", "https://issuer.example/other"), Code::internal);
  EXPECT_EQ(with("token_endpoint", "http://issuer.example/token"), Code::internal);
  EXPECT_EQ(with("jwks_uri", ""), Code::internal);
  EXPECT_EQ(with("authorization_endpoint", "javascript:alert(1)"), Code::internal);
  EXPECT_EQ(with("x", "y"), Code::cancelled);
}

TEST_F(OidcTest, SettingsThatCannotWorkAreRefused) {
  EXPECT_TRUE(check_oidc_settings(settings).has_value());
  auto refused = [](OidcSettings changed) { return !check_oidc_settings(changed).has_value(); };
  OidcSettings changed = settings;
  changed.issuer = "http://issuer.example";
  EXPECT_TRUE(refused(changed));
  changed.issuer = "http://127.0.0.1:9000/realm";
  EXPECT_FALSE(refused(changed));
  changed.client_id = "";
  EXPECT_TRUE(refused(changed));
  changed = settings;
  changed.scopes = "profile openidx";
  EXPECT_TRUE(refused(changed));
  changed = settings;
  changed.default_role.reset();
  EXPECT_TRUE(refused(changed));
}

TEST(OidcNext, IsAPathOfOurs) {
  for (const char* path : {"/", "/dags/a?x=1", "/dags/%2F"}) EXPECT_EQ(Oidc::safe_next(path), path);
  for (const char* path : {"", "dags", "//evil", "/\\evil", "https://evil", "/a b", "/a\nb",
                           "/api/v2/dags", "/auth/logout"})
    EXPECT_EQ(Oidc::safe_next(path), "/") << path;
  EXPECT_EQ(Oidc::safe_next("/" + std::string(kNextBytesMax, 'a')), "/");
}

TEST(OidcRoles, RulesAreRead) {
  auto rule = parse_role_rule("cn=admins,dc=x=Admin");
  ASSERT_TRUE(rule.has_value()) << rule.error().text();
  EXPECT_EQ(rule->value, "cn=admins,dc=x");
  EXPECT_EQ(rule->role, Role::admin);
  rule = parse_grant_rule("etl=User:etl_*");
  EXPECT_EQ(*rule->grant, (Grant{Role::user, "etl_*", ""}));
  rule = parse_grant_rule("cn=etl=Op:tag=nightly");
  EXPECT_EQ(rule->value, "cn=etl");
  EXPECT_EQ(*rule->grant, (Grant{Role::op, "", "nightly"}));
  for (const char* text : {"", "x", "=User", "x=", "x=Boss", "x=User:etl"})
    EXPECT_FALSE(parse_role_rule(text).has_value()) << text;
  for (const char* text : {"x=User", "x=Admin:etl", "x=User:", "x=User:tag=", "x=Boss:etl"})
    EXPECT_FALSE(parse_grant_rule(text).has_value()) << text;
}

TEST(OidcRoles, ClaimsMayBeTextsListsAndNested) {
  json::object claims = json::parse(R"({"one":"a","many":["a",1,"b"],"realm":{"roles":["c"]},
    "https://x.y/roles":["d"]})")
                            ->as_object();
  using Values = std::vector<std::string>;
  EXPECT_EQ(claim_values(claims, "one"), Values{"a"});
  EXPECT_EQ(claim_values(claims, "many"), (Values{"a", "b"}));
  EXPECT_EQ(claim_values(claims, "realm.roles"), Values{"c"});
  EXPECT_EQ(claim_values(claims, "https://x.y/roles"), Values{"d"});
  EXPECT_EQ(claim_values(claims, "realm.other"), Values{});
  EXPECT_EQ(claim_values(claims, "none.at.all"), Values{});
}

TEST(OidcRoles, TheHighestHoldsAndGrantsAddUp) {
  std::vector<RoleRule> rules{*parse_role_rule("v=Viewer"), *parse_role_rule("a=Admin"),
                              *parse_grant_rule("etl=User:etl_*"),
                              *parse_grant_rule("ops=Op:tag=ops")};
  auto rights = [&](std::vector<std::string> values, std::optional<Role> fallback = {}) {
    return rights_by_rules(rules, fallback, values);
  };
  EXPECT_FALSE(rights({"x"}).has_value());
  EXPECT_EQ(rights({"x"}, Role::user), (Rights{Role::user, {}}));
  EXPECT_EQ(rights({"v"}, Role::op), (Rights{Role::viewer, {}}));
  EXPECT_EQ(rights({"etl", "a"}), (Rights{Role::admin, {}}));
  EXPECT_EQ(rights({"etl", "ops"}),
            (Rights{Role::viewer, {{Role::user, "etl_*", ""}, {Role::op, "", "ops"}}}));
  auto both = *rights({"v", "etl"});
  EXPECT_EQ(both.on_dag("etl_1", {}), Role::user);
  EXPECT_EQ(both.on_dag("other", {}), Role::viewer);
}

}  // namespace
}  // namespace leoflow::api
