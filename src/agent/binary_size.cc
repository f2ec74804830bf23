// SPDX-License-Identifier: Apache-2.0
#include "agent/binary_size.h"

#include <cstdio>

namespace leoflow {

std::string format_binary_size(uint64_t bytes) {
  constexpr const char* kUnits[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi"};
  double value = double(bytes);
  int unit = 0;
  for (; value >= 1024 && unit < 5; ++unit) value /= 1024;
  char text[64];
  bool whole = value == double(int64_t(value));
  std::snprintf(text, sizeof text, whole ? "%.0f%s" : "%.1f%s", value, kUnits[unit]);
  return text;
}

}  // namespace leoflow
