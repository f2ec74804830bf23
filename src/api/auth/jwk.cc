// SPDX-License-Identifier: Apache-2.0
#include "api/auth/jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>

#include "base/crypto.h"

namespace leoflow::api {
namespace {

constexpr size_t kCoordinateBytes = 32;  // of P-256

using NumberPtr = std::unique_ptr<BIGNUM, decltype(&BN_free)>;
using BuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)>;
using SharedKey = std::shared_ptr<EVP_PKEY>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

NumberPtr number(std::string_view big_endian) {
  return {BN_bin2bn(bytes_of(big_endian), int(big_endian.size()), nullptr), &BN_free};
}

std::string decoded(const json::object& jwk, std::string_view name) {
  return from_base64url(json::string_or(jwk, name)).value_or("");
}

SharedKey build(const char* type, OSSL_PARAM_BLD* builder) {
  ParamsPtr params(OSSL_PARAM_BLD_to_param(builder), &OSSL_PARAM_free);
  std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr), &EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  bool made = params && context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
              EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) == 1;
  ERR_clear_error();
  return made ? SharedKey(key, &EVP_PKEY_free) : SharedKey();
}

SharedKey rsa_key(const json::object& jwk) {
  NumberPtr modulus = number(decoded(jwk, "n")), exponent = number(decoded(jwk, "e"));
  BuilderPtr builder(OSSL_PARAM_BLD_new(), &OSSL_PARAM_BLD_free);
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  SharedKey key = build("RSA", builder.get());
  return key && EVP_PKEY_get_bits(key.get()) >= kRsaBitsMin ? key : SharedKey();
}

SharedKey ec_key(const json::object& jwk) {
  std::string x = decoded(jwk, "x"), y = decoded(jwk, "y");
  if (json::string_or(jwk, "crv") != "P-256" || x.size() != kCoordinateBytes ||
      y.size() != kCoordinateBytes) {
    return {};
  }
  std::string point = "\x04" + x + y;
  BuilderPtr builder(OSSL_PARAM_BLD_new(), &OSSL_PARAM_BLD_free);
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  return build("EC", builder.get());
}

// Tokens have r and s side by side, OpenSSL wants them in DER.
std::string der_of(std::string_view signature) {
  if (signature.size() != 2 * kCoordinateBytes) return {};
  std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(ECDSA_SIG_new(), &ECDSA_SIG_free);
  NumberPtr r = number(signature.substr(0, kCoordinateBytes));
  NumberPtr s = number(signature.substr(kCoordinateBytes));
  ECDSA_SIG_set0(pair.get(), r.release(), s.release());
  unsigned char* out = nullptr;
  int size = i2d_ECDSA_SIG(pair.get(), &out);
  std::string der(reinterpret_cast<char*>(out), size_t(std::max(size, 0)));
  OPENSSL_free(out);
  return der;
}

std::string_view name_of(SignatureKind kind) {
  return kind == SignatureKind::rs256 ? "RS256" : "ES256";
}

}  // namespace

Result<KeySet::Key> KeySet::read_key(const json::object& jwk) {
  auto left_out = [] { return fail(Code::invalid, "a key of another kind"); };
  std::string type = json::string_or(jwk, "kty");
  if (type != "RSA" && type != "EC") return left_out();
  Key key{.id = json::string_or(jwk, "kid"),
          .kind = type == "RSA" ? SignatureKind::rs256 : SignatureKind::es256,
          .key = type == "RSA" ? rsa_key(jwk) : ec_key(jwk)};
  std::string use = json::string_or(jwk, "use", "sig");
  std::string algorithm = json::string_or(jwk, "alg", name_of(key.kind));
  if (!key.key || use != "sig" || algorithm != name_of(key.kind)) return left_out();
  return key;
}

Result<KeySet> KeySet::parse(std::string_view text) {
  auto parsed = json::parse(text);
  const json::array* list =
      parsed && parsed->is_object() ? json::array_or_null(parsed->get_object(), "keys") : nullptr;
  if (!list) return fail(Code::invalid, "the issuer's keys are no JSON Web Key Set");
  KeySet set;
  for (const json::value& one : *list) {
    if (!one.is_object() || set.keys_.size() == kJwksKeysMax) continue;
    if (auto key = read_key(one.get_object())) set.keys_.push_back(std::move(*key));
  }
  return set;
}

const KeySet::Key* KeySet::find(SignatureKind kind, std::string_view key_id) const {
  const Key* found = nullptr;
  for (const Key& key : keys_) {
    if (key.kind != kind || (!key_id.empty() && key.id != key_id)) continue;
    if (found) return nullptr;  // it is not said which
    found = &key;
  }
  return found;
}

Status KeySet::verify(SignatureKind kind, std::string_view key_id, std::string_view text,
                      std::string_view signature) const {
  const Key* key = find(kind, key_id);
  if (!key) {
    return fail(Code::not_found,
                "the issuer has no " + std::string(name_of(kind)) + " key with the token's id");
  }
  std::string der = kind == SignatureKind::es256 ? der_of(signature) : std::string(signature);
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                  &EVP_MD_CTX_free);
  bool good =
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key->key.get()) == 1 &&
      EVP_DigestVerify(context.get(), bytes_of(der), der.size(), bytes_of(text), text.size()) == 1;
  ERR_clear_error();
  return good ? Status{} : fail(Code::denied, "the token's signature is not the issuer's");
}

}  // namespace leoflow::api
