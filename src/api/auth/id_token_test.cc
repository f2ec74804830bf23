// SPDX-License-Identifier: Apache-2.0
// Tokens of an issuer: what holds, and everything that does not.
#include "api/auth/id_token.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <functional>

#include "base/crypto.h"

namespace leoflow::api {
namespace {

using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

constexpr int64_t kNow = 1'700'000'000;

std::string number_text(EVP_PKEY* key, const char* name, int bytes) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key, name, &number);
  std::string text(size_t(bytes > 0 ? bytes : BN_num_bytes(number)), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(text.data()), int(text.size()));
  BN_free(number);
  return base64url(text);
}

json::object rsa_jwk(EVP_PKEY* key, const std::string& id) {
  return {{"kty", "RSA"},
          {"kid", id},
          {"use", "sig"},
          {"alg", "RS256"},
          {"n", number_text(key, OSSL_PKEY_PARAM_RSA_N, 0)},
          {"e", number_text(key, OSSL_PKEY_PARAM_RSA_E, 0)}};
}

json::object ec_jwk(EVP_PKEY* key, const std::string& id) {
  return {{"kty", "EC"},
          {"kid", id},
          {"crv", "P-256"},
          {"x", number_text(key, OSSL_PKEY_PARAM_EC_PUB_X, 32)},
          {"y", number_text(key, OSSL_PKEY_PARAM_EC_PUB_Y, 32)}};
}

// r and s side by side instead of DER.
std::string raw_of(const std::string& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &at, long(der.size()));
  std::string raw(64, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + 32, 32);
  ECDSA_SIG_free(pair);
  return raw;
}

std::string signature_of(EVP_PKEY* key, const std::string& text) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key);
  size_t size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  EVP_DigestSign(context, nullptr, &size, bytes, text.size());
  std::string signature(size, '\0');
  EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                 text.size());
  signature.resize(size);
  EVP_MD_CTX_free(context);
  return EVP_PKEY_is_a(key, "EC") ? raw_of(signature) : signature;
}

class IdTokenTest : public testing::Test {
 protected:
  IdTokenTest() : rsa(EVP_RSA_gen(2048), &EVP_PKEY_free), ec(EVP_EC_gen("P-256"), &EVP_PKEY_free) {
    set = *KeySet::parse(json::dump(json::object{
        {"keys", json::array{rsa_jwk(rsa.get(), "r1"), ec_jwk(ec.get(), "e1"), "no key",
                             json::object{{"kty", "oct"}, {"k", "AAAA"}}}}}));
  }

  static json::object claims() {
    return {{"iss", "https://issuer"}, {"aud", "leoflow"}, {"sub", "s-1"},
            {"nonce", "n-1"},          {"iat", kNow - 5},  {"exp", kNow + 300}};
  }
  std::string token(const json::object& payload,
                    json::object header = {{"alg", "RS256"}, {"kid", "r1"}}) {
    EVP_PKEY* key = json::string_or(header, "alg") == "ES256" ? ec.get() : rsa.get();
    std::string text = base64url(json::dump(header)) + "." + base64url(json::dump(payload));
    return text + "." + base64url(signature_of(key, text));
  }
  Result<json::object> check(const std::string& text) {
    return verify_id_token(text, set, {"https://issuer", "leoflow", "n-1"},
                           from_micros(kNow * 1'000'000));
  }
  Code refusal(const std::string& text) {
    auto checked = check(text);
    EXPECT_FALSE(checked.has_value()) << text;
    return checked ? Code::internal : checked.error().code();
  }

  KeyPtr rsa, ec;
  KeySet set;
};

TEST_F(IdTokenTest, TakesWhatTheIssuerSigned) {
  EXPECT_EQ(set.size(), 2u);
  auto checked = check(token(claims()));
  ASSERT_TRUE(checked.has_value()) << checked.error().text();
  EXPECT_EQ(json::string_or(*checked, "sub"), "s-1");
  checked = check(token(claims(), {{"alg", "ES256"}, {"kid", "e1"}}));
  EXPECT_TRUE(checked.has_value()) << checked.error().text();
  EXPECT_TRUE(check(token(claims(), {{"alg", "RS256"}})).has_value()) << "the only RSA key";
}

