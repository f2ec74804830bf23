// SPDX-License-Identifier: Apache-2.0
// Base64 with the alphabet of RFC 4648, section 4; that of URLs is in base/crypto.h. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace leoflow {

std::string base64(std::string_view bytes);  // with padding
// With or without padding; `invalid` for anything else.
Result<std::string> from_base64(std::string_view text);

}  // namespace leoflow
