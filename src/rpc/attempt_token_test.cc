// SPDX-License-Identifier: Apache-2.0
#include "rpc/attempt_token.h"

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace leoflow {
namespace {

TEST(AttemptToken, OpensOneAttemptOfOneInstallation) {
  crypto_init();
  std::string token = make_attempt_token("key", AttemptId{7});
  EXPECT_TRUE(attempt_token_matches("key", AttemptId{7}, token));
  EXPECT_FALSE(attempt_token_matches("key", AttemptId{8}, token));
  EXPECT_FALSE(attempt_token_matches("other", AttemptId{7}, token));
  EXPECT_FALSE(attempt_token_matches("key", AttemptId{7}, ""));
  EXPECT_FALSE(attempt_token_matches("key", AttemptId{7}, token + "x"));
}

}  // namespace
}  // namespace leoflow
