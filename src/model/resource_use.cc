// SPDX-License-Identifier: Apache-2.0
#include "model/resource_use.h"

#include <algorithm>

namespace leoflow {

void write_use(json::Writer& out, const ResourceUse& use) {
  if (!use.known()) return;
  out.member("cpu_us", int64_t(use.cpu / std::chrono::microseconds(1)));
  out.member("memory_peak_bytes", use.memory_peak_bytes);
}

ResourceUse read_use(const json::object& from) {
  auto count = [&](std::string_view name) {
    return std::max<int64_t>(0, json::int_or(from, name));
  };
  return {std::chrono::microseconds(count("cpu_us")), count("memory_peak_bytes")};
}

}  // namespace leoflow
