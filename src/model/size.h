// SPDX-License-Identifier: Apache-2.0
// Quantities as Kubernetes writes them: "5Gi", "512Mi", "1G", "1.5Gi", "100m", "2e3".
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace leoflow {

// Bytes of a memory or volume size; fractions of a byte round up. `invalid`: not a quantity,
// negative, or more than 2^63 - 1.
Result<uint64_t> parse_bytes(std::string_view text);
// Thousandths of a CPU ("0.5" and "500m" are 500); finer fractions round up. Same errors.
Result<uint64_t> parse_milli_cpu(std::string_view text);

}  // namespace leoflow
