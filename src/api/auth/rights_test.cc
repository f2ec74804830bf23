// SPDX-License-Identifier: Apache-2.0
#include "api/auth/rights.h"

#include <gtest/gtest.h>

namespace leoflow::api {
namespace {

TEST(Glob, MatchesWholeTexts) {
  EXPECT_TRUE(glob_matches("etl_*", "etl_"));
  EXPECT_TRUE(glob_matches("etl_*", "etl_daily"));
  EXPECT_TRUE(glob_matches("*_d?y*", "etl_day_x"));
  EXPECT_TRUE(glob_matches("*a*b", "xaxbab"));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_FALSE(glob_matches("etl", "etl2"));
  EXPECT_FALSE(glob_matches("etl_*", "my_etl_x"));
  EXPECT_FALSE(glob_matches("?", ""));
  EXPECT_FALSE(glob_matches("", "a"));
}

TEST(Glob, ManyStarsCostNoMoreThanPatternTimesText) {
  std::string pattern, text(20'000, 'a');
  for (int i = 0; i < 100; ++i) pattern += "*a";
  EXPECT_FALSE(glob_matches(pattern + "b", text));
}

TEST(Grants, AreReadAndWritten) {
  auto grants = parse_grants(R"([{"role":"user","dags":"etl_*"},{"role":"Viewer","tag":"x"}])");
  ASSERT_TRUE(grants.has_value());
  EXPECT_EQ(dump_grants(*grants),
            R"([{"role":"User","dags":"etl_*"},{"role":"Viewer","tag":"x"}])");
  for (auto broken : {"", "{}", "[1]", R"([{"role":"User"}])", R"([{"dags":"x"}])",
                      R"([{"role":"User","dags":"x","tag":"y"}])",
                      R"([{"role":"Admin","dags":"x"}])", R"([{"role":"King","dags":"x"}])"}) {
    EXPECT_FALSE(parse_grants(broken).has_value()) << broken;
  }
}

TEST(Rights, WithoutGrantsTheRoleHoldsEverywhere) {
  Rights rights{Role::op, {}};
  EXPECT_EQ(rights.on_dag("any", {}), Role::op);
  EXPECT_EQ(rights.on_any_dag(), Role::op);
}

TEST(Rights, TheHighestGrantOfADagHolds) {
  Rights rights{Role::viewer,
                {{Role::viewer, "*_daily", ""}, {Role::user, "etl_*", ""}, {Role::op, "", "mine"}}};
  EXPECT_EQ(rights.on_dag("x_daily", {}), Role::viewer);
  EXPECT_EQ(rights.on_dag("etl_daily", {"other"}), Role::user);
  EXPECT_EQ(rights.on_dag("etl_daily", {"mine"}), Role::op);
  EXPECT_EQ(rights.on_dag("foreign", {"other"}), Role::none);
  EXPECT_EQ(rights.on_any_dag(), Role::op);
  EXPECT_TRUE(rights.by_tag());
}

TEST(Rights, ATokenNeverHasMoreThanItsScope) {
  Rights rights{Role::op, {{Role::op, "etl_*", ""}, {Role::viewer, "*", ""}}};
  Rights read = rights.capped(role_of_scope(TokenScope::read));
  EXPECT_EQ(read.role, Role::viewer);
  EXPECT_EQ(read.on_dag("etl_x", {}), Role::viewer);
  Rights viewer{Role::viewer, {}};
  EXPECT_EQ(viewer.capped(role_of_scope(TokenScope::full)).role, Role::viewer);
}

TEST(Rights, ATokenToDeployDoesNothingElse) {
  Rights deploy = Rights{Role::op, {}}.within(TokenScope::deploy);
  EXPECT_TRUE(deploy.deploys);
  EXPECT_EQ(deploy.role, Role::viewer);
  EXPECT_FALSE((Rights{Role::user, {}}.within(TokenScope::deploy).deploys));
  EXPECT_FALSE((Rights{Role::admin, {}}.within(TokenScope::full).deploys));
}

TEST(Rights, AnAdministratorsGrantsDoNotCountEvenWhenTheRoleIsLowered) {
  Rights admin{Role::admin, {{Role::viewer, "etl_*", ""}}};
  EXPECT_EQ(admin.on_dag("foreign", {}), Role::admin);
  EXPECT_EQ(admin.capped(Role::user).on_dag("foreign", {}), Role::user);
}

}  // namespace
}  // namespace leoflow::api
