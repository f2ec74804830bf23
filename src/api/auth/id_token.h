// SPDX-License-Identifier: Apache-2.0
// What an OpenID Connect issuer says about who has signed in. Pure.
#pragma once

#include "api/auth/jwk.h"
#include "base/time.h"

namespace leoflow::api {

constexpr size_t kIdTokenBytesMax = 32 * 1024;
constexpr Duration kIssuerLeeway = std::chrono::seconds(60);  // difference of clocks that is taken
constexpr size_t kSubjectBytesMax = 255;

struct IdTokenNeeds {
  std::string issuer, client_id, nonce;
};

// The claims of a token for us, now, in answer to our question. `not_found`: signed by a key that
// is not in the set; `denied`: everything else that is wrong with it, in words for the log.
Result<json::object> verify_id_token(std::string_view token, const KeySet& keys,
                                     const IdTokenNeeds& needs, Time now);

}  // namespace leoflow::api
