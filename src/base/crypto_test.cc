// SPDX-License-Identifier: Apache-2.0
#include "base/crypto.h"

#include <gtest/gtest.h>

#include <cctype>

namespace leoflow {
namespace {

class Crypto : public testing::Test {
 protected:
  void SetUp() override { crypto_init(); }
};

TEST_F(Crypto, Sha256KnownVectors) {  // FIPS 180-2
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abc").size(), 32u);
}

TEST_F(Crypto, HmacKnownVectors) {  // RFC 4231, cases 1, 2 and 6 (a key longer than a block)
  EXPECT_EQ(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(hmac_sha256(std::string(131, '\xaa'),
                            "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_F(Crypto, Base64UrlBothWays) {
  EXPECT_EQ(base64url(""), "");
  EXPECT_EQ(base64url("f"), "Zg");
  EXPECT_EQ(base64url("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64url("\xfb\xff"), "-_8");
  for (size_t length = 0; length < 70; ++length) {
    std::string bytes = random_bytes(length);
    EXPECT_EQ(from_base64url(base64url(bytes)).value(), bytes);
  }
  EXPECT_EQ(from_base64url("Zg==").error().code(), Code::invalid);
  EXPECT_EQ(from_base64url("a").error().code(), Code::invalid);
  EXPECT_EQ(from_base64url("ab+/").error().code(), Code::invalid);
}

TEST_F(Crypto, HexIsLowerCase) { EXPECT_EQ(hex(std::string_view("\x00\xAF", 2)), "00af"); }

TEST_F(Crypto, SealedBytesOpenOnlyWithKeyAndContext) {
  std::string key(32, 'k');
  std::string sealed = seal(key, "secret", "connection/a");
  EXPECT_EQ(open_sealed(key, sealed, "connection/a").value(), "secret");
  EXPECT_EQ(sealed.size(), 24u + 6u + 16u);
  EXPECT_EQ(open_sealed(key, sealed, "connection/b").error().code(), Code::denied);
  EXPECT_EQ(open_sealed(std::string(32, 'x'), sealed, "connection/a").error().code(), Code::denied);
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = char(changed[i] ^ 1);
    EXPECT_FALSE(open_sealed(key, changed, "connection/a").has_value()) << "byte " << i;
  }
  EXPECT_FALSE(open_sealed(key, sealed.substr(0, 39), "connection/a").has_value());
  EXPECT_NE(seal(key, "secret", ""), seal(key, "secret", ""));
  EXPECT_EQ(open_sealed(key, seal(key, "", ""), "").value(), "");
}

TEST_F(Crypto, PasswordsMatchTheirHashOnly) {
  std::string hash = hash_password("correct horse");
  EXPECT_EQ(hash.rfind("$argon2id$", 0), 0u);
  EXPECT_TRUE(password_matches(hash, "correct horse"));
  EXPECT_FALSE(password_matches(hash, "correct horsf"));
  EXPECT_FALSE(password_matches("", "correct horse"));
  EXPECT_FALSE(password_matches("not a hash", "correct horse"));
  EXPECT_FALSE(password_matches(std::string(500, 'x'), "correct horse"));
}

TEST_F(Crypto, TokensArePrintableAndDiffer) {
  std::string token = random_token(200);
  EXPECT_EQ(token.size(), 200u);
  for (char c : token) EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c))) << c;
  EXPECT_NE(random_token(20), random_token(20));
  EXPECT_NE(random_bytes(16), random_bytes(16));
}

TEST_F(Crypto, ComparesInConstantTime) {
  EXPECT_TRUE(equal_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_constant_time("abc", "ab"));
  EXPECT_TRUE(equal_constant_time("", ""));
}

}  // namespace
}  // namespace leoflow
