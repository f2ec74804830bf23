// SPDX-License-Identifier: Apache-2.0
// SHA-1, only to spread retries the way Airflow does. Not for security: see base/crypto.h for that.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace leoflow {

using Sha1Digest = std::array<uint8_t, 20>;

Sha1Digest sha1(std::string_view data);

}  // namespace leoflow
