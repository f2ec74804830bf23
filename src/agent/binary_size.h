// SPDX-License-Identifier: Apache-2.0
// Byte counts as the deploy configuration writes them: "64Mi", "5.1Gi", "900".
#pragma once

#include <cstdint>
#include <string>

namespace leoflow {

std::string format_binary_size(uint64_t bytes);

}  // namespace leoflow
