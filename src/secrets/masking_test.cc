// SPDX-License-Identifier: Apache-2.0
#include "secrets/masking.h"

#include <gtest/gtest.h>

namespace leoflow {
namespace {

TEST(Masking, KnowsSensitiveNames) {
  for (const char* name :
       {"PASSWORD", "db_passwd", "my_api_key", "apikey", "Authorization", "client_secret",
        "access_token", "private_key", "keyfile_dict", "service_account", "passphrase"}) {
    EXPECT_TRUE(looks_sensitive(name)) << name;
  }
  for (const char* name : {"city", "pass", "key", "login", ""})
    EXPECT_FALSE(looks_sensitive(name)) << name;
}

TEST(Masking, ReplacesLongestFirstAndLeavesShortTexts) {
  EXPECT_EQ(mask("pw=secret-long, secret, abc", {"secret", "secret-long", "abc"}),
            "pw=***, ***, abc");
  EXPECT_EQ(mask("nothing here", {}), "nothing here");
  EXPECT_EQ(mask("secretsecret", {"secret"}), "******");
}

TEST(Masking, HidesSensitiveExtras) {
  EXPECT_EQ(mask_extra(R"({"region":"eu","token":"t","deep":[{"password":{"a":1}}]})"),
            R"({"region":"eu","token":"***","deep":[{"password":"***"}]})");
  EXPECT_EQ(mask_extra("not json"), "***");
  EXPECT_EQ(mask_extra(""), "");
}

TEST(Masking, CollectsTheTextsOfSecrets) {
  Connection connection{.conn_id = "c",
                        .password = "p/word",
                        .extra = R"({"token":{"x":"nested"},"region":"eu-west"})"};
  std::vector<std::string> secrets;
  add_secret_texts(connection, secrets);
  EXPECT_EQ(secrets, (std::vector<std::string>{"p/word", "p%2Fword", "nested"}));
  secrets.clear();
  add_secret_texts(Variable{.key = "city", .value = "Turin"}, secrets);
  EXPECT_TRUE(secrets.empty());
  add_secret_texts(Variable{.key = "api_key", .value = "abcdef"}, secrets);
  add_secret_texts(Variable{.key = "plain", .value = R"({"password":"hidden","city":"Turin"})"},
                   secrets);
  EXPECT_EQ(secrets, (std::vector<std::string>{"abcdef", "hidden"}));
}

}  // namespace
}  // namespace leoflow
