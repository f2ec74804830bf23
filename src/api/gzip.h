// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace leoflow::api {

constexpr size_t kGzipBytesMin = 1024;  // shorter bodies are sent as they are

// Whether an Accept-Encoding header takes gzip.
bool accepts_gzip(std::string_view accept_encoding);
// Compressed bytes; empty when the library fails (the caller sends the plain text).
std::string gzip(std::string_view text);

}  // namespace leoflow::api
