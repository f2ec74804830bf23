// SPDX-License-Identifier: Apache-2.0
// A new key for everything that is sealed.
#pragma once

#include "secrets/key_ring.h"
#include "store/admin_store.h"

namespace leoflow {

// Puts a fresh key into the ring, seals connections, variables and the installation's own secrets
// with it and drops all other keys; the number of things sealed. The old keys stay until every
// write is durable, so after a failure or crash at any point everything can still be opened and the
// call can be repeated: it finishes the earlier one first. `denied` when something stored cannot be
// opened: nothing is dropped then. Requires: nobody else writes secrets meanwhile.
Result<int64_t> rotate_key(SecretStore& secrets, SettingStore& settings, KeyRing& keys);

}  // namespace leoflow
