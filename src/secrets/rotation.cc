// SPDX-License-Identifier: Apache-2.0
#include "secrets/rotation.h"

#include "secrets/installation_secrets.h"
#include "secrets/vault.h"

namespace leoflow {
namespace {

// Everything under the first key, then no other key is needed.
Result<int64_t> move_to_first_key(SecretStore& secrets, SettingStore& settings, KeyRing& keys) {
  auto stored = Vault(secrets, keys, {}).reseal_all();
  if (!stored) return fail(stored);
  auto own = reseal_installation_secrets(settings, keys);
  if (!own) return fail(own);
  if (auto dropped = keys.drop_old(); !dropped) return fail(dropped);
  return *stored + *own;
}

}  // namespace

Result<int64_t> rotate_key(SecretStore& secrets, SettingStore& settings, KeyRing& keys) {
  if (keys.size() > 1) {
    if (auto finished = move_to_first_key(secrets, settings, keys); !finished)
      return fail(finished);
  }
  if (auto rotated = keys.rotate(); !rotated) return fail(rotated);
  return move_to_first_key(secrets, settings, keys);
}

}  // namespace leoflow
