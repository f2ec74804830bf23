// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace leoflow {

constexpr size_t kHttpUrlBytesMax = 8192;

// An absolute http or https URL taken apart.
struct HttpUrl {
  bool tls = false;
  std::string host;  // without brackets
  uint16_t port = 0;
  std::string target;  // path and query, "/" at least

  // "host", "host:8080", "[::1]:8080": as the Host header shows it.
  std::string authority() const;
};

// `invalid` for other schemes, user names, fragments, spaces and control characters.
Result<HttpUrl> parse_http_url(std::string_view text);

// Everything but unreserved characters as %XX: a path segment or a query value.
std::string url_encode(std::string_view text);

}  // namespace leoflow
