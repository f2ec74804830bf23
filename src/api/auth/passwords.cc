// SPDX-License-Identifier: Apache-2.0
#include "api/auth/passwords.h"

#include "base/crypto.h"

namespace leoflow::api {

// A place among those who hash, held while it lives.
struct Passwords::Turn {
  explicit Turn(Passwords& owner) : owner(owner) {
    granted = owner.inside_.fetch_add(1) < kHashesAtOnceMax + kHashesWaitingMax;
    if (granted) owner.turns_.acquire();
  }
  ~Turn() {
    if (granted) owner.turns_.release();
    owner.inside_.fetch_sub(1);
  }
  Turn(const Turn&) = delete;
  std::unexpected<Error> refusal() const {
    return fail(Code::exhausted, "too many logins at once", "try again in a second");
  }

  Passwords& owner;
  bool granted = false;
};

Passwords::Passwords() : nobodys_hash_(hash_password(random_token(16))) {}

Result<std::string> Passwords::hash(const std::string& password) {
  Turn turn(*this);
  if (!turn.granted) return turn.refusal();
  return hash_password(password);
}

Result<bool> Passwords::matches(const std::string& hash, const std::string& password) {
  Turn turn(*this);
  if (!turn.granted) return turn.refusal();
  bool fits = password_matches(hash.empty() ? nobodys_hash_ : hash, password);
  return fits && !hash.empty();
}

}  // namespace leoflow::api
