// SPDX-License-Identifier: Apache-2.0
// The value of a Host header. Pure.
#pragma once

#include <string_view>

namespace leoflow::api {

constexpr size_t kHostBytesMax = 255;

// "name", "name:8080", "10.0.0.1", "[::1]:8080": what may stand in a URL between scheme and path.
bool is_host(std::string_view text);

}  // namespace leoflow::api
