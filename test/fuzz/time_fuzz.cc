// SPDX-License-Identifier: Apache-2.0
// What reads as an instant is printed so that it reads as the same one.
#include "base/check.h"
#include "base/time.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto time = leoflow::parse_time(text, true);
  // An offset may lead out of the years that can be written.
  constexpr leoflow::Time first = std::chrono::sys_days(std::chrono::year(1) / 1 / 1);
  constexpr leoflow::Time last = std::chrono::sys_days(std::chrono::year(10000) / 1 / 1);
  if (!time || *time < first || *time >= last) return 0;
  CHECK(leoflow::parse_time(leoflow::format_time(*time)) == *time);
  CHECK(leoflow::parse_time(leoflow::format_iso(*time)) == *time);
  return 0;
}
