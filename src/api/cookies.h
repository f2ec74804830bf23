// SPDX-License-Identifier: Apache-2.0
// Cookies that we set: never readable by scripts, over https only when the client came by it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "api/http.h"

namespace leoflow::api {

struct Cookie {
  std::string_view name, value;
  std::string_view path = "/";
  std::string_view same_site = "Strict";
  Duration life{};  // zero: the browser forgets it
};

// The value of a Set-Cookie header.
std::string cookie_line(const Request& request, const Cookie& cookie);
// The same for a session's secret; an empty one ends it.
std::string session_cookie(const Request& request, std::string_view secret);

}  // namespace leoflow::api
