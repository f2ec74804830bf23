// SPDX-License-Identifier: Apache-2.0
// How people sign in elsewhere, from the options of the command line and the variables
// LEOFLOW_OIDC_*.
#pragma once

#include "api/auth/oidc.h"
#include "cli/local_commands.h"

namespace leoflow {

constexpr size_t kClientSecretBytesMax = 4096;

// An option outweighs its variable. Disabled when no issuer is named. `invalid` for settings that
// cannot work, or that say something of an issuer and name none.
Result<api::OidcSettings> oidc_settings(const cli::OidcOptions& options);

}  // namespace leoflow