TEST_F(IdTokenTest, RefusesWhatIsNotForUsNow) {
  using Change = std::function<void(json::object&)>;
  const std::pair<const char*, Change> kWrong[] = {
      {"iss", [](auto& c) { c["iss"] = "https://issuer/"; }},
      {"no iss", [](auto& c) { c.erase("iss"); }},
      {"aud", [](auto& c) { c["aud"] = "other"; }},
      {"aud list", [](auto& c) { c["aud"] = json::array{"other", "others"}; }},
      {"no aud", [](auto& c) { c.erase("aud"); }},
      {"aud without azp", [](auto& c) { c["aud"] = json::array{"leoflow", "other"}; }},
      {"azp", [](auto& c) { c["azp"] = "other"; }},
      {"nonce", [](auto& c) { c["nonce"] = "n-2"; }},
      {"no nonce", [](auto& c) { c.erase("nonce"); }},
      {"no sub", [](auto& c) { c.erase("sub"); }},
      {"long sub", [](auto& c) { c["sub"] = std::string(300, 's'); }},
      {"sub of another type", [](auto& c) { c["sub"] = 7; }},
      {"exp", [](auto& c) { c["exp"] = kNow - 60; }},
      {"no exp", [](auto& c) { c.erase("exp"); }},
      {"exp as text", [](auto& c) { c["exp"] = "2999"; }},
      {"huge exp", [](auto& c) { c["exp"] = 1e300; }},
      {"iat", [](auto& c) { c["iat"] = kNow + 61; }},
      {"no iat", [](auto& c) { c.erase("iat"); }},
      {"nbf", [](auto& c) { c["nbf"] = kNow + 61; }},
  };
  for (const auto& [name, change] : kWrong) {
    json::object changed = claims();
    change(changed);
    EXPECT_EQ(refusal(token(changed)), Code::denied) << name;
  }
}

TEST_F(IdTokenTest, ClocksMayDifferALittle) {
  json::object late = claims(), early = claims(), both = claims();
  late["exp"] = kNow - 59;
  early["iat"] = kNow + 60;
  early["nbf"] = kNow + 60;
  both["aud"] = json::array{"leoflow", "other"};
  both["azp"] = "leoflow";
  for (const json::object& one : {late, early, both}) EXPECT_TRUE(check(token(one)).has_value());
}

TEST_F(IdTokenTest, RefusesWhatTheIssuerDidNotSign) {
  std::string good = token(claims());
  std::string other_claims = token({{"iss", "https://issuer"}});
  auto part = [](const std::string& text, int n) {
    size_t first = text.find('.'), second = text.rfind('.');
    return n == 0   ? text.substr(0, first)
           : n == 1 ? text.substr(first + 1, second - first - 1)
                    : text.substr(second + 1);
  };
  EXPECT_EQ(refusal(part(good, 0) + "." + part(good, 1) + "." + part(other_claims, 2)),
            Code::denied);
  EXPECT_EQ(refusal(part(good, 0) + "." + part(good, 1) + "."), Code::denied);
  std::string none = base64url(R"({"alg":"none"})") + "." + part(good, 1) + ".";
  EXPECT_EQ(refusal(none), Code::denied);
  // The public key as the secret of a MAC.
  std::string mac = base64url(R"({"alg":"HS256","kid":"r1"})") + "." + part(good, 1);
  EXPECT_EQ(refusal(mac + "." + base64url(hmac_sha256("r1", mac))), Code::denied);
  EXPECT_EQ(refusal(token(claims(), {{"alg", "RS256"}, {"kid", "r2"}})), Code::not_found);
  EXPECT_EQ(refusal(token(claims(), {{"alg", "RS256"}, {"kid", "e1"}})), Code::not_found);
  EXPECT_EQ(refusal(token(claims(), {{"alg", "ES256"}, {"kid", "r1"}})), Code::not_found);
  EXPECT_EQ(refusal(token(claims(), {{"alg", "RS256"}, {"crit", json::array{"x"}}})), Code::denied);
  for (std::string text : {"", ".", "..", "a.b", "a.b.c", "....", "\xff.\xff.\xff"})
    EXPECT_EQ(refusal(text), Code::denied) << text;
  EXPECT_EQ(refusal(std::string(kIdTokenBytesMax + 1, 'a')), Code::denied);
}

TEST_F(IdTokenTest, LeavesOutKeysThatAreNotForThis) {
  auto size_with = [&](const char* name, const char* value) {
    json::object jwk = rsa_jwk(rsa.get(), "r");
    jwk[name] = value;
    return KeySet::parse(json::dump(json::object{{"keys", json::array{jwk}}}))->size();
  };
  EXPECT_EQ(size_with("kid", "x"), 1u);
  EXPECT_EQ(size_with("use", "enc"), 0u);
  EXPECT_EQ(size_with("alg", "RS512"), 0u);
  EXPECT_EQ(size_with("n", "AQAB"), 0u);
  EXPECT_EQ(size_with("n", "?"), 0u);
  KeyPtr weak(EVP_RSA_gen(1024), &EVP_PKEY_free);
  json::object document{{"keys", json::array{rsa_jwk(weak.get(), "w")}}};
  EXPECT_EQ(KeySet::parse(json::dump(document))->size(), 0u);
  for (std::string text : {"", "[]", "{}", R"({"keys": 1})"})
    EXPECT_FALSE(KeySet::parse(text).has_value()) << text;
}

}  // namespace
}  // namespace leoflow::api
