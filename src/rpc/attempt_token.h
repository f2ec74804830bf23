// SPDX-License-Identifier: Apache-2.0
// Attempt tokens: an HMAC over the attempt id with a key of the installation. They carry no expiry:
// whether the attempt is still open is asked at each use.
#pragma once

#include <string>
#include <string_view>

#include "model/ids.h"

namespace leoflow {

std::string make_attempt_token(std::string_view key, AttemptId attempt);
bool attempt_token_matches(std::string_view key, AttemptId attempt, std::string_view token);

}  // namespace leoflow
