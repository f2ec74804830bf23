// SPDX-License-Identifier: Apache-2.0
#include "api/cookies.h"

#include "api/auth/authenticator.h"
#include "api/caller.h"

namespace leoflow::api {

std::string cookie_line(const Request& request, const Cookie& cookie) {
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(cookie.life).count();
  std::string line(cookie.name);
  line.append("=").append(cookie.value).append("; Path=").append(cookie.path);
  line.append("; HttpOnly; SameSite=").append(cookie.same_site);
  line.append("; Max-Age=").append(std::to_string(seconds));
  return request.secure ? line + "; Secure" : line;
}

std::string session_cookie(const Request& request, std::string_view secret) {
  return cookie_line(request, {.name = kSessionCookie,
                               .value = secret,
                               .life = secret.empty() ? Duration(0) : kSessionLifeMax});
}

}  // namespace leoflow::api
