// SPDX-License-Identifier: Apache-2.0
// Cryptographic primitives (libsodium behind them). All functions are thread-safe after crypto_init().
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace leoflow {

// Must run before any other function here; idempotent. CHECKs that the library starts.
void crypto_init();

// n random bytes from the kernel.
std::string random_bytes(size_t count);
// A random printable token of count characters [a-zA-Z0-9], for passwords and ids.
std::string random_token(size_t count);

std::string sha256(std::string_view bytes);        // 32 raw bytes
std::string sha256_hex(std::string_view bytes);    // 64 hex digits
// The same of bytes that arrive in parts.
class Sha256 {
 public:
  Sha256();
  void add(std::string_view bytes);
  std::string hex() const;  // of what was added so far

 private:
  // The library's, which stays out of this header.
  alignas(8) std::array<unsigned char, 128> state_;
};
std::string hmac_sha256(std::string_view key, std::string_view message);  // 32 raw bytes; any key length
bool equal_constant_time(std::string_view a, std::string_view b);

std::string hex(std::string_view bytes);
std::string base64url(std::string_view bytes);     // without padding
Result<std::string> from_base64url(std::string_view text);

// XChaCha20-Poly1305: nonce (24) + ciphertext + tag. The same bytes open only with the same key and context.
// Requires: key.size() == 32.
std::string seal(std::string_view key, std::string_view plain, std::string_view context);
// `denied` when key, context or bytes do not fit.
Result<std::string> open_sealed(std::string_view key, std::string_view sealed, std::string_view context);

// Argon2id (libsodium's string form, about 30 ms by design: call from a worker thread).
std::string hash_password(std::string_view password);
bool password_matches(std::string_view hash, std::string_view password);

}  // namespace leoflow
