// SPDX-License-Identifier: Apache-2.0
// Public keys of an issuer (a JSON Web Key Set) and signatures by them: RS256 and ES256, by
// OpenSSL. Pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

struct evp_pkey_st;

namespace leoflow::api {

constexpr size_t kJwksKeysMax = 64;  // of a set; more are not read
constexpr int kRsaBitsMin = 2048;    // weaker keys are not taken

enum class SignatureKind { rs256, es256 };

class KeySet {
 public:
  KeySet() = default;
  // Reads {"keys": [...]}. Keys for other uses, of other kinds or too weak are left out. `invalid`
  // for what is no set.
  static Result<KeySet> parse(std::string_view text);

  // Whether the signature over text is by the key with this id; without an id, by the only key of
  // the kind. `not_found`: there is no such key (it may be newer than the set); `denied`: it is not
  // its signature.
  Status verify(SignatureKind kind, std::string_view key_id, std::string_view text,
                std::string_view signature) const;
  size_t size() const { return keys_.size(); }

 private:
  struct Key {
    std::string id;
    SignatureKind kind;
    std::shared_ptr<evp_pkey_st> key;  // shared: immutable, copied with the set
  };
  static Result<Key> read_key(const json::object& jwk);
  const Key* find(SignatureKind kind, std::string_view key_id) const;

  std::vector<Key> keys_;
};

}  // namespace leoflow::api
