// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace leoflow {
namespace {

// RFC 4648, section 10, and the two letters that URLs have otherwise.
TEST(Base64, IsThatOfTheRfc) {
  crypto_init();
  for (auto [bytes, text] : {std::pair<const char*, const char*>{"", ""},
                             {"f", "Zg=="},
                             {"fo", "Zm8="},
                             {"foobar", "Zm9vYmFy"},
                             {"\xfb\xff", "+/8="}}) {
    EXPECT_EQ(base64(bytes), text);
    EXPECT_EQ(from_base64(text).value(), bytes);
  }
  EXPECT_EQ(from_base64("Zg").value(), "f");
  for (const char* bad : {"Z=g", "Zg==\n", "%"})
    EXPECT_EQ(from_base64(bad).error().code(), Code::invalid) << bad;
}

}  // namespace
}  // namespace leoflow
