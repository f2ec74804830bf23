// SPDX-License-Identifier: Apache-2.0
// Random values that an installation makes for itself, sealed among its settings.
#pragma once

#include <string>

#include "secrets/key_ring.h"
#include "store/admin_store.h"

namespace leoflow {

enum class InstallationSecret {
  attempt_token_key,  // agents' tokens
  jwt_secret,         // people's tokens
};

// Made on first use, the same ever after.
Result<std::string> installation_secret(SettingStore& settings, const KeyRing& keys,
                                        InstallationSecret which);

// Seals those that exist with the ring's first key; how many there are.
Result<int64_t> reseal_installation_secrets(SettingStore& settings, const KeyRing& keys);

}  // namespace leoflow
