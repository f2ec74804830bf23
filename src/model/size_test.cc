// SPDX-License-Identifier: Apache-2.0
#include "model/size.h"

#include <gtest/gtest.h>

namespace leoflow {
namespace {

TEST(Size, ReadsBytes) {
  EXPECT_EQ(parse_bytes("0").value(), 0u);
  EXPECT_EQ(parse_bytes("123").value(), 123u);
  EXPECT_EQ(parse_bytes("5Gi").value(), 5'368'709'120u);
  EXPECT_EQ(parse_bytes("512Mi").value(), 536'870'912u);
  EXPECT_EQ(parse_bytes("1G").value(), 1'000'000'000u);
  EXPECT_EQ(parse_bytes("1k").value(), 1000u);
  EXPECT_EQ(parse_bytes("1.5Gi").value(), 1'610'612'736u);
  EXPECT_EQ(parse_bytes("0.1Ki").value(), 103u);  // rounds up
  EXPECT_EQ(parse_bytes("128974848000m").value(), 128'974'848u);
  EXPECT_EQ(parse_bytes("1m").value(), 1u);
  EXPECT_EQ(parse_bytes("129e6").value(), 129'000'000u);
  EXPECT_EQ(parse_bytes("1E+3").value(), 1000u);
  EXPECT_EQ(parse_bytes("2E").value(), 2'000'000'000'000'000'000u);
  EXPECT_EQ(parse_bytes("7Ei").value(), uint64_t(7) << 60);
  EXPECT_EQ(parse_bytes(".5Ki").value(), 512u);
}

TEST(Size, ReadsCpu) {
  EXPECT_EQ(parse_milli_cpu("100m").value(), 100u);
  EXPECT_EQ(parse_milli_cpu("2").value(), 2000u);
  EXPECT_EQ(parse_milli_cpu("0.5").value(), 500u);
  EXPECT_EQ(parse_milli_cpu("0.0001").value(), 1u);  // rounds up
  EXPECT_EQ(parse_milli_cpu("1k").value(), 1'000'000u);
}

TEST(Size, RefusesWhatIsNoQuantity) {
  for (std::string_view bad :
       {"", "Gi", "5 Gi", "5GB", "5gi", "-1", "+1", "1.2.3", "1e", "1e999", "0x10", "5Gi ", ".",
        "NaN", "1K", "9Ei", "1e19", "1234567890123456789012"}) {
    Result<uint64_t> bytes = parse_bytes(bad);
    ASSERT_FALSE(bytes.has_value()) << bad << " = " << *bytes;
    EXPECT_EQ(bytes.error().code(), Code::invalid);
  }
  EXPECT_EQ(parse_milli_cpu("two").error().message(), "not an amount of CPU: 'two'");
}

}  // namespace
}  // namespace leoflow
