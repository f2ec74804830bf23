// SPDX-License-Identifier: Apache-2.0
#include "rpc/attempt_token.h"

#include "base/crypto.h"

namespace leoflow {

std::string make_attempt_token(std::string_view key, AttemptId attempt) {
  return base64url(hmac_sha256(key, "leoflow attempt " + std::to_string(attempt.value)));
}

bool attempt_token_matches(std::string_view key, AttemptId attempt, std::string_view token) {
  return equal_constant_time(make_attempt_token(key, attempt), token);
}

}  // namespace leoflow
