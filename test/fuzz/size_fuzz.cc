// SPDX-License-Identifier: Apache-2.0
// No quantity overflows: what is accepted stays below the documented maximum.
#include <limits>

#include "base/check.h"
#include "model/size.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr uint64_t maximum = std::numeric_limits<int64_t>::max();
  if (auto bytes = leoflow::parse_bytes(text)) CHECK(*bytes <= maximum);
  if (auto milli = leoflow::parse_milli_cpu(text)) CHECK(*milli <= maximum);
  return 0;
}
