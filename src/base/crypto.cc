// SPDX-License-Identifier: Apache-2.0
#include "base/crypto.h"

// Its SHA-256 uses the instructions that processors have for it, five times as fast as libsodium's;
// the interface that allocates nothing is called old.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <sodium.h>

#include "base/check.h"

namespace leoflow {
namespace {

constexpr std::string_view kTokenAlphabet =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr size_t kKeyBytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* in(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* out(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

}  // namespace

void crypto_init() { CHECK(sodium_init() >= 0); }

std::string random_bytes(size_t count) {
  std::string bytes(count, '\0');
  randombytes_buf(bytes.data(), count);
  return bytes;
}

std::string random_token(size_t count) {
  std::string token(count, '\0');
  for (char& c : token) c = kTokenAlphabet[randombytes_uniform(uint32_t(kTokenAlphabet.size()))];
  return token;
}

std::string sha256(std::string_view bytes) {
  // SHA256() would look up the algorithm by its name, with locks, each time.
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, bytes.data(), bytes.size());
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256_Final(out(digest), &state);
  return digest;
}

std::string sha256_hex(std::string_view bytes) { return hex(sha256(bytes)); }

static_assert(sizeof(SHA256_CTX) <= sizeof(Sha256));

Sha256::Sha256() { SHA256_Init(reinterpret_cast<SHA256_CTX*>(&state_)); }

void Sha256::add(std::string_view bytes) {
  SHA256_Update(reinterpret_cast<SHA256_CTX*>(&state_), in(bytes), bytes.size());
}

std::string Sha256::hex() const {
  auto copy = state_;
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256_Final(out(digest), reinterpret_cast<SHA256_CTX*>(&copy));
  return leoflow::hex(digest);
}

std::string hmac_sha256(std::string_view key, std::string_view message) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, in(key), key.size());
  crypto_auth_hmacsha256_update(&state, in(message), message.size());
  std::string code(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_final(&state, out(code));
  sodium_memzero(&state, sizeof state);
  return code;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (char c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string base64url(std::string_view bytes) {
  constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string text(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), in(bytes), bytes.size(), variant);
  text.pop_back();  // the terminating zero
  return text;
}

Result<std::string> from_base64url(std::string_view text) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  size_t length = 0;
  const char* end = nullptr;
  int code = sodium_base642bin(out(bytes), bytes.size(), text.data(), text.size(), nullptr, &length,
                               &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  if (code != 0 || end != text.data() + text.size())
    return fail(Code::invalid, "not base64url text");
  bytes.resize(length);
  return bytes;
}

std::string seal(std::string_view key, std::string_view plain, std::string_view context) {
  CHECK(key.size() == kKeyBytes);
  std::string nonce = random_bytes(kNonceBytes);
  std::string sealed = nonce;
  sealed.resize(kNonceBytes + plain.size() + kTagBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(out(sealed) + kNonceBytes, nullptr, in(plain),
                                             plain.size(), in(context), context.size(), nullptr,
                                             in(nonce), in(key));
  return sealed;
}

Result<std::string> open_sealed(std::string_view key, std::string_view sealed,
                                std::string_view context) {
  CHECK(key.size() == kKeyBytes);
  auto refuse = [] { return fail(Code::denied, "sealed bytes do not fit this key and context"); };
  if (sealed.size() < kNonceBytes + kTagBytes) return refuse();
  std::string plain(sealed.size() - kNonceBytes - kTagBytes, '\0');
  std::string_view box = sealed.substr(kNonceBytes);
  int code =
      crypto_aead_xchacha20poly1305_ietf_decrypt(out(plain), nullptr, nullptr, in(box), box.size(),
                                                 in(context), context.size(), in(sealed), in(key));
  if (code != 0) return refuse();
  return plain;
}

// OWASP's recommendation for Argon2id: 19 MiB, two passes. A login costs the server some 30 ms.
constexpr unsigned long long kPasswordPasses = 2;
constexpr size_t kPasswordMemoryBytes = size_t(19) << 20;

std::string hash_password(std::string_view password) {
  char hash[crypto_pwhash_STRBYTES];
  // Fails only when the memory is not to be had.
  CHECK(crypto_pwhash_str(hash, password.data(), password.size(), kPasswordPasses,
                          kPasswordMemoryBytes) == 0);
  return hash;
}

bool password_matches(std::string_view hash, std::string_view password) {
  // The library reads a fixed-size, zero-terminated field.
  std::array<char, crypto_pwhash_STRBYTES> field{};
  if (hash.size() >= field.size() || hash.find('\0') != hash.npos) return false;
  hash.copy(field.data(), hash.size());
  return crypto_pwhash_str_verify(field.data(), password.data(), password.size()) == 0;
}

}  // namespace leoflow
