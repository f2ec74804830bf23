// SPDX-License-Identifier: Apache-2.0
// The keys that secrets are sealed with. Owned by main; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "async/published.h"
#include "base/error.h"
#include "base/file.h"

namespace leoflow {

constexpr size_t kRingKeysMax = 32;

// A file with one base64url key per line: the first seals, all of them open. Losing the file means losing the secrets.
class KeyRing {
 public:
  // Reads the ring, or creates it with one fresh key and mode 0600. `denied` when others than its owner may read the
  // file, `invalid` when a line is no key.
  static Result<KeyRing> load_or_create(const fs::path& path);

  // Requires: nobody else uses the other one.
  KeyRing(KeyRing&& other) : KeyRing(std::move(other.path_), *other.keys_.get()) {}

  std::string seal(std::string_view plain, std::string_view context) const;
  // `denied` when no key of the ring fits, or the context is another one.
  Result<std::string> open(std::string_view sealed, std::string_view context) const;

  // Puts a fresh key in front, on disk first. Everything stays readable; Vault::reseal_all moves it to the new key.
  // `exhausted` at kRingKeysMax.
  Status rotate();
  // Forgets all keys but the first. Only after everything was resealed.
  Status drop_old();
  size_t size() const { return keys_.get()->size(); }

 private:
  using Keys = std::vector<std::string>;
  KeyRing(fs::path path, Keys keys) : path_(std::move(path)) { keys_.set(std::move(keys)); }
  Status store(Keys keys);

  fs::path path_;
  Published<Keys> keys_;  // calls that are under way while rotate() swaps it keep theirs
};

}  // namespace leoflow
