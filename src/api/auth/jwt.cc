// SPDX-License-Identifier: Apache-2.0
#include "api/auth/jwt.h"

#include "base/crypto.h"
#include "base/json.h"

namespace leoflow::api {
namespace {

constexpr std::string_view kHeader = R"({"alg":"HS256","typ":"JWT"})";

int64_t seconds(Time time) { return to_micros(time) / 1'000'000; }
Time from_seconds_since_epoch(int64_t seconds) { return from_micros(seconds * 1'000'000); }

std::unexpected<Error> not_ours() { return fail(Code::denied, "Forbidden"); }

Result<json::object> decoded(std::string_view part) {
  auto text = from_base64url(part);
  if (!text) return not_ours();
  auto parsed = json::parse(*text);
  if (!parsed || !parsed->is_object()) return not_ours();
  return std::move(parsed->get_object());
}

}  // namespace

std::string sign_jwt(const Claims& claims, std::string_view secret) {
  json::Writer w;
  w.begin_object().member("sub", claims.subject).member("role", claims.role);
  w.member("pwd", claims.password_tag).member("iss", kTokenIssuer);
  w.member("iat", seconds(claims.issued_at)).member("nbf", seconds(claims.issued_at));
  w.member("exp", seconds(claims.expires_at)).end_object();
  std::string signed_part = base64url(kHeader) + "." + base64url(w.take());
  return signed_part + "." + base64url(hmac_sha256(secret, signed_part));
}

Result<Claims> verify_jwt(std::string_view token, std::string_view secret, Time now) {
  size_t second = token.rfind('.');
  size_t first = token.find('.');
  if (token.size() > kJwtBytesMax || first == std::string_view::npos || first == second)
    return not_ours();
  auto header = decoded(token.substr(0, first));
  if (!header || json::string_or(*header, "alg") != "HS256") return not_ours();
  auto signature = from_base64url(token.substr(second + 1));
  if (!signature ||
      !equal_constant_time(*signature, hmac_sha256(secret, token.substr(0, second)))) {
    return not_ours();
  }
  auto payload = decoded(token.substr(first + 1, second - first - 1));
  if (!payload || json::string_or(*payload, "iss") != kTokenIssuer) return not_ours();
  int64_t expires = json::int_or(*payload, "exp", -1);
  int64_t not_before = json::int_or(*payload, "nbf", INT64_MAX);
  int64_t leeway = std::chrono::duration_cast<std::chrono::seconds>(kTokenLeeway).count();
  if (seconds(now) > expires + leeway) return fail(Code::unauthenticated, "Token Expired");
  // One that is issued later than now was issued before the host's clock was set back.
  bool later = not_before > json::int_or(*payload, "iat", INT64_MAX);
  if (not_before == INT64_MAX || (later && seconds(now) < not_before - leeway)) {
    return fail(Code::unauthenticated, "Token is not valid yet");
  }
  return Claims{.subject = json::string_or(*payload, "sub"),
                .role = json::string_or(*payload, "role"),
                .password_tag = json::string_or(*payload, "pwd"),
                .issued_at = from_seconds_since_epoch(json::int_or(*payload, "iat")),
                .expires_at = from_seconds_since_epoch(expires)};
}

}  // namespace leoflow::api
